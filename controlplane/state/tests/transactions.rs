//! Transactions: all operations that fail are named, in Consul 1.8.7's words, and nothing has happened.
#![allow(clippy::unwrap_used)]

mod support;

use support::sessions::{World, lock, set, sid, unlock};
use support::{Answers, check_of};
use weft_model::catalog::{Node, Service};
use weft_model::health::CheckStatus;
use weft_model::kv::KvVerb;
use weft_model::txn::{CatalogVerb, TxnOutcome};
use weft_model::{Command, KvOp, Reply, TxnOp, TxnResult};

fn txn(world: &mut World, ops: impl IntoIterator<Item = TxnOp>) -> TxnOutcome {
    let reply = world.run(Command::Txn(ops.into_iter().collect())).unwrap();
    let Reply::Txn(outcome) = reply else { panic!("{reply:?}") };
    outcome
}

fn kv(verb: KvVerb, key: &str) -> TxnOp {
    TxnOp::Kv(KvOp::new(verb, key))
}

fn node(verb: CatalogVerb, name: &str) -> TxnOp {
    let node = Node { name: name.into(), address: "10.0.0.9".into(), ..Node::default() };
    TxnOp::Node { verb, node: Box::new(node) }
}

fn service(verb: CatalogVerb, on: &str, id: &str) -> TxnOp {
    let service = Service { id: id.into(), name: id.into(), ..Service::default() };
    TxnOp::Service { verb, node: on.into(), service: Box::new(service) }
}

fn check(verb: CatalogVerb, on: &str, id: &str, service: &str) -> TxnOp {
    TxnOp::Check { verb, check: Box::new(check_of(on, id, service, CheckStatus::Passing)) }
}

/// A world with a key, one that is locked, and the node `n1` with the instance `web`.
fn world() -> World {
    let mut world = World::with_sessions(2);
    world.write(set("k", "v")).unwrap();
    world.write(lock("locked", 1, "v")).unwrap();
    world
}

#[test]
fn every_operation_that_fails_is_named_and_nothing_has_happened() {
    let mut world = world();
    let before = Answers::of(&world.state).0;
    let unknown = format!("invalid session \"{}\"", sid(9));
    let held = format!("failed session check for key \"locked\", current session \"{}\" != \"{}\"", sid(1), sid(2));
    let index = world.view().kv("k").unwrap().modify_index;
    let stale = format!("failed index check for key \"k\", current modify index {index} != 7777");
    let (cas, delete_cas) = (CatalogVerb::Cas { index: 77 }, CatalogVerb::DeleteCas { index: 77 });
    let cases: Vec<(TxnOp, &str)> = vec![
        (kv(KvVerb::Get, "nope"), "key \"nope\" doesn't exist"),
        (kv(KvVerb::Cas { index: 7 }, "k"), "failed to set key \"k\", index is stale"),
        (kv(KvVerb::DeleteCas { index: 7 }, "k"), "failed to delete key \"k\", index is stale"),
        (TxnOp::Kv(lock("locked", 2, "w")), "failed to lock key \"locked\", lock is already held"),
        (TxnOp::Kv(lock("k", 9, "w")), &unknown),
        (
            TxnOp::Kv(unlock("locked", 2)),
            "failed to unlock key \"locked\", lock isn't held, or is held by another session",
        ),
        (kv(KvVerb::CheckNotExists, "k"), "key \"k\" exists"),
        (kv(KvVerb::CheckIndex { index: 7777 }, "k"), &stale),
        (kv(KvVerb::CheckIndex { index: 7 }, "nope"), "failed to check index, key \"nope\" doesn't exist"),
        (kv(KvVerb::CheckSession { session: Some(sid(2)) }, "locked"), &held),
        (kv(KvVerb::CheckSession { session: None }, "nope"), "failed to check session, key \"nope\" doesn't exist"),
        (TxnOp::Invalid("unknown KV verb \"bogus\"".into()), "unknown KV verb \"bogus\""),
        (node(CatalogVerb::Get, "nope"), "node \"nope\" doesn't exist"),
        (node(cas, "n1"), "failed to set node \"n1\", index is stale"),
        (node(delete_cas, "n1"), "failed to delete node \"n1\", index is stale"),
        (service(CatalogVerb::Get, "n1", "nope"), "service \"nope\" on node \"n1\" doesn't exist"),
        (service(cas, "n1", "web"), "failed to set service \"web\" on node \"n1\", index is stale"),
        (service(delete_cas, "n1", "web"), "failed to delete service \"web\" on node \"n1\", index is stale"),
        (service(CatalogVerb::Set, "nope", "web"), "Missing node registration"),
        (check(CatalogVerb::Get, "n1", "nope", ""), "check \"nope\" on node \"n1\" doesn't exist"),
        (check(cas, "n1", "c", ""), "failed to set check \"c\" on node \"n1\", index is stale"),
        (check(delete_cas, "n1", "c", ""), "failed to delete check \"c\" on node \"n1\", index is stale"),
        (check(CatalogVerb::Set, "nope", "c", ""), "Missing node registration"),
    ];
    let mut ops: Vec<TxnOp> = cases.iter().map(|(op, _)| op.clone()).collect();
    ops.push(TxnOp::Kv(set("new", "v")));
    let errors = txn(&mut world, ops).unwrap_err();
    for (position, (error, (op, text))) in errors.iter().zip(&cases).enumerate() {
        assert_eq!((error.op, error.what.as_str()), (position, *text), "{op:?}");
    }
    assert_eq!(errors.len(), cases.len());
    assert_eq!(Answers::of(&world.state).0, before);
}

#[test]
fn what_is_unfit_is_refused_before_anything_is_tried() {
    let mut world = world();
    world.run(Command::SessionDestroy(sid(1))).unwrap();
    let mut nameless = service(CatalogVerb::Delete, "n1", "web");
    if let TxnOp::Service { service, .. } = &mut nameless {
        service.name = "".into();
    }
    let ops = [kv(KvVerb::Get, "nope"), TxnOp::Kv(lock("locked", 2, "w")), TxnOp::Kv(set("", "v")), nameless];
    let errors = txn(&mut world, ops).unwrap_err();
    let texts: Vec<_> = errors.iter().map(|error| (error.op, error.what.as_str())).collect();
    let expected = [
        (1, "failed to lock key \"locked\" due to lock delay"),
        (2, "Must provide key"),
        (3, "Must provide service name with ID"),
    ];
    assert_eq!(texts, expected);
}

#[test]
fn only_gets_give_values_and_deletes_give_nothing() {
    let mut world = world();
    let ops = [
        TxnOp::Kv(set("a/1", "one")),
        TxnOp::Kv(set("a/2", "two")),
        kv(KvVerb::GetTree, "a/"),
        kv(KvVerb::Get, "k"),
        kv(KvVerb::GetOrEmpty, "nope"),
        kv(KvVerb::CheckNotExists, "nope"),
        kv(KvVerb::DeleteTree, "a/"),
        kv(KvVerb::Delete, "k"),
        TxnOp::Kv(lock("locked", 1, "w")),
    ];
    let results = txn(&mut world, ops).unwrap();
    let rows: Vec<_> = results
        .iter()
        .map(|result| {
            let TxnResult::Kv { key, entry } = result else { panic!("{result:?}") };
            (key.to_string(), String::from_utf8(entry.value.value.to_vec()).unwrap())
        })
        .collect();
    let expected = [("a/1", ""), ("a/2", ""), ("a/1", "one"), ("a/2", "two"), ("k", "v"), ("nope", ""), ("locked", "")];
    assert_eq!(rows, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let keys: Vec<_> = world.view().kv_keys("", "").iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["locked"]);
}

#[test]
fn nodes_instances_and_checks_are_written_together_with_keys() {
    let mut world = world();
    let ops = [
        node(CatalogVerb::Cas { index: 0 }, "n2"),
        service(CatalogVerb::Set, "n2", "db"),
        check(CatalogVerb::Set, "n2", "c", "db"),
        TxnOp::Kv(set("who", "n2")),
    ];
    assert_eq!(txn(&mut world, ops).unwrap().len(), 4);
    let at = world.index();
    let view = world.view();
    let instance = view.instance(&"n2".into(), &"db".into()).unwrap();
    assert_eq!((instance.node.modify_index, instance.service.modify_index), (at, at));
    assert_eq!((instance.checks[0].modify_index, view.kv("who").unwrap().modify_index), (at, at));
    let ops = [
        check(CatalogVerb::DeleteCas { index: at }, "n2", "c", ""),
        service(CatalogVerb::DeleteCas { index: at }, "n2", "db"),
        node(CatalogVerb::DeleteCas { index: at }, "n2"),
    ];
    assert_eq!(txn(&mut world, ops).unwrap(), []);
    assert!(world.view().node(&"n2".into()).is_none());
}

#[test]
fn a_transaction_that_only_reads_needs_no_log() {
    let world = world();
    let view = world.view();
    let found = view.read_txn(&[kv(KvVerb::Get, "k"), node(CatalogVerb::Get, "n1")]).unwrap();
    assert_eq!(found.len(), 2);
    let errors = view.read_txn(&[kv(KvVerb::Get, "nope"), kv(KvVerb::Get, "k")]).unwrap_err();
    assert_eq!(errors[0].what, "key \"nope\" doesn't exist");
    assert!(view.read_txn(&[TxnOp::Kv(set("k", "v"))]).is_err());
}
