//! Conditions are checked against the type of the elements before any element is looked at.

use std::num::IntErrorKind;

use regex::{Regex, RegexBuilder};

use super::expression::{Operator, Written};
use super::schema::Schema;

/// A regular expression may not grow beyond this.
const REGEX_MAX_BYTES: usize = 1 << 20;

/// A condition that fits its type.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) steps: Vec<Step>,
    pub(super) operator: Operator,
    pub(super) value: Value,
}

/// One step from an element towards the value that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field; when the client's shape leaves it out, it has its zero value.
    Field(String),
    /// A key of a map; it may be missing.
    Key(String),
    /// Each item of a list.
    Each,
}

/// What the value is compared with.
#[derive(Debug)]
pub(super) enum Value {
    Nothing,
    Text(String),
    Int(i64),
    Bool(bool),
    Pattern(Regex),
}

impl Condition {
    pub(super) fn check(written: Written, schema: &'static Schema) -> Result<Self, String> {
        let Written { selector, operator, value } = written;
        let (steps, leaf) = resolve(&selector, schema)?;
        let shown = selector.join(".");
        if !leaf.allows(operator) {
            return Err(format!("Invalid match operator {:?} for selector {shown:?}", operator.as_str()));
        }
        let value = coerce(value, operator, leaf).map_err(|reason| match reason {
            Reason::Value(text) => text,
            Reason::Coercion(value, text) => {
                format!("Failed to coerce value {value:?} for selector {shown:?}: {text}")
            }
        })?;
        Ok(Self { steps, operator, value })
    }
}

/// Walks the selector down the type; an unknown name is reported with the way to it.
fn resolve(selector: &[String], schema: &'static Schema) -> Result<(Vec<Step>, &'static Schema), String> {
    let mut steps = Vec::with_capacity(selector.len());
    let mut here = schema;
    for (position, name) in selector.iter().enumerate() {
        while let Schema::List(item) = here {
            steps.push(Step::Each);
            here = item;
        }
        let inner = match here {
            Schema::Fields(fields) => {
                steps.push(Step::Field(name.clone()));
                fields.iter().find(|(field, _)| field == name).map(|(_, inner)| inner)
            }
            Schema::Map(inner) => {
                steps.push(Step::Key(name.clone()));
                Some(*inner)
            }
            Schema::Text | Schema::Int | Schema::Bool | Schema::List(_) => None,
        };
        here = inner.ok_or_else(|| format!("Selector {:?} is not valid", selector[..=position].join(".")))?;
    }
    Ok((steps, here))
}

enum Reason {
    Value(String),
    Coercion(String, String),
}

fn coerce(text: String, operator: Operator, leaf: &Schema) -> Result<Value, Reason> {
    match operator {
        Operator::IsEmpty | Operator::IsNotEmpty => Ok(Value::Nothing),
        Operator::In | Operator::NotIn => Ok(Value::Text(text)),
        Operator::Matches | Operator::NotMatches => {
            let built = RegexBuilder::new(&text).size_limit(REGEX_MAX_BYTES).build();
            built.map(Value::Pattern).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                Reason::Value(format!("Failed to compile regular expression {text:?}: {reason}"))
            })
        }
        Operator::Equal | Operator::NotEqual => match leaf {
            Schema::Int => match text.parse() {
                Ok(number) => Ok(Value::Int(number)),
                Err(error) => Err(Reason::Coercion(text.clone(), int_error(&text, &error))),
            },
            Schema::Bool => match crate::query::go_bool(&text) {
                Some(value) => Ok(Value::Bool(value)),
                None => {
                    let reason = format!("strconv.ParseBool: parsing {text:?}: invalid syntax");
                    Err(Reason::Coercion(text, reason))
                }
            },
            Schema::Text | Schema::List(_) | Schema::Map(_) | Schema::Fields(_) => Ok(Value::Text(text)),
        },
    }
}

fn int_error(text: &str, error: &std::num::ParseIntError) -> String {
    let too_big = matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
    let reason = if too_big { "value out of range" } else { "invalid syntax" };
    format!("strconv.ParseInt: parsing {text:?}: {reason}")
}
