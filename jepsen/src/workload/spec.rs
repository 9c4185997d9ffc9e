//! What a workload is.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;

use super::session::Session;

/// What clients of one kind do. Shared by all its workers; every choice comes from the session's
/// random numbers.
pub trait Workload: Send + Sync {
    /// Its name in the history, e.g. `register`.
    fn name(&self) -> &'static str;
    /// How many workers of which role are wanted at how many operations a second in all.
    fn crew(&self) -> Crew;
    /// Prepares the ground on one server, before the load. Called once.
    fn prepare<'a>(&'a self, _session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// One operation (or one short round of them) of a worker. An error is a failure of the harness.
    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>>;
    /// The last reads and writes on one server, when all faults are over and servers have
    /// converged. Called for every server in turn.
    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>>;
    /// Whether [`Workload::elsewhere`] has something to do.
    fn goes_elsewhere(&self) -> bool {
        false
    }
    /// The very last: on a cluster of one server that has seen nothing yet.
    fn elsewhere<'a>(&'a self, _session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Who is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crew {
    pub workers: usize,
    /// The pause between two steps of one worker.
    pub pause: Duration,
}

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Goes on after the crew's pause.
    Next,
    /// Goes on at once: the step itself waited (a blocking query).
    AtOnce,
}
