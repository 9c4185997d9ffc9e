//! From the history to what the search reads: one key at a time.

use std::collections::BTreeMap;
use std::time::Instant;

use super::register::{Answer, Call, Register, parse};
use super::search::{Found, Span, search};
use crate::history::Op;

/// An operation of a key: its index in the history, and what the search sees of it.
pub type Timed = (u64, Span<(Call, Answer)>);

/// The operations of a register workload by key.
///
/// # Errors
/// When an operation is none of a register's.
pub fn register_keys<'a>(ops: impl Iterator<Item = &'a Op>) -> Result<BTreeMap<String, Vec<Timed>>, String> {
    let mut keys: BTreeMap<String, Vec<Timed>> = BTreeMap::new();
    for op in ops {
        if let Some(timed) = timed(op)? {
            keys.entry(op.key.clone()).or_default().push(timed);
        }
    }
    for ops in keys.values_mut() {
        drop_unseen(ops);
    }
    Ok(keys)
}

/// The operations of one key.
///
/// # Errors
/// As [`register_keys`].
pub fn key_ops<'a>(ops: impl Iterator<Item = &'a Op>, key: &str) -> Result<Vec<Timed>, String> {
    let mut keys = register_keys(ops.filter(|op| op.key == key))?;
    Ok(keys.remove(key).unwrap_or_default())
}

/// Judges one key.
#[must_use]
pub fn search_key(ops: &[Timed], deadline: Instant) -> Found {
    let spans: Vec<Span<(Call, Answer)>> = ops.iter().map(|(_, span)| *span).collect();
    search(&Register, &spans, deadline)
}

fn timed(op: &Op) -> Result<Option<Timed>, String> {
    let parsed = parse(op)?;
    Ok(parsed.map(|what| (op.index, Span { op: what, invoke_ns: op.invoke_ns, return_ns: op.return_ns })))
}

/// Leaves out doubtful operations that can explain nothing: on a key where no compare-and-set was refused,
/// a doubtful write whose value nobody ever saw may as well never have happened.
fn drop_unseen(ops: &mut Vec<Timed>) {
    let refused = ops.iter().any(|(_, span)| span.op.1 == Answer::Swapped(false));
    if refused {
        return;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (_, span) in ops.iter() {
        match span.op {
            (Call::Read, Answer::Holds(value)) => drop(seen.insert(value)),
            (Call::Cas { expect, .. }, _) => drop(seen.insert(expect)),
            // It succeeds on nothing, too: whatever left nothing behind may be why.
            (Call::DeleteIf(expect), _) => seen.extend([Some(expect), None]),
            (Call::Read | Call::Write(_) | Call::Delete, _) => {}
        }
    }
    ops.retain(|(_, span)| match span.op {
        (Call::Write(value), Answer::Doubt) => seen.contains(&Some(value)),
        (Call::Cas { new, .. }, Answer::Doubt) => seen.contains(&new),
        (Call::Delete | Call::DeleteIf(_), Answer::Doubt) => seen.contains(&None),
        (Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Delete | Call::DeleteIf(_), _) => true,
    });
}
