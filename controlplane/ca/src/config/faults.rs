//! What can be wrong with a configuration.

use std::fmt;

use weft_model::Faults;

/// All that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFaults {
    /// Values that cannot be read, and unknown keys.
    pub unreadable: Vec<String>,
    /// Values that are not allowed.
    pub refused: Faults,
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unreadable.is_empty() {
            return self.refused.fmt(f);
        }
        let all: Vec<String> =
            self.unreadable.iter().cloned().chain(self.refused.0.iter().map(ToString::to_string)).collect();
        write!(f, "error decoding config: {} error(s) decoding:\n\n* {}", all.len(), all.join("\n* "))
    }
}

impl std::error::Error for ConfigFaults {}
