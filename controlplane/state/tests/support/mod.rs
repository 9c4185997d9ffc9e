//! Random commands over a small world, and every query asked at once.
// Each test binary uses a part of it.
#![allow(dead_code)]

pub(crate) mod extras;
pub(crate) mod sessions;

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;
use weft_model::ca::{CaRoot, CaState};
use weft_model::catalog::{Node, Proxy, Service, ServiceKind};
use weft_model::command::{IntentionForm, IntentionKey, IntentionWrite, Target};
use weft_model::config_entry::{ConfigEntry, Kind, ServiceDefaults, ServiceIntentions, Source};
use weft_model::health::{Check, CheckDefinition, CheckStatus};
use weft_model::intention::Action;
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{Outcome, Reads, State, StateView, apply};

/// The last two are one.
pub(crate) const NODES: [&str; 4] = ["n1", "n2", "n3", "N3"];
const NAMES: [&str; 4] = ["api", "db", "web", "*"];
const IDS: [&str; 4] = ["api", "api-2", "web", "web-sidecar-proxy"];

pub(crate) fn run(state: &State, index: u64, command: Command) -> Outcome {
    let id = RequestId { origin: 1, sequence: index };
    apply(state, index, &Envelope { id, settled: index, at: Timestamp(index.cast_signed()), command })
}

pub(crate) fn replay(history: &[Command]) -> State {
    let mut state = State::default();
    for (position, command) in history.iter().enumerate() {
        state = run(&state, position as u64 + 1, command.clone()).state;
    }
    state
}

pub(crate) fn with_ca() -> State {
    let root = CaRoot { active: true, serial_number: 3, ..CaRoot::default() };
    let ca = CaState { trust_domain: "t.consul".into(), roots: vec![root], ..CaState::default() };
    replay(&[Command::CaUpdate { expected_modify_index: 0, ca: Box::new(ca) }])
}

pub(crate) fn register(node: &str, id: &str, name: &str) -> Command {
    let service = Service { id: id.into(), name: name.into(), port: 80, ..Service::default() };
    Command::Register(Box::new(Registration {
        node: self::node(node, "10.0.0.1"),
        services: vec![ServiceRegistration { service, ..ServiceRegistration::default() }],
        ..Registration::default()
    }))
}

fn node(name: &str, address: &str) -> Node {
    Node { name: name.into(), address: address.into(), datacenter: "dc1".into(), ..Node::default() }
}

/// The answers of all queries with what they read.
pub(crate) struct Answers(pub(crate) BTreeMap<String, (String, Reads)>);

impl Answers {
    pub(crate) fn of(state: &State) -> Self {
        let mut answers = BTreeMap::new();
        let mut ask = |name: String, query: &dyn Fn(&StateView<'_>) -> String| {
            let view = StateView::new(state);
            let answer = query(&view);
            answers.insert(name, (answer, view.reads()));
        };
        ask("nodes".into(), &|view| format!("{:?}", view.nodes()));
        ask("services".into(), &|view| format!("{:?}", view.services(|_| true)));
        ask("proxies".into(), &|view| format!("{:?}", view.instances_of(ServiceKind::ConnectProxy)));
        ask("checks".into(), &|view| format!("{:?}", view.checks()));
        ask("intentions".into(), &|view| format!("{:?}", view.intentions()));
        ask("ca".into(), &|view| format!("{:?}", view.ca()));
        for kind in [Kind::ServiceDefaults, Kind::ServiceIntentions] {
            ask(format!("config {kind:?}"), &|view| format!("{:?}", view.config_entries(kind)));
        }
        for on in NODES {
            ask(format!("node {on}"), &|view| format!("{:?}", view.node(&on.into())));
            ask(format!("node services {on}"), &|view| format!("{:?}", view.node_services(&on.into())));
            for id in IDS {
                ask(format!("instance {on} {id}"), &|view| {
                    let instance = view.own_service(&on.into(), &id.into());
                    let address = instance.as_ref().and_then(|found| view.virtual_ip_of(&found.value));
                    format!("{instance:?} {address:?}")
                });
            }
            ask(format!("node checks {on}"), &|view| format!("{:?}", view.node_checks(&on.into())));
        }
        ask("sessions".into(), &|view| format!("{:?}", view.sessions()));
        ask("autopilot".into(), &|view| format!("{:?}", view.autopilot()));
        ask("queries".into(), &|view| format!("{:?}", view.queries()));
        for name in ["q", "geo-web", "other"] {
            ask(format!("query {name}"), &|view| format!("{:?}", view.resolve_query(name, "")));
        }
        ask("places".into(), &|view| format!("{:?}", view.coordinates()));
        ask("events".into(), &|view| format!("{:?}", view.events()));
        ask("delays".into(), &|view| {
            view.note(weft_model::Topic::LockDelays);
            format!("{:?}", state.lock_delays().collect::<Vec<_>>())
        });
        for number in 1..4 {
            ask(format!("session {number}"), &|view| format!("{:?}", view.session(sessions::sid(number))));
        }
        for on in NODES {
            ask(format!("sessions on {on}"), &|view| format!("{:?}", view.node_sessions(&on.into())));
        }
        for key in sessions::KEYS {
            ask(format!("key {key}"), &|view| format!("{:?}", view.kv(key)));
        }
        for prefix in sessions::PREFIXES {
            ask(format!("keys under {prefix}"), &|view| format!("{:?}", view.kv_list(prefix)));
            ask(format!("names under {prefix}"), &|view| format!("{:?}", view.kv_keys(prefix, "/")));
        }
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            let address: IpAddr = address.parse().unwrap();
            ask(format!("nodes at {address}"), &|view| format!("{:?}", view.nodes_at(address).collect::<Vec<_>>()));
            ask(format!("instances at {address}"), &|view| {
                format!("{:?}", view.instances_at(address).collect::<Vec<_>>())
            });
        }
        for name in NAMES {
            ask(format!("instances {name}"), &|view| format!("{:?}", view.instances(&name.into())));
            ask(format!("connect {name}"), &|view| format!("{:?}", view.connect_instances(&name.into())));
            ask(format!("virtual {name}"), &|view| {
                format!("{:?} {:?}", view.virtual_ip(&name.into()), view.chosen_ips(&name.into()))
            });
            ask(format!("intentions to {name}"), &|view| format!("{:?}", view.intentions_to(&name.into())));
            ask(format!("intentions from {name}"), &|view| format!("{:?}", view.intentions_from(&name.into())));
            ask(format!("defaults {name}"), &|view| format!("{:?}", view.service_defaults(name)));
        }
        Self(answers)
    }
}

/// A random command over a few nodes, names and ids, so that histories collide often.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => registration(),
        2 => (pick(&NODES), target()).prop_map(|(node, target)| Command::Deregister { node: node.into(), target }),
        2 => (pick(&NODES), pick(&["c1", "c2", "node"]), status(), pick(&["", "out"])).prop_map(
            |(node, check, status, output)| Command::UpdateCheck {
                node: node.into(),
                check: check.into(),
                status,
                output: output.into(),
            }
        ),
        2 => config_entry().prop_map(|entry| Command::ConfigUpsert { entry: Box::new(entry), cas: None }),
        1 => (pick(&NAMES), prop::option::of(0u64..10)).prop_map(|(name, cas)| Command::ConfigDelete {
            kind: Kind::ServiceIntentions,
            name: name.into(),
            cas,
        }),
        2 => intention_write(),
        1 => (pick(&NAMES), pick(&NAMES)).prop_map(|(source, destination)| {
            Command::IntentionDelete(IntentionKey::Exact { source: source.into(), destination: destination.into() })
        }),
        1 => pick(&NAMES).prop_map(|service| Command::CaIssue { service: service.into() }),
        12 => sessions::command(),
    ]
}

pub(crate) fn pick(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(from)
}

fn status() -> impl Strategy<Value = CheckStatus> {
    prop::sample::select(&[CheckStatus::Passing, CheckStatus::Warning, CheckStatus::Critical][..])
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::Node),
        pick(&IDS).prop_map(|id| Target::Service(id.into())),
        pick(&["c1", "c2", "node"]).prop_map(|id| Target::Check(id.into())),
    ]
}

fn registration() -> impl Strategy<Value = Command> {
    let instance = (pick(&IDS), pick(&NAMES[..3]), any::<bool>(), any::<bool>(), any::<bool>(), pick(&["", "t"]));
    let check = prop::option::of((pick(&["c1", "c2", "node"]), status(), any::<bool>()));
    (pick(&NODES), pick(&["10.0.0.1", "10.0.0.2"]), prop::option::of(instance), check, any::<bool>(), any::<bool>())
        .prop_map(|(on, address, instance, check, keep_status, skip_node_update)| {
            let services: Vec<_> = instance.iter().map(service).collect();
            let of = instance.map_or("", |instance| instance.0);
            let checks = check.map(|(id, status, service)| check_of(on, id, if service { of } else { "" }, status));
            Command::Register(Box::new(Registration {
                node: node(on, address),
                skip_node_update,
                services,
                checks: checks.into_iter().collect(),
                keep_status,
            }))
        })
}

type Draw = (&'static str, &'static str, bool, bool, bool, &'static str);

fn service((id, name, proxy, replace_checks, ranged, tag): &Draw) -> ServiceRegistration {
    let service = Service {
        kind: if *proxy { ServiceKind::ConnectProxy } else { ServiceKind::Typical },
        id: (*id).into(),
        name: (*name).into(),
        tags: vec![(*tag).into()],
        address: if *ranged { "10.0.0.3" } else { *tag }.into(),
        sidecar_of: proxy.then(|| "web".into()),
        proxy: proxy.then(|| Proxy { destination_service_name: (*name).into(), ..Proxy::default() }.into()),
        ..Service::default()
    };
    ServiceRegistration { service, replace_checks: *replace_checks, port_range: ranged.then_some((21000, 21001)) }
}

pub(crate) fn check_of(node: &str, id: &str, service: &str, status: CheckStatus) -> Check {
    Check {
        node: node.into(),
        id: id.into(),
        name: id.into(),
        status,
        notes: String::new(),
        output: String::new(),
        service_id: service.into(),
        service_name: "".into(),
        service_tags: vec![],
        kind: "tcp".into(),
        definition: CheckDefinition { tcp: "127.0.0.1:0".into(), ..CheckDefinition::default() }.into(),
        definition_public: false,
    }
}

fn config_entry() -> impl Strategy<Value = ConfigEntry> {
    let intentions =
        (pick(&NAMES), prop::collection::vec((pick(&NAMES), any::<bool>()), 1..3)).prop_map(|(name, sources)| {
            let sources = sources.into_iter().map(|(name, allow)| Source {
                name: name.into(),
                action: Some(if allow { Action::Allow } else { Action::Deny }),
                ..Source::default()
            });
            let mut entry =
                ServiceIntentions { name: name.into(), sources: sources.collect(), ..ServiceIntentions::default() };
            entry.normalize();
            entry.into()
        });
    let defaults = (pick(&NAMES), pick(&["http", "tcp"])).prop_map(|(name, protocol)| {
        ServiceDefaults { name: name.into(), protocol: protocol.into(), ..ServiceDefaults::default() }.into()
    });
    prop_oneof![intentions, defaults]
}

fn intention_write() -> impl Strategy<Value = Command> {
    let form = prop_oneof![
        Just(IntentionForm::Exact),
        pick(&["id1", "id2"]).prop_map(|id| IntentionForm::LegacyCreate { id: id.into(), meta: BTreeMap::default() }),
        pick(&["id1", "id2"]).prop_map(|id| IntentionForm::LegacyUpdate { id: id.into(), meta: BTreeMap::default() }),
    ];
    (pick(&NAMES), pick(&NAMES), any::<bool>(), form).prop_map(|(source, destination, allow, form)| {
        Command::IntentionUpsert(Box::new(IntentionWrite {
            source: source.into(),
            destination: destination.into(),
            action: Some(if allow { Action::Allow } else { Action::Deny }),
            permissions: vec![],
            description: String::new(),
            form,
        }))
    })
}
