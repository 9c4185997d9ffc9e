//! Envoy accepts everything that we make.

use std::collections::BTreeSet;
use std::path::Path;

use prost::Message as _;
use weft_proto::envoy::listener::Listener;
use weft_proto::google::protobuf::BoolValue;
use weft_xds::resources::ProxyCompiler;
use weft_xds::set::{Resource, ResourceSet, ResourceType};

use crate::authority;
use crate::proxy::Envoy;
use crate::world::Case;

#[tokio::test]
async fn envoy_accepts_every_recorded_case() {
    let envoy = Envoy::start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut refused = Vec::new();
    for folder in folders {
        let case = Case::parse(&std::fs::read_to_string(folder.join("case.json")).unwrap());
        let ca = authority::real();
        let state = case.state(ca.clone());
        for proxy in case.proxy_ids() {
            let mut compiler = ProxyCompiler::new(case.shared(), proxy);
            let _ = compiler.update(&state, &BTreeSet::new());
            let service = compiler.service().unwrap().clone();
            let _ = compiler.set_leaf(&authority::real_leaf(&ca, service.as_str()));
            if let Err(reason) = envoy.take(unbound(compiler.resources().unwrap())).await {
                refused.push(format!("{} of {}: {reason}", compiler.proxy(), folder.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{}\n{}", refused.join("\n"), envoy.log());
    assert!(!envoy.log().contains("Deprecated"), "{}", envoy.log());
}

/// The set with listeners that open no port: those of the cases may be taken here.
fn unbound(set: &ResourceSet) -> ResourceSet {
    let mut unbound = set.clone();
    for resource in set.iter(ResourceType::Listener) {
        let mut listener = Listener::decode(&resource.body()[..]).unwrap();
        listener.bind_to_port = Some(BoolValue { value: false });
        unbound.insert(Resource::of(&listener));
    }
    unbound
}
