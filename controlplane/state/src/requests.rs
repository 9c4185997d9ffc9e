//! Which requests were answered already, and how.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_model::{ApplyError, Command, Envelope, Reply, RequestId};

type Answer = Result<Reply, ApplyError>;

/// The answers that somebody may still ask for, so that a retry is not applied twice. An origin says with
/// each request up to where it is done; what is below is forgotten, and never applied again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Requests {
    origins: OrdMap<u64, Origin>,
    /// What clients have asked for under ids of their own.
    clients: OrdMap<Uuid, (u64, Answer)>,
    /// Their ids by log index: the oldest are forgotten first.
    client_order: OrdMap<u64, Uuid>,
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

    /// How many answers to ids of clients are remembered. A client that tries again does so soon.
    const CLIENTS: usize = 1024;

    /// The answer that a client has got to that command; nothing when it is new or has no id.
    pub(crate) fn answer_again(&self, command: &Command) -> Option<Answer> {
        let Command::Once { id, .. } = command else { return None };
        self.clients.get(id).map(|(_, answer)| answer.clone())
    }

    fn remember_client(&mut self, id: Uuid, index: u64, answer: Answer) {
        self.clients.insert(id, (index, answer));
        self.client_order.insert(index, id);
        while self.client_order.len() > Self::CLIENTS
            && let Some((oldest, id)) = self.client_order.get_min().copied()
        {
            self.client_order.remove(&oldest);
            self.clients.remove(&id);
        }
    }

    /// The answer that a request has got; nothing when it is new.
    pub(crate) fn answer(&self, id: RequestId) -> Option<Answer> {
        let origin = self.origins.get(&id.origin)?;
        if id.sequence < origin.settled {
            return Some(Err(ApplyError::Refused("this request was answered already".into())));
        }
        origin.answers.get(&id.sequence).cloned()
    }

    pub(crate) fn remember(&mut self, envelope: &Envelope, index: u64, answer: Answer) {
        if let Command::Once { id, .. } = &envelope.command {
            self.remember_client(*id, index, answer.clone());
        }
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
        self.origins.values().map(|origin| origin.answers.len()).sum::<usize>() + self.clients.len()
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
        for (index, id) in &other.client_order {
            if let Some((_, answer)) = other.clients.get(id) {
                self.remember_client(*id, *index, answer.clone());
            }
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
    fn an_id_of_a_client_is_answered_as_the_first_time_until_many_came_after_it() {
        let mut requests = Requests::default();
        let once = |id: u128| Command::Once {
            id: Uuid::from_u128(id),
            command: Box::new(Command::CaIssue { service: "web".into() }),
        };
        let mut remember = |id: u64, index: u64| {
            let request = RequestId { origin: 1, sequence: index };
            let envelope = Envelope { id: request, settled: index, at: Timestamp(0), command: once(id.into()) };
            requests.remember(&envelope, index, Ok(Reply::Serial(index)));
        };
        (1..=2000).for_each(|index| remember(index, index));
        assert_eq!(requests.answer_again(&once(2000)), Some(Ok(Reply::Serial(2000))));
        assert_eq!(requests.answer_again(&once(1)), None);
        assert_eq!(requests.clients.len(), Requests::CLIENTS);
        let mut other = Requests::default();
        other.add(&requests);
        assert_eq!(other.answer_again(&once(1999)), Some(Ok(Reply::Serial(1999))));
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
