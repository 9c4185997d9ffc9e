//! Which requests were answered already, and how.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use weft_model::{ApplyError, Envelope, Reply, RequestId};

type Answer = Result<Reply, ApplyError>;

/// The answers that somebody may still ask for, so that a retry is not applied twice. An origin says with
/// each request up to where it is done; what is below is forgotten, and never applied again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Requests {
    origins: OrdMap<u64, Origin>,
}

/// What one run of one server has asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Origin {
    /// Log index of its newest request.
    newest: u64,
    settled: u64,
    answers: OrdMap<u64, Answer>,
}

impl Requests {
    /// How many origins are remembered. Each start of a server is one; a retry comes within a minute of
    /// its first try.
    const ORIGINS: usize = 256;

    /// The answer that a request has got; nothing when it is new.
    pub(crate) fn answer(&self, id: RequestId) -> Option<Answer> {
        let origin = self.origins.get(&id.origin)?;
        if id.sequence < origin.settled {
            return Some(Err(ApplyError::Refused("this request was answered already".into())));
        }
        origin.answers.get(&id.sequence).cloned()
    }

    pub(crate) fn remember(&mut self, envelope: &Envelope, index: u64, answer: Answer) {
        let RequestId { origin, sequence } = envelope.id;
        if !self.origins.contains_key(&origin) && self.origins.len() >= Self::ORIGINS {
            let oldest = self.origins.iter().min_by_key(|(_, origin)| origin.newest).map(|(origin, _)| *origin);
            oldest.map(|oldest| self.origins.remove(&oldest));
        }
        let origin = self.origins.entry(origin).or_default();
        origin.newest = index;
        origin.answers.insert(sequence, answer);
        origin.settle(envelope.settled);
    }

    /// How many answers are remembered.
    pub(crate) fn len(&self) -> usize {
        self.origins.values().map(|origin| origin.answers.len()).sum()
    }

    /// Remembers also what another state remembers.
    pub(crate) fn add(&mut self, other: &Self) {
        for (number, theirs) in &other.origins {
            let origin = self.origins.entry(*number).or_default();
            origin.newest = origin.newest.max(theirs.newest);
            for (sequence, answer) in &theirs.answers {
                origin.answers.insert(*sequence, answer.clone());
            }
            origin.settle(theirs.settled);
        }
    }
}

impl Origin {
    fn settle(&mut self, below: u64) {
        self.settled = self.settled.max(below);
        while let Some((sequence, _)) = self.answers.get_min().filter(|(sequence, _)| *sequence < self.settled) {
            let sequence = *sequence;
            self.answers.remove(&sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use weft_model::{Command, Timestamp};

    use super::*;

    fn remember(requests: &mut Requests, origin: u64, sequence: u64, settled: u64, index: u64) {
        let command = Command::CaIssue { service: "web".into() };
        let id = RequestId { origin, sequence };
        requests.remember(&Envelope { id, settled, at: Timestamp(0), command }, index, Ok(Reply::Serial(index)));
    }

    #[test]
    fn an_answer_is_kept_until_its_origin_is_done_with_it() {
        let mut requests = Requests::default();
        for sequence in 0..20_000 {
            remember(&mut requests, 1, sequence, 0, sequence);
        }
        assert_eq!(requests.answer(RequestId { origin: 1, sequence: 0 }), Some(Ok(Reply::Serial(0))));
        remember(&mut requests, 1, 20_000, 19_990, 20_000);
        assert_eq!(requests.origins[&1].answers.len(), 11);
        assert!(matches!(requests.answer(RequestId { origin: 1, sequence: 5 }), Some(Err(_))));
        assert_eq!(requests.answer(RequestId { origin: 1, sequence: 20_001 }), None);
        assert_eq!(requests.answer(RequestId { origin: 2, sequence: 5 }), None);
    }

    #[test]
    fn the_origin_that_was_silent_longest_is_forgotten_first() {
        let mut requests = Requests::default();
        for origin in 0..300 {
            remember(&mut requests, origin, 0, 0, origin);
            remember(&mut requests, 7, origin, 0, origin);
        }
        assert_eq!(requests.origins.len(), Requests::ORIGINS);
        assert!(requests.origins.contains_key(&7) && !requests.origins.contains_key(&8));
    }
}
