//! How many results in a row it takes to change a status.

use weft_model::health::{CheckDefinition, CheckStatus};

/// `SuccessBeforePassing`, `FailuresBeforeWarning`, `FailuresBeforeCritical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thresholds {
    passing: u32,
    warning: u32,
    critical: u32,
}

/// The latest results, as far as they are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streak {
    Good(u32),
    Bad(u32),
}

impl Thresholds {
    pub(super) fn of(definition: &CheckDefinition) -> Self {
        let critical = definition.failures_before_critical;
        // Unsaid, a check does not warn on its way to critical.
        let warning =
            if definition.failures_before_warning == 0 { critical } else { definition.failures_before_warning };
        Self { passing: definition.success_before_passing, warning, critical }
    }
}

impl Streak {
    /// The status that a further result leads to; nothing while there are too few of them.
    pub(super) fn judge(&mut self, result: CheckStatus, limits: Thresholds) -> Option<CheckStatus> {
        match (result, &mut *self) {
            (CheckStatus::Critical, Self::Bad(count))
            | (CheckStatus::Passing | CheckStatus::Warning, Self::Good(count)) => {
                *count = count.saturating_add(1);
            }
            (CheckStatus::Critical, Self::Good(_)) => *self = Self::Bad(1),
            (CheckStatus::Passing | CheckStatus::Warning, Self::Bad(_)) => *self = Self::Good(1),
        }
        match *self {
            Self::Good(count) => (count >= limits.passing).then_some(result),
            Self::Bad(count) if count >= limits.critical => Some(CheckStatus::Critical),
            Self::Bad(count) => (count >= limits.warning).then_some(CheckStatus::Warning),
        }
    }
}

impl Default for Streak {
    fn default() -> Self {
        Self::Good(0)
    }
}

#[cfg(test)]
mod tests {
    use CheckStatus::{Critical, Passing, Warning};

    use super::*;

    fn walk(limits: (u32, u32, u32), results: &[CheckStatus]) -> Vec<Option<CheckStatus>> {
        let (success_before_passing, failures_before_warning, failures_before_critical) = limits;
        let limits = Thresholds::of(&CheckDefinition {
            success_before_passing,
            failures_before_warning,
            failures_before_critical,
            ..CheckDefinition::default()
        });
        let mut streak = Streak::default();
        results.iter().map(|result| streak.judge(*result, limits)).collect()
    }

    #[test]
    fn a_status_changes_after_as_many_results_as_it_takes() {
        let results = [Critical, Passing, Critical, Critical, Critical, Warning, Passing];
        assert_eq!(walk((0, 0, 0), &results), results.map(Some));
        let damped = [None, None, None, None, Some(Critical), None, Some(Passing)];
        assert_eq!(walk((2, 0, 3), &results), damped);
        let warned = [None, Some(Passing), None, Some(Warning), Some(Critical), Some(Warning), Some(Passing)];
        assert_eq!(walk((0, 2, 3), &results), warned);
    }
}
