//! A transaction as the history has it: `[["r", "k", [1, 2]], ["append", "k", 3]]`.

use serde_json::Value;

use crate::history::{Op, Outcome};

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Micro {
    /// What was read; `None`: no answer.
    Read(String, Option<Vec<u64>>),
    Append(String, u64),
}

/// What is known of its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Committed,
    Aborted,
    Doubtful,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txn {
    /// Its index in the history.
    pub op: u64,
    pub status: Status,
    pub micros: Vec<Micro>,
    pub invoke_ns: u64,
    /// `None`: it may have taken effect at any later time.
    pub return_ns: Option<u64>,
}

/// Reads an operation of W3.
///
/// # Errors
/// When it is none.
pub fn parse(op: &Op) -> Result<Txn, String> {
    let (status, value) = match &op.outcome {
        Outcome::Ok(value) => (Status::Committed, value),
        Outcome::Fail(_) => (Status::Aborted, &op.input),
        Outcome::Info(_) => (Status::Doubtful, &op.input),
    };
    let steps = value.as_array().and_then(|steps| steps.iter().map(micro).collect());
    let micros = steps.ok_or_else(|| format!("op {} is no transaction: {value}", op.index))?;
    Ok(Txn { op: op.index, status, micros, invoke_ns: op.invoke_ns, return_ns: op.return_ns })
}

fn micro(step: &Value) -> Option<Micro> {
    let [call, key, value] = step.as_array()?.as_slice() else { return None };
    let key = key.as_str()?.to_owned();
    match call.as_str()? {
        "append" => Some(Micro::Append(key, value.as_u64()?)),
        "r" if value.is_null() => Some(Micro::Read(key, None)),
        "r" => Some(Micro::Read(key, Some(value.as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?))),
        _ => None,
    }
}

impl Txn {
    /// What it appended, in order.
    pub fn appends(&self) -> impl Iterator<Item = (&str, u64)> {
        self.micros.iter().filter_map(|micro| match micro {
            Micro::Append(key, value) => Some((key.as_str(), *value)),
            Micro::Read(..) => None,
        })
    }

    /// What it read, its own appends before the read taken off the end: what others had written.
    pub fn foreign_reads(&self) -> Vec<(&str, &[u64])> {
        let mut reads = Vec::new();
        for (at, micro) in self.micros.iter().enumerate() {
            let Micro::Read(key, Some(list)) = micro else { continue };
            let own =
                self.micros[..at].iter().filter(|micro| matches!(micro, Micro::Append(to, _) if to == key)).count();
            reads.push((key.as_str(), &list[..list.len().saturating_sub(own)]));
        }
        reads
    }
}
