//! Keys that are read, written, swapped and deleted.

use weft_model::{Command, KvOp, KvVerb, Reply};
use weft_state::{State, StateView};

use rand::RngExt;

use super::Client;
use crate::history::{Outcome, Register, RegisterOp};

/// After this many operations another key is used: the check of one key is hard when it has many.
const KEY_OPS: usize = 40;

/// How many keys are in use at a time.
const KEYS: usize = 3;

impl Client {
    pub(super) async fn register(&mut self) {
        let key = self.key();
        match self.dice.random_range(0..10) {
            0..5 => self.read_register(&key).await,
            5..8 => self.write_register(key).await,
            8 => self.swap_register(key).await,
            _ => self.delete_register(key).await,
        }
    }

    fn key(&mut self) -> String {
        let done = self.history.read(|events| events.registers.len());
        let group = done / (KEY_OPS * KEYS);
        format!("register/{group}-{}", self.dice.random_range(0..KEYS))
    }

    async fn read_register(&mut self, key: &str) {
        let asked = self.history.tick();
        let Some(state) = self.read().await else { return };
        let answered = self.history.tick();
        let op = RegisterOp::Read(value(&state, key).map(|(value, _)| value));
        let span = crate::history::Span { asked, answered };
        self.note_register(Register { key: key.to_owned(), span, op, index: None });
    }

    async fn write_register(&mut self, key: String) {
        let value = self.history.tick();
        let command = Command::Kv(KvOp::set(key.clone(), value.to_string()));
        self.change(key, command, RegisterOp::Write(value)).await;
    }

    async fn delete_register(&mut self, key: String) {
        let command = Command::Kv(KvOp::new(KvVerb::Delete, key.clone()));
        self.change(key, command, RegisterOp::Delete).await;
    }

    /// Reads anywhere, however old, and swaps if that is still so. Values are unique, so an index
    /// stands for a value.
    async fn swap_register(&mut self, key: String) {
        let Some(server) = self.cluster.any(&mut self.dice) else { return };
        let found = value(&server.store.current(), &key);
        let index = found.map_or(0, |(_, index)| index);
        let new = self.history.tick();
        let mut op = KvOp::set(key.clone(), new.to_string());
        op.verb = KvVerb::Cas { index };
        self.change(key, Command::Kv(op), RegisterOp::Swap(found.map(|(value, _)| value), new, None)).await;
    }

    async fn change(&mut self, key: String, command: Command, op: RegisterOp) {
        let (span, outcome) = self.propose(command).await;
        let (op, index) = match (outcome, op) {
            (Outcome::Failed, _) => return,
            (Outcome::Done((index, Ok(Reply::Swapped(swapped)))), RegisterOp::Swap(from, to, _)) => {
                (RegisterOp::Swap(from, to, Some(swapped)), Some(index))
            }
            (Outcome::Done((index, _)), op) => (op, Some(index)),
            (Outcome::Unknown, op) => (op, None),
        };
        self.note_register(Register { key, span, op, index });
    }

    fn note_register(&self, register: Register) {
        self.history.note(|events| events.registers.push(register));
    }
}

/// A register's value and modify index.
pub(crate) fn value(state: &State, key: &str) -> Option<(u64, u64)> {
    let entry = StateView::new(state).kv(key)?;
    Some((std::str::from_utf8(&entry.value.value).ok()?.parse().ok()?, entry.modify_index))
}
