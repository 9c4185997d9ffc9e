//! Which requests were answered already, and how.

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};
use weft_model::{ApplyError, Reply, RequestId};

/// The newest requests and what they were answered, so that a retry is not applied twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    answers: OrdMap<RequestId, Result<Reply, ApplyError>>,
    order: Vector<RequestId>,
}

impl Requests {
    /// How many requests are remembered; a retry comes within seconds of its first try.
    const KEPT: usize = 8192;

    pub(crate) fn answer(&self, id: RequestId) -> Option<&Result<Reply, ApplyError>> {
        self.answers.get(&id)
    }

    pub(crate) fn remember(&mut self, id: RequestId, answer: Result<Reply, ApplyError>) {
        self.answers.insert(id, answer);
        self.order.push_back(id);
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }

    /// Remembers also what another state remembers.
    pub(crate) fn add(&mut self, other: &Self) {
        for id in &other.order {
            if let Some(answer) = other.answers.get(id).filter(|_| !self.answers.contains_key(id)) {
                self.remember(*id, answer.clone());
            }
        }
    }
}
