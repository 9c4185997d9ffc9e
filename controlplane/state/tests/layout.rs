//! What a state looks like to its hash. Servers of two versions only compare their hashes when they hash
//! the same form.
#![allow(clippy::unwrap_used)]

mod support;

use support::extras::{event, place, query};
use support::sessions::{World, lock, session, set};
use support::{check_of, with_ca};
use weft_model::autopilot::AutopilotConfig;
use weft_model::config_entry::ServiceDefaults;
use weft_model::health::CheckStatus;
use weft_model::{Command, GoDuration, KvOp, Session, TxnOp};

/// Of the state below. Whoever changes it raises `LAYOUT` in `hashes.rs` of weft-raft by one: otherwise servers
/// take each other for broken during an upgrade.
const KNOWN: &str = "7d763e7d7d88a60c2eced1f7ac8fac4ceece3a0205c4524e1fe4ef322579caab";

#[test]
fn a_state_of_another_form_has_another_layout() {
    let mut world = World { state: with_ca() };
    let defaults = ServiceDefaults { name: "web".into(), protocol: "http".into(), ..ServiceDefaults::default() };
    let mut commands = vec![
        support::register("n1", "web", "web"),
        Command::ConfigUpsert { entry: Box::new(defaults.into()), cas: None },
        Command::AutopilotSet { config: AutopilotConfig::default(), cas: None },
        Command::QueryCreate(Box::new(query(1, "q"))),
        Command::CoordinatesUpdate(vec![place("n1", 0.5)]),
        Command::EventFire(Box::new(event(1))),
        Command::Kv(set("a", "v")),
        Command::Kv(KvOp::new(weft_model::kv::KvVerb::Delete, "a")),
        Command::Txn(vec![TxnOp::Kv(set("b", "v"))]),
        Command::Once { id: uuid::Uuid::from_u128(7), command: Box::new(Command::Kv(set("c", "v"))) },
    ];
    let timed = Session { ttl: Some(GoDuration::from_secs(10)), ttl_text: "10s".to_owned(), ..session(1) };
    commands.extend([timed, session(2)].map(|session| Command::SessionCreate(Box::new(session))));
    commands.extend([lock("d", 1, "v"), lock("e", 2, "v")].map(Command::Kv));
    commands.push(Command::SessionDestroy(support::sessions::sid(2)));
    for command in commands {
        world.run(command).unwrap();
    }
    let Command::Register(mut checked) = support::register("n1", "web", "web") else { panic!() };
    checked.checks.push(check_of("n1", "c1", "", CheckStatus::Passing));
    world.run(Command::Register(checked)).unwrap();

    let hash: String = world.state.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, KNOWN, "raise LAYOUT in weft-raft, then write the new hash down here");
}
