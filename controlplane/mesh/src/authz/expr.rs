//! Conditions on a request, in the terms that every proxy knows.

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// Holds for every request, or for none.
    Always(bool),
    /// All of them hold; none at all holds.
    All(Vec<Expr>),
    /// One of them holds; none at all does not.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// The path without its query.
    Path(Text),
    /// Some line of the header; without one it does not hold.
    Header {
        name: String,
        text: Text,
    },
    /// There is a line of the header.
    HeaderPresent(String),
}

/// A condition on a text, byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub form: Form,
    pub value: String,
    /// ASCII letters only; never with a regular expression.
    pub ignore_case: bool,
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Exact,
    Prefix,
    Suffix,
    Contains,
    /// A regular expression for the whole text, in RE2's syntax.
    Regex,
}

impl Text {
    pub(super) fn regex(pattern: impl Into<String>) -> Self {
        Self { form: Form::Regex, value: pattern.into(), ignore_case: false }
    }

    pub(super) fn of(form: Form, value: &str) -> Self {
        Self { form, value: value.to_owned(), ignore_case: false }
    }
}

impl Expr {
    pub(super) fn not(self) -> Self {
        match self {
            Self::Always(holds) => Self::Always(!holds),
            Self::Not(inner) => *inner,
            other @ (Self::All(_) | Self::Any(_) | Self::Path(_) | Self::Header { .. } | Self::HeaderPresent(_)) => {
                Self::Not(Box::new(other))
            }
        }
    }

    /// All of them, as simple as it can be said.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        let mut parts: Vec<_> = parts.into_iter().filter(|part| *part != Self::Always(true)).collect();
        if parts.contains(&Self::Always(false)) {
            return Self::Always(false);
        }
        match parts.len() {
            0 => Self::Always(true),
            1 => parts.remove(0),
            _ => Self::All(parts),
        }
    }

    /// One of them, as simple as it can be said.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        let mut parts: Vec<_> = parts.into_iter().filter(|part| *part != Self::Always(false)).collect();
        if parts.contains(&Self::Always(true)) {
            return Self::Always(true);
        }
        match parts.len() {
            0 => Self::Always(false),
            1 => parts.remove(0),
            _ => Self::Any(parts),
        }
    }
}
