//! What chains come to, and why they are refused; answers and texts as a real Consul gives them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

#[derive(Default)]
struct Written(BTreeMap<(Kind, String), Arc<ConfigEntry>>);

impl Entries for Written {
    fn entry(&self, kind: Kind, name: &str) -> Option<Arc<ConfigEntry>> {
        self.0.get(&(kind, name.to_owned())).cloned()
    }
}

fn written(documents: &[Value]) -> Written {
    let mut all = Written::default();
    for document in documents {
        let entry = ConfigEntry::decode(document.clone()).unwrap();
        entry.validate().unwrap();
        all.0.insert((entry.kind(), entry.name().to_owned()), Arc::new(entry));
    }
    all
}

fn request(service: &str, overrides: Overrides) -> Request {
    Request { service: service.to_owned(), datacenter: "dc1".into(), trust_domain: "td".to_owned(), overrides }
}

fn compiled(documents: &[Value], service: &str) -> Result<CompiledChain, String> {
    compile(&written(documents), &request(service, Overrides::default()))
}

fn http(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"Kind": "service-defaults", "Name": name, "Protocol": "http"})).collect()
}

/// A router, splitters of which one leads to the other, subsets and failover.
fn shop() -> Vec<Value> {
    let mut all = http(&["web", "api", "other"]);
    all.extend([
        json!({"Kind": "service-resolver", "Name": "web", "DefaultSubset": "v1", "ConnectTimeout": "3s",
            "Subsets": {"v1": {"Filter": "Service.Meta.version == v1"}, "v2": {"OnlyPassing": true}},
            "Failover": {"v1": {"Service": "api"}, "*": {"Datacenters": ["dc2", "dc3"]}}}),
        json!({"Kind": "service-splitter", "Name": "web",
            "Splits": [{"Weight": 90, "ServiceSubset": "v1"}, {"Weight": 10, "Service": "api"}]}),
        json!({"Kind": "service-splitter", "Name": "api", "Splits": [{"Weight": 50}, {"Weight": 50, "Service": "other"}]}),
        json!({"Kind": "service-router", "Name": "web", "Routes": [
            {"Match": {"HTTP": {"PathPrefix": "/a"}}, "Destination": {"Service": "api", "PrefixRewrite": "/"}},
            {"Match": {"HTTP": {"PathPrefix": "/v2"}}, "Destination": {"ServiceSubset": "v2"}}]}),
    ]);
    all
}

#[test]
fn a_service_of_which_nothing_is_written_is_its_own_target() {
    let chain = serde_json::to_value(compiled(&[], "web").unwrap()).unwrap();
    let (id, sni) = ("web.default.default.dc1", "web.default.dc1.internal.td");
    let expected = json!({
        "ServiceName": "web", "Namespace": "default", "Partition": "default", "Datacenter": "dc1", "Default": true,
        "Protocol": "tcp", "StartNode": format!("resolver:{id}"),
        "Nodes": {format!("resolver:{id}"): {"Type": "resolver", "Name": id,
            "Resolver": {"ConnectTimeout": "5s", "Default": true, "Target": id}}},
        "Targets": {id: {"ID": id, "Service": "web", "Namespace": "default", "Partition": "default", "Datacenter": "dc1",
            "MeshGateway": {}, "Subset": {}, "ConnectTimeout": "5s", "SNI": sni, "Name": sni}},
    });
    assert_eq!(chain, expected);
}

#[test]
fn routes_lead_to_splitters_whose_shares_are_flat_and_to_subsets_with_their_failover() {
    let chain = compiled(&shop(), "web").unwrap();
    assert_eq!((chain.start_node.as_str(), chain.protocol.as_str()), ("router:web.default.default", "http"));
    let routes: Vec<_> = chain.nodes["router:web.default.default"].next().collect();
    let subset = "resolver:v2.web.default.default.dc1";
    assert_eq!(routes, ["splitter:api.default.default", subset, "splitter:web.default.default"]);
    let splits = &chain.nodes["splitter:web.default.default"].splits;
    let shares: Vec<_> = splits.iter().map(|split| (split.weight, split.next_node.as_str())).collect();
    let [web, api, other] = ["v1.web", "api", "other"].map(|name| format!("resolver:{name}.default.default.dc1"));
    assert_eq!(shares, [(90.0, web.as_str()), (5.0, api.as_str()), (5.0, other.as_str())]);

    let resolver = |key: &str| chain.nodes[key].resolver.clone().unwrap();
    let steps_in = |key: &str| resolver(key).failover.map(|failover| failover.targets).unwrap_or_default();
    assert_eq!(steps_in(&web), ["api.default.default.dc1"]);
    assert_eq!(steps_in(subset), ["v2.web.default.default.dc2", "v2.web.default.default.dc3"]);
    assert_eq!(resolver(&web).connect_timeout, GoDuration::from_secs(3));
    assert!(resolver(&api).default && !resolver(&web).default && !chain.default);
    let ids = ["api", "other", "v1.web"].map(|name| format!("{name}.default.default.dc1"));
    let far = ["v2.web.default.default.dc1", "v2.web.default.default.dc2", "v2.web.default.default.dc3"];
    assert_eq!(
        chain.targets.keys().map(String::as_str).collect::<Vec<_>>(),
        [&ids.each_ref().map(String::as_str)[..], &far].concat()
    );
    assert!(chain.targets[far[1]].subset.only_passing);
}

#[test]
fn overrides_change_what_they_concern_and_are_told_by_a_hash() {
    let all = written(&shop());
    let with = |overrides| compile(&all, &request("web", overrides)).unwrap();
    let tcp = with(Overrides { protocol: "tcp".into(), ..Overrides::default() });
    assert_eq!((tcp.protocol.as_str(), tcp.start_node.as_str()), ("tcp", "resolver:v1.web.default.default.dc1"));
    let grpc = with(Overrides { protocol: "grpc".into(), ..Overrides::default() });
    assert_eq!((grpc.protocol.as_str(), grpc.start_node.as_str()), ("grpc", "router:web.default.default"));
    let same = with(Overrides { protocol: "http".into(), ..Overrides::default() });
    assert_eq!((grpc.customization_hash.len(), same.customization_hash.as_str()), (8, ""));
    assert_ne!(tcp.customization_hash, grpc.customization_hash);
    let timeout = with(Overrides { connect_timeout: Some(Duration::from_secs(1)), ..Overrides::default() });
    assert!(timeout.targets.values().all(|target| target.connect_timeout == GoDuration::from_secs(1)));
    let gateways = with(Overrides { mesh_gateway_mode: "remote".into(), ..Overrides::default() });
    let mode = |id: &str| gateways.targets[id].mesh_gateway.mode.as_str();
    assert_eq!((mode("v2.web.default.default.dc1"), mode("v2.web.default.default.dc2")), ("", "remote"));
}

#[test]
fn redirects_lead_elsewhere_and_one_to_itself_nowhere() {
    let resolver = |fields: Value| vec![json!({"Kind": "service-resolver", "Name": "a", "Redirect": fields})];
    let start = |fields| compiled(&resolver(fields), "a").unwrap().start_node;
    assert_eq!(start(json!({"Service": "b"})), "resolver:b.default.default.dc1");
    assert_eq!(start(json!({"Datacenter": "dc2"})), "resolver:a.default.default.dc2");
    assert_eq!(start(json!({"Service": "a"})), "resolver:a.default.default.dc1");
    let peer = compiled(&resolver(json!({"Service": "b", "Peer": "east"})), "a").unwrap();
    let target = &peer.targets["b.default.default.external.east"];
    assert_eq!((target.peer.as_str(), target.datacenter.as_str()), ("east", ""));
    let own = json!({"Kind": "service-resolver", "Name": "a", "Failover": {"*": {"Service": "a"}}});
    let chain = compiled(&[own], "a").unwrap();
    assert_eq!(
        chain.nodes[&chain.start_node].resolver.as_ref().unwrap().failover,
        None,
        "it cannot step in for itself"
    );
}

#[test]
fn what_contradicts_itself_is_refused_with_consuls_words() {
    let refused = |documents: &[Value], service: &str| compiled(documents, service).unwrap_err();
    let redirect =
        |name: &str, to: &str| json!({"Kind": "service-resolver", "Name": name, "Redirect": {"Service": to}});
    assert_eq!(
        refused(&[redirect("la", "lb"), redirect("lb", "la")], "lb"),
        "detected circular resolver redirect: [lb.default.default.dc1 -> la.default.default.dc1 -> lb.default.default.dc1]"
    );
    let halves = |name: &str, other: &str| json!({"Kind": "service-splitter", "Name": name, "Splits": [{"Weight": 50}, {"Weight": 50, "Service": other}]});
    let circle = [http(&["sa", "sb"]), vec![halves("sa", "sb"), halves("sb", "sa")]].concat();
    assert_eq!(
        refused(&circle, "sb"),
        "detected circular reference: [splitter:sb.default.default -> splitter:sa.default.default -> splitter:sb.default.default]"
    );
    let whole = json!({"Kind": "service-splitter", "Name": "web", "Splits": [{"Weight": 100}]});
    assert_eq!(
        refused(&[whole], "web"),
        "discovery chain \"web\" uses a protocol \"tcp\" that does not permit advanced routing or splitting behavior"
    );
    let uneven = [http(&["api"]), vec![halves("api", "other")]].concat();
    assert_eq!(
        refused(&uneven, "api"),
        "discovery chain \"api\" uses inconsistent protocols; service \"other\" has \"tcp\" which is not \"http\""
    );
    let nowhere =
        json!({"Kind": "service-resolver", "Name": "fo", "Failover": {"*": {"Service": "x", "ServiceSubset": "q"}}});
    assert_eq!(refused(&[nowhere], "fo"), "service \"x\" does not have a subset named \"q\"");
    let outside = [
        json!({"Kind": "service-resolver", "Name": "fo", "Failover": {"*": {"Service": "x"}}}),
        json!({"Kind": "service-defaults", "Name": "fo", "ExternalSNI": "x.example"}),
    ];
    assert_eq!(
        refused(&outside, "fo"),
        "service \"fo\" has an external SNI set; cannot define failover for external services"
    );
}

#[test]
fn chains_without_end_are_refused_before_they_are_made() {
    let names: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
    let steps = || names.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
    let redirects: Vec<_> = steps()
        .map(|(name, to)| json!({"Kind": "service-resolver", "Name": name, "Redirect": {"Service": to}}))
        .collect();
    assert_eq!(compiled(&redirects, "s0").unwrap_err(), "discovery chain \"s0\" has more than 64 redirects in a row");
    let mut splitters = http(&names.iter().map(String::as_str).collect::<Vec<_>>());
    splitters.extend(steps().map(|(name, to)| {
        json!({"Kind": "service-splitter", "Name": name, "Splits": [{"Weight": 50}, {"Weight": 50, "Service": to}]})
    }));
    assert_eq!(compiled(&splitters, "s0").unwrap_err(), "discovery chain \"s0\" has more than 64 splitters in a row");
    // Each half of a layer is split into both of the next one.
    let (left, right) = (|layer| format!("l{layer}"), |layer| format!("r{layer}"));
    let mut layers = Vec::new();
    for layer in 0..20 {
        for name in [left(layer), right(layer)] {
            layers.extend(http(&[&name, &left(layer + 1), &right(layer + 1)]));
            layers.push(json!({"Kind": "service-splitter", "Name": name,
                "Splits": [{"Weight": 50, "Service": left(layer + 1)}, {"Weight": 50, "Service": right(layer + 1)}]}));
        }
    }
    assert_eq!(compiled(&layers, "l0").unwrap_err(), "discovery chain \"l0\" comes to more than 4096 splits");
}

#[test]
fn a_change_concerns_all_chains_that_lead_there() {
    let all = written(
        &[shop(), vec![json!({"Kind": "service-resolver", "Name": "far", "Redirect": {"Service": "web"}})]].concat(),
    );
    let concerned = |kind, name: &str| {
        let routing = |kind: &Kind| matches!(kind, Kind::ServiceRouter | Kind::ServiceSplitter | Kind::ServiceResolver);
        let entries = all.0.iter().filter(|((kind, _), _)| routing(kind)).map(|(_, entry)| &**entry);
        affected(kind, name, entries).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(concerned(Kind::ServiceDefaults, "other"), ["api", "far", "other", "web"]);
    assert_eq!(concerned(Kind::ServiceResolver, "web"), ["far", "web"]);
    assert_eq!(concerned(Kind::ProxyDefaults, "global"), ["api", "far", "web"]);
    assert_eq!(concerned(Kind::Mesh, "mesh"), Vec::<String>::new());
}
