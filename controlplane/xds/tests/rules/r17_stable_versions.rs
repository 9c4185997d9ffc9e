//! Rule 17: the same content has the same version everywhere and always.

use std::collections::HashMap;

use weft_proto::any;
use weft_proto::envoy::cluster::Cluster;
use weft_proto::envoy::core::Metadata;
use weft_proto::google::protobuf::{Struct, Value, value::Kind};
use weft_xds::set::{Resource, ResourceSet, Version};

use crate::support::{kind, resource, set};

#[test]
fn versions_are_the_same_in_every_build() {
    // Written down once. If this fails, every proxy is sent everything when servers are upgraded.
    assert_eq!(Version::of(b"weft").to_string(), "e627e2237f44543d");
    assert_eq!(resource("cds/a=1>eds/a").version().to_string(), "39769de36b0d74b4");
    assert_eq!(set("cds/a=1 cds/b=2").version(kind("cds")).to_string(), "bbaff7f787c72e7d");
}

#[test]
fn the_version_of_a_set_does_not_depend_on_how_it_came_about() {
    let straight = set("cds/a=1 cds/b=2");
    let mut winding = set("cds/b=1 cds/c=1 cds/a=1");
    winding.insert(resource("cds/b=2"));
    winding.remove(kind("cds"), "c");
    assert_eq!(straight, winding);
    assert_eq!(straight.version(kind("cds")), winding.version(kind("cds")));
    let names_swapped = set("cds/a=2 cds/b=1");
    assert_ne!(straight.version(kind("cds")), names_swapped.version(kind("cds")));
    assert_ne!(straight.version(kind("cds")), ResourceSet::default().version(kind("cds")));
}

#[test]
fn maps_are_encoded_in_one_order() {
    let versions = (0..64).map(|_| Resource::of(&with_maps()).version());
    let distinct: std::collections::HashSet<_> = versions.collect();
    assert_eq!(distinct.len(), 1, "each HashMap has an order of its own");
}

/// Maps in a map, in an `Any` in a map, each built anew.
fn with_maps() -> Cluster {
    let fields = |prefix: &str| Struct {
        fields: (0..8)
            .map(|n| {
                let text = Kind::StringValue(format!("value {n}"));
                (format!("{prefix}{n}"), Value { kind: Some(text) })
            })
            .collect(),
    };
    let metadata = Metadata {
        filter_metadata: ["x", "y", "z"].map(|name| (name.to_owned(), fields(name))).into(),
        ..Metadata::default()
    };
    let options = ["p", "q"].map(|name| (name.to_owned(), any(&metadata)));
    Cluster {
        name: "a".into(),
        metadata: Some(metadata.clone()),
        typed_extension_protocol_options: HashMap::from(options),
        ..Cluster::default()
    }
}
