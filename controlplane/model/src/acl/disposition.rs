//! What a rule says, and what a request wants.

use serde::{Deserialize, Serialize};

/// What a rule says of a resource. Ordered by precedence: where several rules meet, the greatest holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Disposition {
    Read,
    /// Keys only: the names below a prefix, and reading.
    List,
    Write,
    Deny,
}

/// What a request wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    Read,
    List,
    Write,
}

impl Disposition {
    /// By its name in a policy.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "read" => Self::Read,
            "list" => Self::List,
            "write" => Self::Write,
            "deny" => Self::Deny,
            _ => return None,
        })
    }

    /// Whether a rule that says this lets such a request pass. Writing includes listing includes reading.
    #[must_use]
    pub const fn allows(self, wanted: Wanted) -> bool {
        match self {
            Self::Deny => false,
            Self::Read => matches!(wanted, Wanted::Read),
            Self::List => matches!(wanted, Wanted::Read | Wanted::List),
            Self::Write => true,
        }
    }
}

impl Wanted {
    /// As messages name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
        }
    }
}
