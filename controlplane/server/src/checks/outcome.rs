//! The result of one run of a check.

use weft_model::health::CheckStatus;

/// More of an output is not kept.
pub(super) const OUTPUT_MAX: usize = 4096;

/// A status with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: CheckStatus,
    pub(super) output: String,
}

impl Outcome {
    pub(super) fn new(status: CheckStatus, mut output: String) -> Self {
        output.truncate(output.floor_char_boundary(OUTPUT_MAX));
        Self { status, output }
    }

    pub(super) fn passing(output: String) -> Self {
        Self::new(CheckStatus::Passing, output)
    }

    pub(super) fn critical(output: String) -> Self {
        Self::new(CheckStatus::Critical, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_cut_between_letters() {
        assert_eq!(Outcome::passing("é".repeat(5000)).output.len(), OUTPUT_MAX);
        assert_eq!(Outcome::passing(format!("x{}", "é".repeat(5000))).output.len(), OUTPUT_MAX - 1);
    }
}
