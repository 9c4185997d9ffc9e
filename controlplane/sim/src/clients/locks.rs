//! One lock that all clients want.

use std::time::Duration;

use rand::RngExt;
use tokio::time::sleep;
use uuid::Uuid;
use weft_model::session::Behavior;
use weft_model::{Command, GoDuration, KvOp, KvVerb, Reply, Session, SessionId};
use weft_state::StateView;

use super::Client;
use crate::history::{Hold, Outcome};

const KEY: &str = "lock";

impl Client {
    /// Takes the lock if it is free, holds it for a moment and gives it back.
    pub(super) async fn lock(&mut self) {
        let id = SessionId(Uuid::from_u128(self.dice.random()));
        let (_, created) = self.propose(Command::SessionCreate(Box::new(session(id)))).await;
        if !matches!(created, Outcome::Done((_, Ok(_)))) {
            return self.end_session(id).await;
        }
        let lock = KvOp { value: format!("client {}", self.id).into(), ..KvOp::new(KvVerb::Lock { session: id }, KEY) };
        let (got, outcome) = self.propose(Command::Kv(lock)).await;
        let Outcome::Done((index, Ok(Reply::Swapped(true)))) = outcome else {
            return self.end_session(id).await;
        };
        let token = self.token(id).await;
        let pause = self.dice.random_range(1..80);
        sleep(Duration::from_millis(pause)).await;
        let release = self.history.tick();
        let hold = Hold { client: self.id, got, index, token, release };
        self.history.note(|events| events.holds.push(hold));
        self.end_session(id).await;
    }

    /// The fencing token, while the session has the lock.
    async fn token(&mut self, id: SessionId) -> Option<u64> {
        let state = self.read().await?;
        let entry = StateView::new(&state).kv(KEY)?;
        (entry.value.session == Some(id)).then_some(entry.value.lock_index)
    }

    /// Tries for long: a session that stays would block the lock for ever.
    async fn end_session(&mut self, id: SessionId) {
        for _ in 0..200 {
            let (_, outcome) = self.propose(Command::SessionDestroy(id)).await;
            if matches!(outcome, Outcome::Done(_)) || self.stop.is_cancelled() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn session(id: SessionId) -> Session {
    Session {
        id,
        name: String::new(),
        node: "holder".into(),
        lock_delay: GoDuration::default(),
        behavior: Behavior::Release,
        ttl: None,
        ttl_text: String::new(),
        node_checks: Vec::new(),
        service_checks: Vec::new(),
    }
}
