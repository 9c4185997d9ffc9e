//! Laws that hold for every history.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weft_mesh::{ProxyId, ProxySnapshot};
use weft_model::Command;
use weft_model::catalog::{Node, Proxy, Service, ServiceKind, Upstream};
use weft_model::command::{IntentionForm, IntentionWrite, Target};
use weft_model::config_entry::{ConfigEntry, Mesh, ProxyDefaults, ServiceDefaults, UpstreamConfig, UpstreamDefaults};
use weft_model::health::{Check, CheckStatus, Definition};
use weft_model::intention::{Action, DefaultPolicy};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_state::{State, StateView};
use weft_xds::resources::{ProxyCompiler, SharedResources, build};
use weft_xds::set::{ResourceSet, ResourceType};

use crate::authority;
use crate::world::{scope, step};

const NAMES: [&str; 3] = ["api", "web", "db"];
const PROXIES: [(&str, &str); 3] = [("n1", "web-proxy"), ("n1", "api-proxy"), ("n2", "api-proxy")];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Recompiling everything equals recompiling the woken.
    #[test]
    fn what_was_woken_is_all_that_changed(history in prop::collection::vec(command(), 1..40)) {
        let shared = SharedResources::new(scope(DefaultPolicy::Deny));
        let mut compilers: Vec<_> = PROXIES.iter().map(|proxy| ProxyCompiler::new(shared.clone(), id(proxy))).collect();
        let (mut state, _) = step(&State::default(), 1, ca());
        for compiler in &mut compilers {
            let _ = compiler.update(&state, &BTreeSet::new());
        }
        for (index, command) in (2u64..).zip(history) {
            let (next, changes) = step(&state, index, command);
            state = next;
            for compiler in &mut compilers {
                let fired: BTreeSet<_> = compiler.topics().intersection(&changes.0).cloned().collect();
                if !fired.is_empty() {
                    let _ = compiler.update(&state, &fired);
                }
                if let Some(service) = compiler.service().cloned() {
                    let _ = compiler.set_leaf(&authority::fixed_leaf(service.as_str()));
                    let anew = anew(&state, compiler.proxy());
                    prop_assert_eq!(without_leaf(compiler.resources()), anew, "{}", compiler.proxy());
                }
            }
        }
    }
}

/// Everything from the start, with nothing remembered.
fn anew(state: &State, proxy: &ProxyId) -> Option<ResourceSet> {
    let shared = SharedResources::new(scope(DefaultPolicy::Deny));
    let view = StateView::new(state);
    let snapshot = ProxySnapshot::of(shared.mesh(), &view, proxy).ok()?;
    Some(snapshot.plan.parts.iter().flat_map(|part| build(shared.mesh(), &view, part).resources).collect())
}

fn without_leaf(set: Option<&ResourceSet>) -> Option<ResourceSet> {
    let mut set = set?.clone();
    assert!(set.remove(ResourceType::Secret, "leaf"));
    Some(set)
}

/// However many services and streams there are, a changed instance is built into endpoints once.
#[test]
fn a_changed_instance_is_built_once_for_all_streams() {
    for services in [5, 50] {
        let shared = SharedResources::new(scope(DefaultPolicy::Allow));
        let (mut state, _) = step(&State::default(), 1, ca());
        let mut index = 1;
        let mut write = |state: &State, command| {
            index += 1;
            step(state, index, command)
        };
        for service in 0..services {
            state = write(&state, sidecar("n1", &format!("s{service}"), "10.0.0.1", 80, &["api"])).0;
        }
        state = write(&state, sidecar("n2", "api", "10.0.0.2", 80, &[])).0;
        let mut compilers: Vec<_> = (0..services)
            .map(|service| ProxyCompiler::new(shared.clone(), id(&("n1", &format!("s{service}-proxy")))))
            .collect();
        for compiler in &mut compilers {
            let _ = compiler.update(&state, &BTreeSet::new());
            let service = compiler.service().unwrap().clone();
            assert!(compiler.set_leaf(&authority::fixed_leaf(service.as_str())).resources);
        }
        let before = shared.builds();
        let (state, changes) = write(&state, sidecar("n3", "api", "10.0.0.3", 80, &[]));
        for compiler in &mut compilers {
            let fired: BTreeSet<_> = compiler.topics().intersection(&changes.0).cloned().collect();
            assert_eq!(fired.len(), 1);
            assert!(compiler.update(&state, &fired).resources);
        }
        assert_eq!(shared.builds() - before, 1);
    }
}

/// A proxy keeps what it has when its registration goes, and gets nothing before it is complete.
#[test]
fn an_incomplete_set_is_never_offered() {
    let shared = SharedResources::new(scope(DefaultPolicy::Allow));
    let mut compiler = ProxyCompiler::new(shared, id(&("n1", "web-proxy")));
    let mut state = State::default();
    let mut index = 0;
    let mut run = |compiler: &mut ProxyCompiler, command| {
        index += 1;
        let (next, changes) = step(&state, index, command);
        state = next;
        compiler.update(&state, &changes.0)
    };
    assert!(!run(&mut compiler, sidecar("n1", "web", "10.0.0.1", 80, &["api"])).resources, "nobody is trusted");
    assert!(!compiler.set_leaf(&authority::fixed_leaf("web")).resources);
    assert!(run(&mut compiler, ca()).resources);
    assert!(!compiler.set_leaf(&authority::fixed_leaf("api")).resources, "another service's certificate");
    assert!(!compiler.set_leaf(&authority::fixed_leaf("web")).resources, "nothing new");
    let full = compiler.resources().unwrap().clone();
    let gone = Command::Deregister { node: "n1".into(), target: Target::Node };
    assert!(!run(&mut compiler, gone).resources);
    assert_eq!(compiler.resources(), Some(&full));
    assert_eq!(compiler.service(), None);
}

fn id((node, id): &(&str, &str)) -> ProxyId {
    ProxyId { node: (*node).into(), id: (*id).into() }
}

fn ca() -> Command {
    Command::CaUpdate { expected_modify_index: 0, ca: Box::new(authority::fixed()) }
}

/// The registration of a service's sidecar.
fn sidecar(node: &str, service: &str, address: &str, port: u16, upstreams: &[&str]) -> Command {
    let upstreams = (9000u16..).zip(upstreams).map(|(local_bind_port, name)| Upstream {
        destination_name: (*name).into(),
        local_bind_port,
        ..Upstream::default()
    });
    let proxy = Proxy {
        destination_service_name: service.into(),
        local_service_port: 8080,
        upstreams: upstreams.collect(),
        ..Proxy::default()
    };
    register(node, &format!("{service}-proxy"), address, port, Some(proxy))
}

fn register(node: &str, id: &str, address: &str, port: u16, proxy: Option<Proxy>) -> Command {
    let service = Service {
        kind: if proxy.is_some() { ServiceKind::ConnectProxy } else { ServiceKind::Typical },
        id: id.into(),
        name: id.into(),
        address: address.into(),
        port,
        proxy: proxy.map(Box::new),
        ..Service::default()
    };
    let node = Node { name: node.into(), address: "10.9.9.9".into(), datacenter: "dc1".into(), ..Node::default() };
    Command::Register(Box::new(Registration {
        node,
        services: vec![ServiceRegistration { service, ..ServiceRegistration::default() }],
        ..Registration::default()
    }))
}

fn command() -> impl Strategy<Value = Command> {
    let name = || prop::sample::select(&NAMES[..]);
    let node = || prop::sample::select(&["n1", "n2"][..]);
    let upstreams = prop::sample::subsequence(&NAMES[..], 0..=2);
    let address = prop::sample::select(&["", "10.0.0.1", "not-an-ip"][..]);
    let port = prop::sample::select(&[0u16, 80, 81, 9000][..]);
    prop_oneof![
        4 => (node(), name(), address, port, upstreams).prop_map(|(node, service, address, port, upstreams)| {
            sidecar(node, service, address, port, &upstreams)
        }),
        1 => (node(), name()).prop_map(|(node, service)| register(node, &format!("{service}-proxy"), "", 80, None)),
        1 => (node(), name()).prop_map(|(node, service)| Command::Deregister {
            node: node.into(),
            target: Target::Service(format!("{service}-proxy").into()),
        }),
        2 => (node(), name(), status()).prop_map(|(node, service, status)| check(node, service, status)),
        3 => config().prop_map(|entry| Command::ConfigUpsert { entry: Box::new(entry), cas: None }),
        1 => (name(), prop::sample::select(&["service-defaults", "mesh", "proxy-defaults"][..])).prop_map(|(name, kind)| {
            let name = if kind == "mesh" { "mesh" } else if kind == "proxy-defaults" { "global" } else { name };
            let kind = weft_model::config_entry::Kind::parse(kind).unwrap();
            Command::ConfigDelete { kind, name: name.into(), cas: None }
        }),
        3 => (name(), name(), any::<bool>()).prop_map(|(source, destination, allow)| {
            Command::IntentionUpsert(Box::new(IntentionWrite {
                source: source.into(),
                destination: destination.into(),
                action: Some(if allow { Action::Allow } else { Action::Deny }),
                permissions: vec![],
                description: String::new(),
                form: IntentionForm::Exact,
            }))
        }),
    ]
}

fn status() -> impl Strategy<Value = CheckStatus> {
    prop::sample::select(&[CheckStatus::Passing, CheckStatus::Warning, CheckStatus::Critical][..])
}

fn check(node: &str, service: &str, status: CheckStatus) -> Command {
    let check = Check {
        node: node.into(),
        id: format!("{service}-check").as_str().into(),
        name: String::new(),
        status,
        notes: String::new(),
        output: String::new(),
        service_id: format!("{service}-proxy").as_str().into(),
        service_name: "".into(),
        service_tags: vec![],
        kind: String::new(),
        definition: Definition::default(),
        definition_public: false,
    };
    let node = Node { name: node.into(), address: "10.9.9.9".into(), datacenter: "dc1".into(), ..Node::default() };
    Command::Register(Box::new(Registration { node, checks: vec![check], ..Registration::default() }))
}

fn config() -> impl Strategy<Value = ConfigEntry> {
    let name = prop::sample::select(&["api", "web", "db"][..]);
    let protocol = prop::sample::select(&["", "tcp", "http", "grpc"][..]);
    let timeout = prop::sample::select(&[0u64, 100][..]);
    let defaults = (name, protocol, timeout).prop_map(|(name, protocol, timeout)| {
        let settings = UpstreamDefaults { connect_timeout_ms: timeout, ..UpstreamDefaults::default() };
        let upstreams = UpstreamConfig { defaults: Some(settings), ..UpstreamConfig::default() };
        ServiceDefaults {
            name: name.into(),
            protocol: protocol.into(),
            local_connect_timeout_ms: timeout,
            upstream_config: Some(upstreams),
            ..ServiceDefaults::default()
        }
    });
    let general = prop::sample::select(&["http", "tcp"][..]).prop_map(|protocol| {
        let mut entry = ProxyDefaults { name: "global".into(), ..ProxyDefaults::default() };
        entry.config.insert("protocol".into(), protocol.into());
        entry
    });
    let mesh = any::<bool>().prop_map(|drop| {
        let http = weft_model::config_entry::HttpConfig { sanitize_x_forwarded_client_cert: drop, incoming: None };
        Mesh { http: Some(http), ..Mesh::default() }
    });
    prop_oneof![
        3 => defaults.prop_map(ConfigEntry::from),
        1 => general.prop_map(ConfigEntry::from),
        1 => mesh.prop_map(ConfigEntry::from),
    ]
}
