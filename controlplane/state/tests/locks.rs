//! Keys, locks and sessions against what a Consul 1.8.7 answered to the same.
#![allow(clippy::unwrap_used)]

mod support;

use support::sessions::{World, lock, session, set, sid, unlock};
use weft_model::command::Target;
use weft_model::health::CheckStatus;
use weft_model::kv::KvVerb;
use weft_model::session::Behavior;
use weft_model::{ApplyError, Command, GoDuration, KvOp, Reply, Session, SessionId};

/// Lock index, modify index and holder.
fn row(world: &World, key: &str) -> (u64, u64, Option<SessionId>) {
    let entry = world.view().kv(key).unwrap();
    (entry.value.lock_index, entry.modify_index, entry.value.session)
}

#[test]
fn locks_count_fresh_holders_and_plain_writes_start_the_count_again() {
    let mut world = World::with_sessions(2);
    assert_eq!(world.write(lock("k", 1, "a")), Ok(true));
    assert_eq!(row(&world, "k"), (1, world.index(), Some(sid(1))));
    // The holder may write under its lock; it is no new one.
    assert_eq!(world.write(lock("k", 1, "b")), Ok(true));
    assert_eq!(row(&world, "k"), (1, world.index(), Some(sid(1))));
    assert_eq!(world.write(lock("k", 2, "c")), Ok(false));
    assert_eq!(world.write(unlock("k", 2)), Ok(false));
    assert_eq!(world.write(unlock("k", 1)), Ok(true));
    assert_eq!(row(&world, "k"), (1, world.index(), None));
    assert_eq!(world.write(unlock("k", 1)), Ok(false));
    assert_eq!(world.write(lock("k", 2, "d")), Ok(true));
    assert_eq!(row(&world, "k"), (2, world.index(), Some(sid(2))));
    assert_eq!(world.write(set("k", "e")), Ok(true));
    assert_eq!(row(&world, "k"), (0, world.index(), Some(sid(2))));
    assert_eq!(world.write(unlock("k", 2)), Ok(true));
    assert_eq!(world.write(lock("k", 1, "f")), Ok(true));
    assert_eq!(row(&world, "k").0, 1);
}

#[test]
fn a_write_of_what_is_there_moves_no_index() {
    let mut world = World::with_sessions(1);
    world.write(set("k", "a")).unwrap();
    let before = row(&world, "k");
    assert_eq!(world.write(set("k", "a")), Ok(true));
    assert_eq!(row(&world, "k"), before);
    world.write(lock("k", 1, "a")).unwrap();
    let locked = row(&world, "k");
    assert_eq!(world.write(lock("k", 1, "a")), Ok(true));
    assert_eq!(row(&world, "k"), locked);
    // It takes the lock index away, so it is a change.
    assert_eq!(world.write(set("k", "a")), Ok(true));
    assert_eq!(row(&world, "k"), (0, world.index(), Some(sid(1))));
}

#[test]
fn compare_and_set_and_compare_and_delete() {
    let mut world = World::with_sessions(0);
    let cas = |index| KvOp { verb: KvVerb::Cas { index }, ..set("k", "v") };
    let delete = |index| KvOp::new(KvVerb::DeleteCas { index }, "k");
    assert_eq!(world.write(cas(5)), Ok(false));
    assert_eq!(world.write(delete(5)), Ok(true));
    assert_eq!(world.write(cas(0)), Ok(true));
    let index = world.index();
    assert_eq!(world.write(cas(0)), Ok(false));
    assert_eq!(world.write(cas(index + 7)), Ok(false));
    assert_eq!(world.write(cas(index)), Ok(true));
    let index = row(&world, "k").1;
    assert_eq!(world.write(delete(0)), Ok(false));
    assert_eq!(world.write(delete(index + 1)), Ok(false));
    assert_eq!(world.write(delete(index)), Ok(true));
    assert!(world.view().kv("k").is_none());
}

#[test]
fn what_is_refused_is_refused_in_consuls_words() {
    let mut world = World::with_sessions(1);
    let unknown = format!("invalid session \"{}\"", sid(9));
    let refused = |text: &str| ApplyError::Refused(text.to_owned());
    for (op, text) in [
        (lock("k", 9, "a"), unknown.as_str()),
        (set("", "a"), "Must provide key"),
        (KvOp::new(KvVerb::Get, "k"), "Invalid KVS operation 'get'"),
    ] {
        assert_eq!(world.write(op).unwrap_err(), refused(text));
    }
    let create = |change: &dyn Fn(&mut Session)| {
        let mut wanted = session(5);
        change(&mut wanted);
        Command::SessionCreate(Box::new(wanted))
    };
    let on_nowhere = create(&|session| session.node = "nosuch".into());
    assert_eq!(world.run(on_nowhere).unwrap_err(), refused("Missing node registration"));
    let without_check = create(&|session| session.node_checks.push("nosuch".into()));
    assert_eq!(world.run(without_check).unwrap_err(), refused("Missing check 'nosuch' registration"));
    world.check("c1", CheckStatus::Critical);
    let critical = create(&|session| session.node_checks.push("c1".into()));
    assert_eq!(world.run(critical).unwrap_err(), refused("Check 'c1' is in critical state"));
    assert_eq!(Behavior::parse("bogus").unwrap_err(), "Invalid Behavior setting 'bogus'");
    assert_eq!(
        Session::parse_ttl("5s", Session::TTL_MIN).unwrap_err(),
        "Invalid Session TTL '5000000000', must be between [10s=24h0m0s]"
    );
    assert_eq!(
        Session::parse_ttl("abc", Session::TTL_MIN).unwrap_err(),
        "Session TTL 'abc' invalid: time: invalid duration \"abc\""
    );
    assert_eq!(SessionId::parse("abc").unwrap_err(), "failed session lookup: index error: UUID must be 36 characters");
}

/// What may end a session that is on `n1` and depends on `c1`.
fn endings() -> Vec<(&'static str, Command)> {
    let deregister = |target| Command::Deregister { node: "n1".into(), target };
    let critical = Command::UpdateCheck {
        node: "n1".into(),
        check: "c1".into(),
        status: CheckStatus::Critical,
        output: String::new(),
    };
    vec![
        ("destroyed", Command::SessionDestroy(sid(5))),
        ("node gone", deregister(Target::Node)),
        ("check gone", deregister(Target::Check("c1".into()))),
        ("check critical", critical),
    ]
}

#[test]
fn a_session_ends_with_its_node_and_its_checks_and_its_keys_are_free_in_the_same_entry() {
    for behavior in [Behavior::Release, Behavior::Delete] {
        for (how, ending) in endings() {
            let mut world = World::with_sessions(1);
            world.check("c1", CheckStatus::Passing);
            let wanted = Session { node_checks: vec!["c1".into()], behavior, ..session(5) };
            world.run(Command::SessionCreate(Box::new(wanted))).unwrap();
            world.write(lock("k", 5, "a")).unwrap();
            world.run(ending).unwrap();
            assert!(world.view().session(sid(5)).is_none(), "{how}");
            match behavior {
                Behavior::Release => assert_eq!(row(&world, "k"), (1, world.index(), None), "{how}"),
                Behavior::Delete => assert!(world.view().kv("k").is_none(), "{how}"),
            }
        }
    }
}

#[test]
fn a_key_whose_holder_ended_is_locked_only_when_the_delay_is_over() {
    let mut world = World::with_sessions(2);
    world.write(lock("k", 1, "a")).unwrap();
    world.write(lock("other", 2, "a")).unwrap();
    world.run(Command::SessionDestroy(sid(1))).unwrap();
    let since = world.index();
    assert_eq!(world.write(lock("k", 2, "b")), Ok(false));
    // Even one that does not exist: the delay is looked at first.
    assert_eq!(world.write(lock("k", 9, "b")), Ok(false));
    assert_eq!(world.write(set("k", "b")), Ok(true));
    world.run(Command::LockDelayOver { key: "k".into(), since: since - 1 }).unwrap();
    assert_eq!(world.write(lock("k", 2, "b")), Ok(false));
    world.run(Command::LockDelayOver { key: "k".into(), since }).unwrap();
    assert_eq!(world.write(lock("k", 2, "b")), Ok(true));
    // Who lets go by itself leaves no delay behind.
    world.write(unlock("other", 2)).unwrap();
    assert_eq!(world.write(lock("other", 2, "c")), Ok(true));
}

#[test]
fn a_session_without_lock_delay_leaves_none_behind_and_a_long_one_is_cut() {
    let mut world = World::with_sessions(1);
    for (number, delay, kept) in [(5, 0, None), (6, 70, Some(60))] {
        let wanted = Session { lock_delay: GoDuration::from_secs(delay), ..session(number) };
        world.run(Command::SessionCreate(Box::new(wanted))).unwrap();
        world.write(lock("k", number, "a")).unwrap();
        world.run(Command::SessionDestroy(sid(number))).unwrap();
        let delays: Vec<_> = world.state.lock_delays().map(|(_, delay)| delay.duration().as_secs()).collect();
        assert_eq!(delays, Vec::from_iter(kept));
    }
}

#[test]
fn an_expiry_is_void_for_another_session_and_from_another_keeper() {
    let mut world = World::with_sessions(1);
    let keeper = uuid::Uuid::from_u128(7);
    world.run(Command::Timekeeper(keeper)).unwrap();
    let modify_index = world.view().session(sid(1)).unwrap().modify_index;
    let expire = |modify_index, keeper| Command::SessionExpire { session: sid(1), modify_index, keeper };
    world.run(expire(modify_index, uuid::Uuid::nil())).unwrap();
    world.run(expire(modify_index + 1, keeper)).unwrap();
    assert!(world.view().session(sid(1)).is_some());
    world.run(expire(modify_index, keeper)).unwrap();
    assert!(world.view().session(sid(1)).is_none());
}

#[test]
fn lists_are_in_byte_order_and_cut_at_the_separator() {
    let mut world = World::with_sessions(0);
    for key in ["dir/", "dir/a", "dir/b/x", "dir/b/y", "dir/bc", "other"] {
        world.write(set(key, "v")).unwrap();
    }
    let keys = |prefix: &str, separator: &str| {
        let keys = world.view().kv_keys(prefix, separator);
        keys.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(keys("dir/", "/"), ["dir/", "dir/a", "dir/b/", "dir/bc"]);
    assert_eq!(keys("dir", "/"), ["dir/"]);
    assert_eq!(keys("dir/b", ""), ["dir/b/x", "dir/b/y", "dir/bc"]);
    assert_eq!(keys("nosuch", "/"), Vec::<String>::new());
    assert_eq!(world.view().kv_list("dir/b").len(), 3);
}

#[test]
fn deletes_of_trees_take_string_prefixes() {
    let mut world = World::with_sessions(0);
    for key in ["dir/a", "dir/b", "dir/bc", "e"] {
        world.write(set(key, "v")).unwrap();
    }
    world.write(KvOp::new(KvVerb::DeleteTree, "dir/b")).unwrap();
    assert_eq!(world.view().kv_list("").len(), 2);
    world.write(KvOp::new(KvVerb::DeleteTree, "")).unwrap();
    assert_eq!(world.view().kv_list("").len(), 0);
}

/// Reported index, and index of the last change.
fn indexes(world: &World, ask: impl Fn(&weft_state::StateView<'_>)) -> (u64, u64) {
    let view = world.view();
    ask(&view);
    let reads = view.reads();
    (reads.index, reads.changed_at)
}

#[test]
fn indexes_of_keys_and_prefixes_are_consuls_and_outlive_tombstones() {
    let mut world = World::with_sessions(0);
    let key = |world: &World, key: &str| indexes(world, |view| drop(view.kv(key)));
    let prefix = |world: &World, prefix: &str| indexes(world, |view| drop(view.kv_list(prefix)));
    assert_eq!(key(&world, "a/1").0, 1);
    world.write(set("a/1", "v")).unwrap();
    let first = world.index();
    world.write(set("a/2", "v")).unwrap();
    let second = world.index();
    world.write(set("b", "v")).unwrap();
    let third = world.index();
    assert_eq!(key(&world, "a/1"), (first, first));
    assert_eq!(prefix(&world, "a/"), (second, second));
    assert_eq!(prefix(&world, ""), (third, third));
    // Missing: the table's index is reported, and nothing has changed.
    assert_eq!(key(&world, "nosuch"), (third, 0));
    assert_eq!(prefix(&world, "nosuch"), (third, 0));
    world.write(KvOp::new(KvVerb::Delete, "a/2")).unwrap();
    let removed = world.index();
    assert_eq!(key(&world, "a/2"), (removed, removed));
    assert_eq!(prefix(&world, "a/"), (removed, removed));
    world.write(set("c", "v")).unwrap();
    let last = world.index();
    assert_eq!(prefix(&world, "a/"), (removed, removed));
    assert_eq!(world.run(Command::KvReap { upto: removed }), Ok(Reply::Done));
    // Forgotten, and still nobody who asks with a former index is left waiting.
    assert_eq!(prefix(&world, "a/"), (removed, removed));
    assert_eq!(key(&world, "a/2"), (last, removed));
    assert_eq!(prefix(&world, "a/2"), (last, removed));
    assert!(!world.state.has_tombstones(u64::MAX));
}

#[test]
fn autopilots_settings_are_replaced_as_they_were_read() {
    let mut world = World::with_sessions(0);
    let defaults = world.view().autopilot();
    assert_eq!((defaults.modify_index, defaults.value.max_trailing_logs), (0, 250));
    let put = |cas, min_quorum| {
        let config = weft_model::autopilot::AutopilotConfig { min_quorum, ..Default::default() };
        Command::AutopilotSet { config, cas }
    };
    assert_eq!(world.run(put(Some(3), 1)), Ok(Reply::Swapped(false)));
    assert_eq!(world.run(put(Some(0), 1)), Ok(Reply::Swapped(true)));
    let index = world.index();
    assert_eq!(world.view().autopilot().modify_index, index);
    assert_eq!(world.run(put(None, 1)), Ok(Reply::Swapped(true)));
    assert_eq!(world.view().autopilot().modify_index, index);
    assert_eq!(world.run(put(Some(index), 3)), Ok(Reply::Swapped(true)));
    assert_eq!(world.view().autopilot().value.min_quorum, 3);
}
