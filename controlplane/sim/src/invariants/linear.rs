//! I2: each key behaves as if all operations on it had happened one after the other, each between its
//! question and its answer.
//!
//! Wing and Gong's search with Lowe's memory of what was tried: which operations are done, and the value.

use std::collections::{BTreeMap, HashSet};

use crate::cluster::Cluster;
use crate::history::{Register, RegisterOp, Span};

/// More operations on one key are not checked: the set of those done is a number of as many bits.
const OPS_MAX: usize = 128;

pub(crate) fn check(cluster: &Cluster, registers: &[Register]) {
    let mut keys: BTreeMap<&str, Vec<(Span, RegisterOp)>> = BTreeMap::new();
    for register in registers {
        keys.entry(&register.key).or_default().push((register.span, register.op.clone()));
    }
    for (key, ops) in keys {
        if !is_linearizable(&ops) {
            let mut ops = ops;
            ops.sort_by_key(|(span, _)| span.asked);
            let shown: Vec<_> = ops.iter().map(|(span, op)| (span.asked, span.answered, op)).collect();
            cluster.violated("I2", format!("{key} is not linearizable: {shown:?}"));
        }
    }
}

/// Whether some order explains everything.
fn is_linearizable(ops: &[(Span, RegisterOp)]) -> bool {
    if ops.len() > OPS_MAX {
        return true;
    }
    // Answered operations have to be in the order; the others may be.
    let must = ops.iter().enumerate().filter(|(_, (span, _))| span.answered < u64::MAX);
    let must = must.fold(0u128, |must, (at, _)| must | 1 << at);
    let mut tried = HashSet::new();
    let mut open = vec![(0u128, None)];
    while let Some((done, value)) = open.pop() {
        if done & must == must {
            return true;
        }
        if !tried.insert((done, value)) {
            continue;
        }
        let waiting = |at: &usize| done & (1 << at) == 0;
        // Nothing may come after an operation that was answered before it was asked.
        let first_answer = (0..ops.len()).filter(waiting).map(|at| ops[at].0.answered).min().unwrap_or(u64::MAX);
        for at in (0..ops.len()).filter(waiting).filter(|at| ops[*at].0.asked < first_answer) {
            if let Some(next) = step(value, &ops[at].1) {
                open.push((done | 1 << at, next));
            }
        }
    }
    false
}

/// The value after an operation; nothing when it cannot have gone so.
#[allow(clippy::option_option)]
fn step(value: Option<u64>, op: &RegisterOp) -> Option<Option<u64>> {
    match op {
        RegisterOp::Read(read) => (*read == value).then_some(value),
        RegisterOp::Write(written) => Some(Some(*written)),
        RegisterOp::Delete => Some(None),
        RegisterOp::Swap(from, to, swapped) => {
            let fits = *from == value;
            match swapped {
                Some(swapped) if *swapped != fits => None,
                Some(_) | None => Some(if fits { Some(*to) } else { value }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(asked: u64, answered: u64, op: RegisterOp) -> (Span, RegisterOp) {
        (Span { asked, answered }, op)
    }

    #[test]
    fn known_histories_are_judged_right() {
        use RegisterOp::{Delete, Read, Swap, Write};
        let fine = [
            op(1, 2, Write(1)),
            op(3, 8, Write(2)),
            op(4, 5, Read(Some(1))),
            op(6, 7, Read(Some(2))),
            op(9, 10, Swap(Some(2), 3, Some(true))),
            op(11, u64::MAX, Delete),
            op(12, 13, Read(Some(3))),
            op(14, 15, Read(None)),
        ];
        assert!(is_linearizable(&fine));
        let stale = [op(1, 2, Write(1)), op(3, 4, Write(2)), op(5, 6, Read(Some(1)))];
        assert!(!is_linearizable(&stale));
        let lost = [op(1, 2, Write(1)), op(3, 4, Read(None))];
        assert!(!is_linearizable(&lost));
        let twice = [op(1, 2, Write(1)), op(3, 4, Read(Some(1))), op(5, 6, Write(2)), op(7, 8, Read(Some(1)))];
        assert!(!is_linearizable(&twice));
        let unsure = [op(1, u64::MAX, Write(1)), op(2, 3, Read(None)), op(4, 5, Read(Some(1)))];
        assert!(is_linearizable(&unsure));
        assert!(!is_linearizable(&[op(1, 2, Swap(Some(9), 3, Some(true)))]));
    }
}
