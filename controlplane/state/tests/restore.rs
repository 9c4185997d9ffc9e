//! A state put in the place of another one: whole or not at all, and never back in time.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::sessions::{World, lock, set, sid};
use support::{Answers, command, replay};
use uuid::Uuid;
use weft_model::{ApplyError, Command, Reply, Topic};
use weft_state::State;

const ID: Uuid = Uuid::from_u128(1);

fn chunk(id: Uuid, seq: u32, bytes: &[u8]) -> Command {
    Command::RestoreChunk { id, seq, bytes: Bytes::copy_from_slice(bytes) }
}

/// All commands that put `bytes` in the place of what is there.
fn restore(id: Uuid, bytes: &[u8]) -> Vec<Command> {
    let pieces = (0u32..).zip(bytes.chunks(100)).map(|(seq, bytes)| chunk(id, seq, bytes));
    let mut commands: Vec<_> = pieces.collect();
    let chunks = u32::try_from(commands.len()).unwrap();
    commands.push(Command::RestoreCommit { id, chunks, sha256: Sha256::digest(bytes).into() });
    commands
}

fn refusal(result: Result<Reply, ApplyError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn everything_comes_back_as_new_and_everybody_is_woken() {
    let mut old = World::with_sessions(2);
    old.write(set("kept", "a")).unwrap();
    old.write(lock("locked", 1, "a")).unwrap();
    old.write(lock("delayed", 2, "a")).unwrap();
    old.run(Command::SessionDestroy(sid(2))).unwrap();
    let mut world = World { state: old.state.clone() };
    world.write(set("gone", "b")).unwrap();
    world.write(set("kept", "b")).unwrap();
    world.run(Command::SessionDestroy(sid(1))).unwrap();
    let mut commands = restore(ID, &old.state.encode());
    let commit = commands.pop().unwrap();
    for command in commands {
        assert!(world.apply(command).changed.is_empty());
    }
    let outcome = world.apply(commit);
    assert_eq!((outcome.reply, outcome.changed.0.into_iter().collect()), (Ok(Reply::Done), vec![Topic::Everything]));
    let at = world.index();
    let view = world.view();
    let kept = view.kv("kept").unwrap();
    assert_eq!((&kept.value.value[..], kept.modify_index), (&b"a"[..], at));
    assert!(kept.create_index < at);
    assert!(view.kv("gone").is_none());
    assert_eq!(view.kv("locked").unwrap().value.session, Some(sid(1)));
    assert_eq!(view.session(sid(1)).unwrap().modify_index, at);
    let delays: Vec<_> = world.state.lock_delays().map(|(key, delay)| (key.to_string(), delay.since)).collect();
    assert_eq!(delays, [("delayed".to_owned(), at)]);
    // What was reported for something missing is not taken back either.
    let view = world.view();
    drop((view.kv("gone"), view.kv_list("go"), view.node(&"nosuch".into())));
    assert_eq!(view.reads().index, at);
}

#[test]
fn a_state_of_a_former_version_is_read() {
    #[derive(serde::Serialize)]
    struct Requests {
        answers: std::collections::BTreeMap<Uuid, ()>,
        order: Vec<Uuid>,
    }
    #[derive(serde::Serialize)]
    struct Former {
        index: u64,
        serial: u64,
        requests: Requests,
    }
    let former = Former { index: 7, serial: 3, requests: Requests { answers: [(ID, ())].into(), order: vec![ID] } };
    let mut bytes = vec![1];
    bytes.extend(rmp_serde::to_vec_named(&former).unwrap());
    assert_eq!(State::decode(&bytes).unwrap().index(), 7);
}

#[test]
fn a_summary_counts_what_there_is() {
    let mut world = World::with_sessions(2);
    world.write(set("k", "v")).unwrap();
    let tables = weft_state::summary(&world.state);
    let count = |name: &str| tables.iter().find(|table| table.name == name).map(|table| table.count);
    assert_eq!([count("Nodes"), count("Sessions"), count("KVs"), count("Checks")], [Some(1), Some(2), Some(1), None]);
    assert!(tables.iter().map(|table| table.size).sum::<usize>() < world.state.encode().len());
}

#[test]
fn a_damaged_one_changes_nothing() {
    let mut world = World::with_sessions(1);
    let bytes = World::with_sessions(2).state.encode();
    let before = Answers::of(&world.state).0;
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    let mut commands = restore(ID, &bytes);
    commands.splice(..1, restore(ID, &damaged).into_iter().take(1));
    let last = commands.pop().unwrap();
    commands.into_iter().for_each(|command| drop(world.run(command).unwrap()));
    assert!(refusal(world.run(last.clone())).contains("damaged"));
    // Nothing is left of it.
    assert!(refusal(world.run(last)).contains("no restore has begun"));
    let foreign = b"no state at all".to_vec();
    let mut commands = restore(ID, &foreign);
    let last = commands.pop().unwrap();
    commands.into_iter().for_each(|command| drop(world.run(command).unwrap()));
    assert!(refusal(world.run(last)).contains("format"));
    assert_eq!(Answers::of(&world.state).0, before);
}

#[test]
fn pieces_come_in_order_and_another_restore_drops_them() {
    let mut world = World::with_sessions(0);
    let other = Uuid::from_u128(2);
    assert!(refusal(world.run(chunk(ID, 1, b"b"))).contains("start again"));
    world.run(chunk(ID, 0, b"a")).unwrap();
    assert!(refusal(world.run(chunk(ID, 2, b"c"))).contains("before piece 1"));
    // Sent twice.
    world.run(chunk(ID, 0, b"a")).unwrap();
    world.run(chunk(other, 0, b"a")).unwrap();
    assert!(refusal(world.run(chunk(ID, 1, b"b"))).contains("another restore"));
    assert!(refusal(world.run(chunk(other, 1, &vec![0; (1 << 20) + 1]))).contains("at most"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_index_goes_back_and_the_answers_are_the_restored_ones(
        history in prop::collection::vec(command(), 1..30), cut in 0usize..30,
    ) {
        let old = replay(&history[..cut.min(history.len())]);
        let mut world = World { state: replay(&history) };
        let before = Answers::of(&world.state);
        for command in restore(ID, &old.encode()) {
            world.run(command).unwrap();
        }
        for (name, (_, reads)) in &Answers::of(&world.state).0 {
            prop_assert!(reads.index >= before.0[name].1.index, "the index of {name} went back");
        }
        let plain = |state: &State| weft_state::StateView::new(state).kv_keys("", "");
        prop_assert_eq!(plain(&world.state), plain(&old));
        prop_assert_eq!(State::decode(&world.state.encode()).unwrap(), world.state);
    }
}
