//! Numbers of servers that are used up: whoever comes back under one has forgotten what it promised.

use std::collections::BTreeSet;

use weft_model::Reply;

use super::Txn;
use crate::state::State;

impl Txn {
    pub(super) fn retire(&mut self, servers: &BTreeSet<u64>) -> Reply {
        self.state.retired.extend(servers.iter().copied());
        Reply::Done
    }
}

impl State {
    /// The servers that were taken out of the cluster, or are about to be.
    pub fn retired(&self) -> impl Iterator<Item = u64> {
        self.retired.iter().copied()
    }

    /// Whether a server was taken out of the cluster, or is about to be.
    #[must_use]
    pub fn is_retired(&self, server: u64) -> bool {
        self.retired.contains(&server)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sha2::{Digest, Sha256};
    use uuid::Uuid;
    use weft_model::{Command, Envelope, RequestId, Timestamp};

    use super::*;
    use crate::apply;

    #[test]
    fn what_is_restored_brings_no_server_back_and_takes_none_away() {
        let retire = |servers: [u64; 2]| Command::Retire(BTreeSet::from(servers));
        let mut state = State::default();
        let mut index = 0;
        let mut run = |state: &State, command| {
            index += 1;
            let id = RequestId { origin: 1, sequence: index };
            let outcome = apply(state, index, &Envelope { id, settled: index, at: Timestamp(1), command });
            outcome.reply.unwrap();
            outcome.state
        };
        let other = run(&state, retire([7, 8])).encode();
        state = run(&state, retire([1, 2]));
        state = run(&state, retire([2, 3]));
        let (id, sha256) = (Uuid::nil(), Sha256::digest(&other).into());
        state = run(&state, Command::RestoreChunk { id, seq: 0, bytes: other.into() });
        state = run(&state, Command::RestoreCommit { id, chunks: 1, sha256 });
        assert_eq!(State::decode(&state.encode()).unwrap().retired().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(state.is_retired(3) && !state.is_retired(7));
    }
}
