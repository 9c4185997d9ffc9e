//! What could not be made as asked, and why. Notices are shown to people; nothing branches on them.

use std::fmt;

/// One thing that was left out, or done otherwise than asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Notice {
    /// What it is about: `public listener`, `upstream api`, `endpoint 10.0.0.1:80 of api`.
    pub about: String,
    /// Why, and what holds instead.
    pub reason: String,
}

impl Notice {
    /// A notice.
    #[must_use]
    pub fn new(about: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { about: about.into(), reason: reason.into() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.reason)
    }
}
