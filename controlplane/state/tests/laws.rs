//! Laws of apply, over random histories: what readers are told, what a raft snapshot keeps, what a
//! retry does.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Answers, command, run};
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{State, StateView, apply};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_reader_whose_answer_changed_is_woken(history in prop::collection::vec(command(), 1..40)) {
        let mut state = State::default();
        for (position, command) in history.into_iter().enumerate() {
            let before = Answers::of(&state);
            let outcome = run(&state, position as u64 + 1, command);
            let after = Answers::of(&outcome.state);
            for (name, (answer, reads)) in &before.0 {
                let woken = reads.topics.iter().any(|topic| outcome.changed.0.contains(topic));
                prop_assert!(woken || after.0[name].0 == *answer, "{name} changed, its reader sleeps");
                prop_assert!(after.0[name].1.index >= reads.index, "the index of {name} went back");
            }
            state = outcome.state;
        }
    }

    #[test]
    fn a_snapshot_restores_an_equal_state(history in prop::collection::vec(command(), 0..40)) {
        let state = support::replay(&history);
        prop_assert_eq!(State::decode(&state.encode()).unwrap(), state);
    }

    #[test]
    fn replaying_a_log_gives_an_equal_state(history in prop::collection::vec(command(), 0..40)) {
        prop_assert_eq!(support::replay(&history), support::replay(&history));
        prop_assert_eq!(support::replay(&history).encode(), support::replay(&history).encode());
    }

    #[test]
    fn a_snapshot_in_the_middle_changes_nothing(history in prop::collection::vec(command(), 1..30), cut in 0usize..30) {
        let cut = cut.min(history.len());
        let mut state = State::decode(&support::replay(&history[..cut]).encode()).unwrap();
        for (position, command) in history[cut..].iter().enumerate() {
            state = run(&state, (cut + position) as u64 + 1, command.clone()).state;
        }
        prop_assert_eq!(state, support::replay(&history));
    }

    #[test]
    fn a_refused_command_leaves_no_trace(history in prop::collection::vec(command(), 1..40)) {
        let mut state = State::default();
        for (position, command) in history.into_iter().enumerate() {
            let outcome = run(&state, position as u64 + 1, command);
            if outcome.reply.is_err() {
                prop_assert!(outcome.changed.is_empty());
                prop_assert_eq!(Answers::of(&state).0, Answers::of(&outcome.state).0);
            }
            state = outcome.state;
        }
    }

    #[test]
    fn the_same_write_again_wakes_nobody(history in prop::collection::vec(command(), 1..30)) {
        let mut state = State::default();
        for (position, command) in history.into_iter().enumerate() {
            state = run(&state, 2 * position as u64 + 1, command.clone()).state;
            if matches!(command, Command::Register(_) | Command::ConfigUpsert { .. } | Command::UpdateCheck { .. }) {
                let again = run(&state, 2 * position as u64 + 2, command);
                prop_assert!(again.changed.is_empty());
                state = again.state;
            }
        }
    }
}

#[test]
fn a_retry_is_applied_once_and_answered_alike() {
    let envelope = Envelope {
        id: RequestId(uuid::Uuid::from_u128(7)),
        at: Timestamp(1),
        command: Command::CaIssue { service: "web".into() },
    };
    let state = support::with_ca();
    let first = apply(&state, 10, &envelope);
    let retried = apply(&first.state, 11, &envelope);
    assert_eq!(first.reply, retried.reply);
    assert!(retried.changed.is_empty());
    assert_eq!(retried.state.index(), 11);
}

#[test]
fn a_thing_that_never_existed_reports_its_tables_index_but_no_change() {
    let state = support::replay(&[support::register("n1", "web", "web")]);
    let view = StateView::new(&state);
    assert!(view.instances(&"nosuch".into()).is_empty());
    let reads = view.reads();
    assert_eq!((reads.changed_at, reads.index), (0, 1));
}
