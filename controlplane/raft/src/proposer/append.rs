//! Commands on their way into the log of this server, which leads.

use futures::StreamExt;
use openraft::errors::Fatal;
use openraft::raft::WriteResult;
use tokio::time::{Instant, timeout_at};
use weft_model::mutant::{Mutant, active};
use weft_state::apply;

use crate::core::Core;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::types::Types;

type Results = futures::stream::BoxStream<'static, Result<WriteResult<Types>, Fatal<Types>>>;

/// Commands that openraft has taken, or has refused one by one. They go on when this is dropped.
pub(crate) struct Appended {
    count: usize,
    results: Result<Results, String>,
    /// Mutant M3 only.
    early: Vec<Outcome>,
}

/// Gives commands to openraft, in the order of the calls.
pub(crate) async fn append(core: &Core, requests: Vec<Request>) -> Appended {
    let early = if active(Mutant::M3) { guessed(core, &requests) } else { Vec::new() };
    let count = requests.len();
    // Fused: when Raft ends here, its stream ends before it has told all outcomes, and would panic when asked on.
    let results = core.raft.client_write_many(requests).await.map(|results| results.fuse().boxed());
    let results = results.map_err(|fatal| fatal.to_string());
    Appended { count, results, early }
}

impl Appended {
    /// The outcome of the next command.
    pub(crate) async fn next(&mut self, deadline: Instant) -> Outcome {
        if let Some(early) = self.early.pop() {
            return early;
        }
        match &mut self.results {
            Ok(results) => match timeout_at(deadline, results.next()).await {
                Ok(result) => Outcome::new(result),
                Err(_) => Outcome::Unknown("timed out waiting for the log".to_owned()),
            },
            Err(stopped) => Outcome::Unknown(stopped.clone()),
        }
    }

    /// The outcomes of all commands.
    pub(crate) async fn outcomes(mut self, deadline: Instant) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            outcomes.push(self.next(deadline).await);
        }
        outcomes
    }
}

/// Mutant M3: writes are answered with what they would do, before they are committed.
fn guessed(core: &Core, requests: &[Request]) -> Vec<Outcome> {
    let mut state = core.store.current();
    let mut outcomes = Vec::new();
    for request in requests {
        let Ok(envelope) = request.envelope() else { continue };
        let index = state.index() + 1;
        let applied = apply(&state, index, &envelope);
        state = applied.state.into();
        outcomes.push(Outcome::Applied(index, applied.reply));
    }
    outcomes.reverse();
    outcomes
}
