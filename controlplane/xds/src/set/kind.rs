//! The resource types we serve, as one table. The rows stand in push order.

use std::ops::{Index, IndexMut};

use serde::Serialize;

/// A type of resource that a stream can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum ResourceType {
    /// Certificates, keys and trust bundles (SDS).
    Secret,
    /// Upstream clusters (CDS).
    Cluster,
    /// The endpoints of a cluster (EDS).
    ClusterLoadAssignment,
    /// Listeners (LDS).
    Listener,
    /// HTTP route tables (RDS).
    RouteConfiguration,
}

use ResourceType::{Cluster, ClusterLoadAssignment, Listener, RouteConfiguration, Secret};

/// What the protocol says about one type.
#[derive(Debug)]
pub struct Kind {
    /// The type this row is about.
    pub of: ResourceType,
    /// The short name used in logs and listings.
    pub short: &'static str,
    /// The type URL on the wire.
    pub type_url: &'static str,
    /// Whether a client may ask for all of them. In state of the world the same types are always sent
    /// whole, so that absence deletes.
    pub wildcard: bool,
    /// A new version of the parent makes Envoy wait for a fresh answer of this type (warming).
    pub parent: Option<ResourceType>,
    /// A resource waits until the client holds those of this type that it points to.
    pub points_to: Option<ResourceType>,
    /// Types that may still point here: a removal waits until they have settled.
    pub referrers: &'static [ResourceType],
}

/// One row a type, in push order: make before break. Secrets depend on nothing and a rotated one must
/// not queue behind anything; routes come when the clusters they name are there.
pub static KINDS: [Kind; 5] = [
    Kind {
        of: Secret,
        short: "sds",
        type_url: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        wildcard: false,
        parent: None,
        points_to: None,
        referrers: &[Cluster, Listener],
    },
    Kind {
        of: Cluster,
        short: "cds",
        type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        wildcard: true,
        parent: None,
        points_to: None,
        referrers: &[Listener, RouteConfiguration],
    },
    Kind {
        of: ClusterLoadAssignment,
        short: "eds",
        type_url: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        wildcard: false,
        parent: Some(Cluster),
        points_to: None,
        referrers: &[Cluster],
    },
    Kind {
        of: Listener,
        short: "lds",
        type_url: "type.googleapis.com/envoy.config.listener.v3.Listener",
        wildcard: true,
        parent: None,
        points_to: Some(Cluster),
        referrers: &[],
    },
    Kind {
        of: RouteConfiguration,
        short: "rds",
        type_url: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        wildcard: false,
        parent: Some(Listener),
        points_to: Some(Cluster),
        referrers: &[Listener],
    },
];

impl ResourceType {
    /// All types, in push order.
    pub fn all() -> impl Iterator<Item = ResourceType> {
        KINDS.iter().map(|kind| kind.of)
    }

    /// The type's row.
    pub fn kind(self) -> &'static Kind {
        &KINDS[self as usize]
    }

    /// The type of a type URL, if we serve it.
    pub fn from_type_url(type_url: &str) -> Option<Self> {
        let row = KINDS.iter().find(|kind| kind.type_url == type_url);
        row.map(|kind| kind.of)
    }
}

/// One value a type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerType<T>([T; KINDS.len()]);

impl<T> PerType<T> {
    /// The values with their types, in push order.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceType, &T)> {
        ResourceType::all().zip(&self.0)
    }
}

impl<T> Index<ResourceType> for PerType<T> {
    type Output = T;

    fn index(&self, of: ResourceType) -> &T {
        &self.0[of as usize]
    }
}

impl<T> IndexMut<ResourceType> for PerType<T> {
    fn index_mut(&mut self, of: ResourceType) -> &mut T {
        &mut self.0[of as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_proto::{Name as _, envoy};

    #[test]
    fn rows_stand_where_their_type_says() {
        for (row, kind) in KINDS.iter().enumerate() {
            assert_eq!(kind.of as usize, row);
            assert_eq!(ResourceType::from_type_url(kind.type_url), Some(kind.of));
        }
    }

    #[test]
    fn type_urls_are_those_of_the_messages() {
        let urls = [
            envoy::extension::tls::Secret::type_url(),
            envoy::cluster::Cluster::type_url(),
            envoy::endpoint::ClusterLoadAssignment::type_url(),
            envoy::listener::Listener::type_url(),
            envoy::route::RouteConfiguration::type_url(),
        ];
        let table: Vec<_> = KINDS.iter().map(|kind| kind.type_url).collect();
        assert_eq!(table, urls);
    }
}
