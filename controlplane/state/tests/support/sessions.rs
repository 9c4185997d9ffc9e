//! A small world of keys and sessions, and short names for what is done in it.

use proptest::prelude::*;
use weft_model::health::CheckStatus;
use weft_model::kv::KvVerb;
use weft_model::session::Behavior;
use weft_model::{ApplyError, Command, GoDuration, KvOp, Reply, Session, SessionId};
use weft_state::{Outcome, State, StateView};

use super::{check_of, pick, register, run};

pub(crate) const KEYS: [&str; 6] = ["a", "a/b", "a/b/c", "a/bc", "b", "ä"];
pub(crate) const PREFIXES: [&str; 5] = ["", "a", "a/b", "a/b/", "nosuch"];

pub(crate) fn sid(number: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(number))
}

pub(crate) fn session(number: u128) -> Session {
    Session {
        id: sid(number),
        name: String::new(),
        node: "n1".into(),
        lock_delay: GoDuration::from_secs(15),
        behavior: Behavior::Release,
        ttl: None,
        ttl_text: String::new(),
        node_checks: vec![],
        service_checks: vec![],
    }
}

pub(crate) fn set(key: &str, value: &'static str) -> KvOp {
    KvOp::set(key, value)
}

pub(crate) fn lock(key: &str, session: u128, value: &'static str) -> KvOp {
    KvOp { verb: KvVerb::Lock { session: sid(session) }, ..set(key, value) }
}

pub(crate) fn unlock(key: &str, session: u128) -> KvOp {
    KvOp { verb: KvVerb::Unlock { session: sid(session) }, ..set(key, "") }
}

/// A state and what is done to it.
pub(crate) struct World {
    pub(crate) state: State,
}

impl World {
    /// The node `n1`, and sessions on it that depend on nothing else.
    pub(crate) fn with_sessions(count: u128) -> Self {
        let mut world = Self { state: State::default() };
        world.run(register("n1", "web", "web")).unwrap();
        for number in 1..=count {
            world.run(Command::SessionCreate(Box::new(session(number)))).unwrap();
        }
        world
    }

    pub(crate) fn apply(&mut self, command: Command) -> Outcome {
        let outcome = run(&self.state, self.state.index() + 1, command);
        self.state = outcome.state.clone();
        outcome
    }

    pub(crate) fn run(&mut self, command: Command) -> Result<Reply, ApplyError> {
        self.apply(command).reply
    }

    pub(crate) fn write(&mut self, op: KvOp) -> Result<bool, ApplyError> {
        let reply = self.run(Command::Kv(op))?;
        let Reply::Swapped(done) = reply else { panic!("{reply:?}") };
        Ok(done)
    }

    pub(crate) fn check(&mut self, id: &str, status: CheckStatus) {
        let Command::Register(mut registration) = register("n1", "web", "web") else { panic!() };
        registration.checks.push(check_of("n1", id, "", status));
        self.run(Command::Register(registration)).unwrap();
    }

    pub(crate) fn index(&self) -> u64 {
        self.state.index()
    }

    pub(crate) fn view(&self) -> StateView<'_> {
        StateView::new(&self.state)
    }
}

/// A random operation on a key, of those that write.
pub(crate) fn kv_op() -> impl Strategy<Value = KvOp> {
    let verb = prop_oneof![
        4 => Just(KvVerb::Set),
        2 => (0u64..12).prop_map(|index| KvVerb::Cas { index }),
        4 => (1u128..4).prop_map(|number| KvVerb::Lock { session: sid(number) }),
        2 => (1u128..4).prop_map(|number| KvVerb::Unlock { session: sid(number) }),
        2 => Just(KvVerb::Delete),
        1 => (0u64..12).prop_map(|index| KvVerb::DeleteCas { index }),
        1 => Just(KvVerb::DeleteTree),
    ];
    (verb, pick(&KEYS), pick(&["", "v", "w"]), 0u64..2).prop_map(|(verb, key, value, flags)| KvOp {
        verb,
        flags,
        ..set(key, value)
    })
}

/// A random operation that only reads.
pub(crate) fn read_op() -> impl Strategy<Value = KvOp> {
    let verb = prop_oneof![
        Just(KvVerb::Get),
        Just(KvVerb::GetTree),
        Just(KvVerb::GetOrEmpty),
        Just(KvVerb::CheckNotExists),
        (0u64..12).prop_map(|index| KvVerb::CheckIndex { index }),
        prop::option::of(1u128..4).prop_map(|number| KvVerb::CheckSession { session: number.map(sid) }),
    ];
    (verb, pick(&KEYS)).prop_map(|(verb, key)| KvOp::new(verb, key))
}

/// A random command about keys and sessions.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    let create = (
        1u128..4,
        pick(&super::NODES),
        pick(&["", "c1", "node"]),
        any::<bool>(),
        prop::sample::select(&[0u64, 15][..]),
    )
        .prop_map(|(number, node, check, deletes, delay)| {
            Command::SessionCreate(Box::new(Session {
                node: node.into(),
                node_checks: Some(check.into()).filter(|_| !check.is_empty()).into_iter().collect(),
                behavior: if deletes { Behavior::Delete } else { Behavior::Release },
                lock_delay: GoDuration::from_secs(delay),
                ..session(number)
            }))
        });
    prop_oneof![
        12 => kv_op().prop_map(Command::Kv),
        3 => super::extras::command(),
        4 => create,
        2 => (1u128..4).prop_map(|number| Command::SessionDestroy(sid(number))),
        1 => (1u128..4, 0u64..12).prop_map(|(number, modify_index)| Command::SessionExpire {
            session: sid(number),
            modify_index,
            keeper: uuid::Uuid::nil(),
        }),
        2 => (pick(&KEYS), 0u64..40).prop_map(|(key, since)| Command::LockDelayOver { key: key.into(), since }),
        1 => (0u64..40).prop_map(|upto| Command::KvReap { upto }),
        3 => prop::collection::vec(prop_oneof![3 => kv_op(), 1 => read_op()].prop_map(weft_model::TxnOp::Kv), 1..5)
            .prop_map(Command::Txn),
        1 => (0u64..3, prop::option::of(0u64..12)).prop_map(|(min_quorum, cas)| Command::AutopilotSet {
            config: weft_model::autopilot::AutopilotConfig { min_quorum, ..Default::default() },
            cas,
        }),
    ]
}
