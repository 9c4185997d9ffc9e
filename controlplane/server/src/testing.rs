//! A store over a log that is only a counter, for tests of the parts around it.

use std::sync::Arc;

use tokio::task::JoinHandle;
use weft_model::{Envelope, RequestId};
use weft_state::{Applied, State, Store, apply};

use crate::clock::now;

/// A store that shows `state`, and the task that orders what is proposed to it.
pub(crate) fn store(state: State) -> (Arc<Store>, JoinHandle<()>) {
    let (store, mut proposals) = Store::new(state);
    let log = Arc::clone(&store);
    let order = tokio::spawn(async move {
        while let Some(proposal) = proposals.recv().await {
            let state = log.current();
            let id = RequestId { origin: 1, sequence: state.index() };
            let envelope = Envelope { id, settled: state.index(), at: now(), command: proposal.command };
            let outcome = apply(&state, state.index() + 1, &envelope);
            let index = outcome.state.index();
            log.publish(Arc::new(outcome.state), &outcome.changed);
            // The proposer may have gone.
            drop(proposal.reply.send(Ok(Applied { index, reply: outcome.reply })));
        }
    });
    (store, order)
}
