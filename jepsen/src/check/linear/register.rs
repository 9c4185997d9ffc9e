//! The register: a value or none; values are written at most once per key.

use serde_json::Value;

use super::search::Model;
use crate::history::{Op, Outcome};

/// What a register holds.
pub type Slot = Option<u64>;

/// What was asked. Compare-and-set speaks of the value that was last read; the client sends the index that
/// came with it, which is the same while no value is written twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write(u64),
    Cas {
        expect: Slot,
        new: Slot,
    },
    Delete,
    /// Delete if it still holds that. Consul says yes as well when nothing is there to delete.
    DeleteIf(u64),
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a read.
    Holds(Slot),
    /// To a compare-and-set.
    Swapped(bool),
    /// To a write or a delete.
    Done,
    /// Nothing is known.
    Doubt,
}

/// The model of one key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Register;

impl Model for Register {
    type State = Slot;
    type Op = (Call, Answer);

    fn init(&self) -> Slot {
        None
    }

    fn step(&self, state: &Slot, (call, answer): &(Call, Answer)) -> Option<Slot> {
        match (*call, *answer) {
            (Call::Read, Answer::Holds(value)) => (*state == value).then_some(*state),
            (Call::Read, Answer::Doubt | Answer::Done | Answer::Swapped(_)) => Some(*state),
            (Call::Write(value), _) => Some(Some(value)),
            (Call::Delete, _) => Some(None),
            (Call::Cas { expect, new }, Answer::Swapped(true) | Answer::Doubt) => (*state == expect).then_some(new),
            (Call::Cas { expect, .. }, Answer::Swapped(false)) => (*state != expect).then_some(*state),
            (Call::DeleteIf(expect), Answer::Swapped(true)) => {
                (state.is_none() || *state == Some(expect)).then_some(None)
            }
            (Call::DeleteIf(expect), Answer::Swapped(false)) => (*state != Some(expect)).then_some(*state),
            (Call::DeleteIf(expect), Answer::Doubt) => (*state == Some(expect)).then_some(None),
            (Call::Cas { .. } | Call::DeleteIf(_), Answer::Holds(_) | Answer::Done) => None,
        }
    }
}

/// An operation of the history as call and answer. `None`: it has no effect and says nothing (a failed
/// one, a read without answer).
///
/// # Errors
/// When it is no operation of a register.
pub(super) fn parse(op: &Op) -> Result<Option<(Call, Answer)>, String> {
    let wrong = || format!("op {} ({}) is no operation of a register: {}", op.index, op.kind, op.input);
    let call = match op.call() {
        "read" => Call::Read,
        "write" => Call::Write(op.input.as_u64().ok_or_else(wrong)?),
        "delete" => Call::Delete,
        "delete-cas" => Call::DeleteIf(op.input.as_array().and_then(|pair| pair.first()?.as_u64()).ok_or_else(wrong)?),
        "cas" => {
            let pair = op.input.as_array().filter(|pair| pair.len() >= 2).ok_or_else(wrong)?;
            Call::Cas { expect: slot(&pair[0]).ok_or_else(wrong)?, new: slot(&pair[1]).ok_or_else(wrong)? }
        }
        _ => return Err(wrong()),
    };
    let value = match &op.outcome {
        Outcome::Fail(_) => return Ok(None),
        Outcome::Info(_) => return Ok((call != Call::Read).then_some((call, Answer::Doubt))),
        Outcome::Ok(value) => value,
    };
    let answer = match call {
        // Whatever is no number was never written.
        Call::Read => Answer::Holds(slot(value).unwrap_or(Some(u64::MAX))),
        Call::Write(_) | Call::Delete => Answer::Done,
        Call::Cas { .. } | Call::DeleteIf(_) => Answer::Swapped(value.as_bool().ok_or_else(wrong)?),
    };
    Ok(Some((call, answer)))
}

fn slot(value: &Value) -> Option<Slot> {
    if value.is_null() { Some(None) } else { value.as_u64().map(Some) }
}
