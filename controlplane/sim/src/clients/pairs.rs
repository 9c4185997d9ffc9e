//! Two keys that are always written together.

use weft_model::{Command, KvOp, KvVerb, TxnOp};
use weft_state::StateView;

use super::Client;
use crate::history::Pair;

const ONE: &str = "pair/one";
const OTHER: &str = "pair/other";

/// What a transaction writes that must fail.
pub(crate) const NEVER: &str = "never";

impl Client {
    /// A transaction over both keys, or one that writes both and then fails.
    pub(super) async fn write_pair(&mut self) {
        let number = self.history.tick();
        let fails = number.is_multiple_of(4);
        let value = if fails { NEVER.to_owned() } else { format!("v{number}") };
        let mut ops = vec![TxnOp::Kv(KvOp::set(ONE, value.clone())), TxnOp::Kv(KvOp::set(OTHER, value))];
        if fails {
            ops.push(TxnOp::Kv(KvOp::new(KvVerb::CheckIndex { index: u64::MAX }, ONE)));
        }
        self.propose(Command::Txn(ops)).await;
    }

    pub(super) async fn read_pair(&mut self) {
        let Some(state) = self.read().await else { return };
        let view = StateView::new(&state);
        let [one, other] = [ONE, OTHER].map(|key| {
            let entry = view.kv(key)?;
            Some((String::from_utf8_lossy(&entry.value.value).into_owned(), entry.modify_index))
        });
        self.history.note(|events| events.pairs.push(Pair { one, other }));
    }
}
