//! Where in a document a value stands.

use std::cell::RefCell;
use std::fmt;

/// The way from the root, as a list that lives on the stack.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
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
