//! Where in a document a value stands.

use std::cell::RefCell;
use std::fmt;

use serde_json::Value;

/// The way from the root, as a list that lives on the stack.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

/// One step of a path that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Item(usize),
}

/// A path, and where unknown keys below it are noted.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: Path<'a>,
    pub(super) unknown: &'a RefCell<Vec<String>>,
}

impl Place<'_> {
    pub(super) fn field<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place { path: Path::Field(&self.path, name), unknown: self.unknown }
    }

    pub(super) fn item(&self, position: usize) -> Place<'_> {
        Place { path: Path::Item(&self.path, position), unknown: self.unknown }
    }

    /// The way from the root, kept.
    pub(super) fn steps(&self) -> Vec<Step> {
        let (mut steps, mut path) = (Vec::new(), &self.path);
        loop {
            let (parent, step) = match path {
                Path::Root => break,
                Path::Field(parent, name) => (parent, Step::Field((*name).to_owned())),
                Path::Item(parent, position) => (parent, Step::Item(*position)),
            };
            steps.push(step);
            path = parent;
        }
        steps.reverse();
        steps
    }

    /// Notes that nothing is known by this key.
    pub(super) fn note_unknown(&self, key: &str) {
        self.unknown.borrow_mut().push(Path::Field(&self.path, key).to_string());
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, position) => write!(f, "{parent}[{position}]"),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// Sets a field to null, which stands for no value. Whether there was one to be cleared.
pub(super) fn clear(document: &mut Value, steps: &[Step]) -> bool {
    let mut value = document;
    for step in steps {
        value = match (value, step) {
            (Value::Object(fields), Step::Field(name)) => match fields.get_mut(name) {
                Some(inner) => inner,
                None => return false,
            },
            (Value::Array(items), Step::Item(position)) => match items.get_mut(*position) {
                Some(inner) => inner,
                None => return false,
            },
            // A block stands for a list of one, and a list of one for a block.
            (block @ Value::Object(_), Step::Item(0)) => block,
            (Value::Array(items), Step::Field(name)) => {
                match items.first_mut().and_then(|first| first.as_object_mut()?.get_mut(name)) {
                    Some(inner) => inner,
                    None => return false,
                }
            }
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_), _) => return false,
        };
    }
    let is_field = matches!(steps.last(), Some(Step::Field(_)));
    let cleared = is_field && !value.is_null();
    if cleared {
        *value = Value::Null;
    }
    cleared
}
