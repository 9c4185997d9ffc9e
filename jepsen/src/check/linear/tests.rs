//! Histories with known verdicts, and laws.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// A history written as it reads: who is in doubt has no return.
pub(super) fn span(
    invoke_ns: u64,
    return_ns: impl Into<Option<u64>>,
    call: Call,
    answer: Answer,
) -> Span<(Call, Answer)> {
    Span { op: (call, answer), invoke_ns, return_ns: return_ns.into() }
}

fn run(spans: &[Span<(Call, Answer)>]) -> Found {
    search(&Register, spans, Instant::now() + Duration::from_secs(20))
}

fn legal(spans: &[Span<(Call, Answer)>]) -> bool {
    matches!(run(spans), Found::Legal(_))
}

fn write(invoke_ns: u64, return_ns: u64, value: u64) -> Span<(Call, Answer)> {
    span(invoke_ns, return_ns, Call::Write(value), Answer::Done)
}

fn read(invoke_ns: u64, return_ns: u64, value: impl Into<Slot>) -> Span<(Call, Answer)> {
    span(invoke_ns, return_ns, Call::Read, Answer::Holds(value.into()))
}

#[test]
fn a_read_after_a_write_must_see_it() {
    assert!(legal(&[write(0, 10, 1), read(11, 12, 1)]));
    assert_eq!(run(&[write(0, 10, 1), read(11, 12, None)]), Found::Stuck { prefix: vec![0], stuck: 1 });
}

#[test]
fn a_read_beside_a_write_may_see_either_but_never_go_back() {
    assert!(legal(&[write(0, 10, 1), read(2, 3, None), read(4, 5, 1)]));
    assert!(!legal(&[write(0, 10, 1), read(2, 3, 1), read(4, 5, None)]));
}

#[test]
fn a_doubtful_write_may_happen_late_or_never_but_not_twice() {
    let doubt = span(0, None, Call::Write(1), Answer::Doubt);
    assert!(legal(&[doubt, read(50, 51, None)]));
    assert!(legal(&[doubt, read(50, 51, None), read(60, 61, 1)]));
    assert!(!legal(&[doubt, read(50, 51, 1), write(52, 53, 2), read(54, 55, 1)]));
}

#[test]
fn compare_and_set_answers_for_the_state_it_met() {
    let cas = |answer| span(20, 30, Call::Cas { expect: Some(1), new: Some(2) }, Answer::Swapped(answer));
    assert!(legal(&[write(0, 10, 1), cas(true), read(31, 32, 2)]));
    assert!(!legal(&[write(0, 10, 1), cas(false)]));
    assert!(!legal(&[write(0, 10, 1), cas(true), read(31, 32, 1)]));
}

#[test]
fn a_conditional_delete_of_nothing_succeeds_but_never_deletes_another_value() {
    let delete = |answer| span(20, 30, Call::DeleteIf(1), Answer::Swapped(answer));
    assert!(legal(&[delete(true)]));
    assert!(legal(&[write(0, 10, 2), delete(false), read(31, 32, 2)]));
    assert!(!legal(&[write(0, 10, 2), delete(true)]));
    assert!(!legal(&[write(0, 10, 1), delete(true), read(31, 32, 1)]));
}

#[test]
fn a_deleted_value_does_not_come_back() {
    let delete = span(20, 30, Call::Delete, Answer::Done);
    assert!(legal(&[write(0, 10, 1), delete, read(31, 32, None)]));
    assert!(!legal(&[write(0, 10, 1), delete, read(31, 32, 1)]));
}

#[test]
fn two_swaps_from_one_value_cannot_both_win() {
    let cas = |at, new| span(at, at + 5, Call::Cas { expect: Some(1), new: Some(new) }, Answer::Swapped(true));
    assert!(!legal(&[write(0, 10, 1), cas(20, 2), cas(22, 3)]));
}

#[test]
fn no_time_is_no_verdict() {
    assert_eq!(search(&Register, &[write(0, 1, 1)], Instant::now()), Found::OutOfTime);
}

/// What the generator is told for each operation: who, what, how long before and after its effect.
type Plan = Vec<(u8, u8, u64, u64, bool)>;

/// A history that is legal because it was executed: each operation takes effect at its own instant.
pub(super) fn executed(plan: &Plan) -> Vec<Span<(Call, Answer)>> {
    let mut state: Slot = None;
    let mut free = [0_u64; 8];
    let mut spans = Vec::new();
    for (at, (who, what, before, after, doubt)) in plan.iter().enumerate() {
        let now = 100 * (at as u64 + 1);
        let who = usize::from(*who) % free.len();
        let fresh = at as u64 + 1;
        let call = match what % 4 {
            0 => Call::Read,
            1 => Call::Write(fresh),
            2 => Call::Cas { expect: if what % 8 == 2 { state } else { Some(fresh + 1000) }, new: Some(fresh) },
            _ => Call::Delete,
        };
        let answer = match call {
            Call::Read => Answer::Holds(state),
            Call::Cas { expect, .. } => Answer::Swapped(expect == state),
            Call::Write(_) | Call::Delete | Call::DeleteIf(_) => Answer::Done,
        };
        let invoke_ns = now.saturating_sub(before % 350).max(free[who]).min(now);
        if invoke_ns < free[who] {
            continue;
        }
        if let Some(next) = Register.step(&state, &(call, answer)) {
            state = next;
        }
        let return_ns = now + 1 + after % 350;
        if *doubt && call != Call::Read {
            free[who] = u64::MAX;
            spans.push(span(invoke_ns, None, call, Answer::Doubt));
        } else {
            free[who] = return_ns + 1;
            spans.push(span(invoke_ns, return_ns, call, answer));
        }
    }
    spans
}

pub(super) fn plan(len: usize) -> impl Strategy<Value = Plan> {
    let doubt = prop::bool::weighted(0.05);
    prop::collection::vec((0..5_u8, any::<u8>(), any::<u64>(), any::<u64>(), doubt), 1..len)
}

proptest! {
    #[test]
    fn what_was_executed_is_legal(plan in plan(120)) {
        prop_assert!(legal(&executed(&plan)));
    }

    #[test]
    fn one_read_of_a_value_never_written_is_not(plan in plan(60), pick in any::<prop::sample::Index>()) {
        let mut spans = executed(&plan);
        let reads: Vec<usize> = (0..spans.len()).filter(|at| spans[*at].op.0 == Call::Read).collect();
        prop_assume!(!reads.is_empty());
        spans[reads[pick.index(reads.len())]].op.1 = Answer::Holds(Some(999_999));
        prop_assert!(!legal(&spans));
    }

    #[test]
    fn one_read_made_stale_is_not(plan in plan(60)) {
        // A read far after everything, of what held before the last write that returned.
        let mut spans: Vec<_> = executed(&plan).into_iter().filter(|span| span.return_ns.is_some()).collect();
        let end = 1_000_000;
        spans.push(write(end, end + 1, 777_777));
        spans.push(write(end + 2, end + 3, 777_778));
        spans.push(read(end + 4, end + 5, 777_778));
        let doubtless = executed(&plan).iter().all(|span| span.return_ns.is_some());
        prop_assume!(doubtless);
        prop_assert!(legal(&spans));
        if let Some(last) = spans.last_mut() {
            last.op.1 = Answer::Holds(Some(777_777));
        }
        prop_assert!(!legal(&spans));
    }
}
