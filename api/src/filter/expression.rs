//! The tree of a filter, over conditions as written or as checked.

/// A boolean combination of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression<C> {
    /// `or`
    Any(Vec<Expression<C>>),
    /// `and`
    All(Vec<Expression<C>>),
    Not(Box<Expression<C>>),
    Condition(C),
}

impl<C> Expression<C> {
    pub(crate) fn holds(&self, decide: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(decide)),
            Self::All(parts) => parts.iter().all(|part| part.holds(decide)),
            Self::Not(inner) => !inner.holds(decide),
            Self::Condition(condition) => decide(condition),
        }
    }

    pub(crate) fn try_map<D, E>(self, map: &impl Fn(C) -> Result<D, E>) -> Result<Expression<D>, E> {
        let all = |parts: Vec<Self>| parts.into_iter().map(|part| part.try_map(map)).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Self::Any(parts) => Expression::Any(all(parts)?),
            Self::All(parts) => Expression::All(all(parts)?),
            Self::Not(inner) => Expression::Not(Box::new(inner.try_map(map)?)),
            Self::Condition(condition) => Expression::Condition(map(condition)?),
        })
    }
}

/// A condition as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The names of the selector, from the element inwards.
    pub(crate) selector: Vec<String>,
    pub(crate) operator: Operator,
    /// Empty for operators without one.
    pub(crate) value: String,
}

/// What a condition asks; `contains` is [`Operator::In`] with its sides swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    IsEmpty,
    IsNotEmpty,
    Matches,
    NotMatches,
}

impl Operator {
    /// The name in error texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::NotEqual => "Not Equal",
            Self::In => "In",
            Self::NotIn => "Not In",
            Self::IsEmpty => "Is Empty",
            Self::IsNotEmpty => "Is Not Empty",
            Self::Matches => "Matches",
            Self::NotMatches => "Not Matches",
        }
    }

    /// Whether the operator holds for what is not there.
    pub(crate) const fn holds_for_nothing(self) -> bool {
        matches!(self, Self::NotEqual | Self::NotIn | Self::IsEmpty | Self::NotMatches)
    }
}
