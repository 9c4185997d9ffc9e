//! When patience with a client ends, and how the stream ends then.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

/// When patience ends.
pub(super) struct Deadlines {
    pub(super) age: Option<Instant>,
    pub(super) stall: Option<Instant>,
    pub(super) verdict: Option<Instant>,
}

/// A deadline that passed.
#[derive(Clone, Copy)]
pub(super) enum Passed {
    Age,
    Stall,
    Verdict,
}

impl Deadlines {
    pub(super) fn next(&self) -> Instant {
        let all = [self.age, self.stall, self.verdict].into_iter().flatten();
        let far = Instant::now() + Duration::from_secs(3600);
        all.min().unwrap_or(far)
    }

    pub(super) fn passed(&self, now: Instant) -> Option<Passed> {
        let is_past = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now);
        if is_past(self.stall) {
            Some(Passed::Stall)
        } else if is_past(self.verdict) {
            Some(Passed::Verdict)
        } else {
            is_past(self.age).then_some(Passed::Age)
        }
    }
}

impl Passed {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Passed::Age => "it reached its age",
            Passed::Stall => "the client does not read",
            Passed::Verdict => "the client does not answer",
        }
    }

    /// Age is no fault: the stream ends well and the client comes back.
    pub(super) fn status(self) -> Option<Status> {
        match self {
            Passed::Age => None,
            Passed::Stall | Passed::Verdict => Some(Status::deadline_exceeded(self.reason())),
        }
    }
}
