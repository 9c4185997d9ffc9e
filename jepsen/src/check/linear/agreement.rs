//! Our search and another implementation say the same of the same histories.

use std::time::{Duration, Instant};

use porcupine_rs::{CheckResult, Model as Theirs, Operation, check_operations_timeout};
use proptest::prelude::*;

use super::tests::{executed, plan};
use super::*;

#[derive(Clone, Debug)]
struct TheirRegister;

impl Theirs for TheirRegister {
    type State = Slot;
    type Op = (Call, Answer);
    type Metadata = ();

    fn init() -> Slot {
        None
    }

    fn step(state: &Slot, op: &(Call, Answer)) -> (bool, Slot) {
        // Theirs places every operation; a doubtful one that did not happen is placed as nothing, at the end.
        match Register.step(state, op) {
            Some(next) => (true, next),
            None => (op.1 == Answer::Doubt, *state),
        }
    }
}

fn theirs(spans: &[Span<(Call, Answer)>]) -> CheckResult {
    let ops: Vec<Operation<TheirRegister>> = spans
        .iter()
        .map(|span| Operation {
            client_id: None,
            call_time: i64::try_from(span.invoke_ns).unwrap_or(i64::MAX),
            return_time: span.return_ns.map_or(i64::MAX, |ns| i64::try_from(ns).unwrap_or(i64::MAX)),
            op: span.op,
            metadata: None,
        })
        .collect();
    check_operations_timeout(&ops, Duration::from_secs(20))
}

proptest! {
    #[test]
    fn both_judges_agree(plan in plan(40), change in any::<prop::sample::Index>(), value in prop::option::of(0..40_u64)) {
        let mut spans = executed(&plan);
        let reads: Vec<usize> = (0..spans.len()).filter(|at| spans[*at].op.0 == Call::Read).collect();
        if !reads.is_empty() {
            spans[reads[change.index(reads.len())]].op.1 = Answer::Holds(value);
        }
        let ours = search(&Register, &spans, Instant::now() + Duration::from_secs(20));
        let expected = if matches!(ours, Found::Legal(_)) { CheckResult::Ok } else { CheckResult::Illegal };
        prop_assert_eq!(theirs(&spans), expected);
    }
}
