//! The `filter` parameter: Consul's boolean expressions over the elements of a list.
//!
//! ```text
//! text --syntax--> Expression --check against a Schema--> Filter --keep(row)--> bool
//! ```
//!
//! Rows are JSON values of the shape that the client sees. They are only built when there is a filter.

mod check;
mod evaluate;
mod expression;
mod schema;
mod syntax;

use serde_json::Value;

use check::Condition;
use expression::Expression;

pub(crate) use schema::{
    CATALOG_ROW, CHECK, HEALTH_ROW, IDENTITY, INTENTION, MEMBER, NODE, NODE_DUMP, SERVICE, Schema, entry,
};

/// A filter that fits the type of the elements.
#[derive(Debug)]
pub(crate) struct Filter(Expression<Condition>);

impl Filter {
    /// Reads a filter for elements of this type.
    ///
    /// # Errors
    /// Consul's text: where the syntax is wrong, or which selector, operator or value does not fit.
    pub(crate) fn parse(text: &str, schema: &'static Schema) -> Result<Self, String> {
        let checked =
            syntax::parse(text).and_then(|expression| expression.try_map(&|found| Condition::check(found, schema)));
        checked.map(Self).map_err(|error| format!("Failed to create boolean expression evaluator: {error}"))
    }

    /// Whether the element belongs to the answer.
    pub(crate) fn keep(&self, row: &Value) -> bool {
        self.0.holds(&|condition| condition.holds(row))
    }
}

/// Leaves the elements that the filter keeps; `row` shows an element as the client sees it.
pub(crate) fn retain<T>(filter: Option<&Filter>, elements: &mut Vec<T>, row: impl Fn(&T) -> serde_json::Result<Value>) {
    if let Some(filter) = filter {
        elements.retain(|element| row(element).is_ok_and(|row| filter.keep(&row)));
    }
}
