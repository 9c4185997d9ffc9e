//! The result of one run of a check.

use weft_model::health::CheckStatus;

/// A status with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: CheckStatus,
    pub(crate) output: String,
}

impl Outcome {
    pub(crate) fn new(status: CheckStatus, output: String) -> Self {
        Self { status, output }
    }

    pub(super) fn passing(output: String) -> Self {
        Self::new(CheckStatus::Passing, output)
    }

    pub(super) fn critical(output: String) -> Self {
        Self::new(CheckStatus::Critical, output)
    }

    /// The same with an output of at most so many bytes.
    pub(super) fn cut(mut self, max: usize) -> Self {
        self.output.truncate(self.output.floor_char_boundary(max));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_cut_between_letters() {
        assert_eq!(Outcome::passing("é".repeat(5000)).cut(4096).output.len(), 4096);
        assert_eq!(Outcome::passing(format!("x{}", "é".repeat(5000))).cut(4096).output.len(), 4095);
    }
}
