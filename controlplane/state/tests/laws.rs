//! Laws of apply, over random histories: what readers are told, what a raft snapshot keeps, what a
//! retry does.
#![allow(clippy::unwrap_used)]

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use proptest::prelude::*;
use support::sessions::{self, World};
use support::{Answers, command, run};
use weft_model::kv::KvVerb;
use weft_model::{Command, Envelope, Reply, RequestId, Timestamp, TxnOp};
use weft_state::{Reads, State, StateView, Store, Subscription, apply};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_reader_whose_answer_changed_is_woken(history in prop::collection::vec(command(), 1..40)) {
        let mut state = State::default();
        for (position, command) in history.into_iter().enumerate() {
            let before = Answers::of(&state);
            let (store, _log) = Store::new(state.clone());
            let waiting = |(_, reads): &(String, Reads)| store.subscribe(reads.topics.clone());
            let mut readers: Vec<Subscription> = before.0.values().map(waiting).collect();
            let outcome = run(&state, position as u64 + 1, command);
            store.publish(Arc::new(outcome.state.clone()), &outcome.changed);
            let after = Answers::of(&outcome.state);
            for ((name, (answer, reads)), reader) in before.0.iter().zip(&mut readers) {
                let woken = pin!(reader.changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_hash_is_the_same_for_the_same_log_and_after_a_raft_snapshot(
        history in prop::collection::vec(command(), 0..40),
    ) {
        let state = support::replay(&history);
        prop_assert_eq!(state.hash(), support::replay(&history).hash());
        prop_assert_eq!(State::decode(&state.encode()).unwrap().hash(), state.hash());
    }

    #[test]
    fn a_transaction_is_all_or_nothing_and_what_its_operations_are_one_by_one(
        history in prop::collection::vec(sessions::command(), 1..20),
        ops in prop::collection::vec(sessions::kv_op(), 1..5),
    ) {
        let mut world = World::with_sessions(3);
        for command in history {
            drop(world.run(command));
        }
        let before = world.state.clone();
        let outcome = world.apply(Command::Txn(ops.iter().cloned().map(TxnOp::Kv).collect()));
        let Ok(Reply::Txn(result)) = &outcome.reply else { panic!("{:?}", outcome.reply) };
        if result.is_err() {
            prop_assert!(outcome.changed.is_empty());
            prop_assert_eq!(Answers::of(&before).0, Answers::of(&world.state).0);
            return Ok(());
        }
        let at = world.index();
        let mut single = World { state: before };
        for (sequence, op) in (0..).zip(ops) {
            let envelope = Envelope {
                id: RequestId { origin: 2, sequence },
                settled: 0,
                at: Timestamp(0),
                command: Command::Kv(op),
            };
            let one = apply(&single.state, at, &envelope);
            // No condition of a transaction that went through fails for one alone.
            prop_assert_eq!(one.reply, Ok(Reply::Swapped(true)));
            single.state = one.state;
        }
        prop_assert_eq!(single.view().kv_list(""), world.view().kv_list(""));
    }

    #[test]
    fn a_lock_has_one_living_holder_and_its_index_grows_while_it_is_written_under_lock(
        history in prop::collection::vec(sessions::command(), 1..60),
    ) {
        let mut world = World::with_sessions(2);
        for command in history {
            let before = world.view().kv_list("");
            let under_lock = matches!(&command, Command::Kv(op)
                if matches!(op.verb, KvVerb::Lock { .. } | KvVerb::Unlock { .. }));
            drop(world.run(command));
            for (key, entry) in world.view().kv_list("") {
                let holder = entry.value.session;
                prop_assert!(holder.is_none_or(|id| world.view().session(id).is_some()), "{key} is held by nobody");
                let former = before.iter().find(|(known, _)| *known == key).map(|(_, entry)| &entry.value);
                if let Some(former) = former.filter(|_| under_lock) {
                    let fresh = holder.is_some() && holder != former.session;
                    prop_assert_eq!(entry.value.lock_index, former.lock_index + u64::from(fresh));
                    // Nobody takes over from a living holder.
                    prop_assert!(!fresh || former.session.is_none());
                }
            }
        }
    }

    #[test]
    fn a_raft_snapshot_installed_wakes_whoever_it_concerns(
        history in prop::collection::vec(command(), 1..40), cut in 0usize..40,
    ) {
        let older = support::replay(&history[..cut.min(history.len())]);
        let newer = State::decode(&support::replay(&history).encode()).unwrap();
        let (before, after) = (Answers::of(&older), Answers::of(&newer));
        let (store, _log) = Store::new(older.clone());
        for (name, (answer, reads)) in &before.0 {
            let mut reader = store.subscribe(reads.topics.clone());
            store.publish(Arc::new(newer.clone()), &newer.changes_since(&older));
            let woken = pin!(reader.changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
            prop_assert!(woken || after.0[name].0 == *answer, "{name} changed, its reader sleeps");
        }
    }
}

#[test]
fn a_retry_is_applied_once_and_answered_alike() {
    let envelope = Envelope {
        id: RequestId { origin: 1, sequence: 7 },
        settled: 7,
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    /// Long enough for tables that are cut to be cut, and for what clients have named to be forgotten.
    #[test]
    fn a_state_that_was_read_back_goes_on_as_the_one_that_was_not(
        history in prop::collection::vec((sessions::command(), any::<u128>(), 1u64..4, 0u64..5), 2500),
    ) {
        let mut kept = World::with_sessions(3).state;
        let mut restarted = kept.clone();
        for (step, (command, id, origin, open)) in history.into_iter().enumerate() {
            let index = kept.index() + 1;
            let command = Command::Once { id: uuid::Uuid::from_u128(id), command: Box::new(command) };
            let settled = index.saturating_sub(open);
            let id = RequestId { origin, sequence: index };
            let envelope = Envelope { id, settled, at: Timestamp(index.cast_signed()), command };
            kept = apply(&kept, index, &envelope).state;
            restarted = apply(&restarted, index, &envelope).state;
            if step % 40 == 39 {
                prop_assert_eq!(restarted.hash(), kept.hash(), "at {}", index);
                restarted = State::decode(&restarted.encode()).unwrap();
            }
        }
        prop_assert_eq!(restarted, kept);
    }
}
