//! Config entries: documents that set how services and the whole mesh behave. One kind is one file
//! here and one row in `kind.rs`.

mod api_gateway;
mod exported_services;
mod file_system_certificate;
mod http_route;
mod ingress_gateway;
mod inline_certificate;
mod jwt_provider;
mod kind;
mod load_balancer;
mod mesh;
mod protocol;
mod proxy_defaults;
mod service_defaults;
mod service_intentions;
mod service_resolver;
mod service_router;
mod service_splitter;
mod shared;
mod tcp_route;
mod terminating_gateway;
mod upstream_config;

use serde_json::Value;

use crate::catalog::Meta;
use crate::decode::DecodeError;
use crate::faults::Faults;

pub use api_gateway::{
    ApiGateway, ApiGatewayListener, ApiGatewayPolicy, ApiGatewayTls, JwtRequirement, RequiredClaim, RequiredProvider,
    ResourceReference,
};
pub use exported_services::{Consumer, ExportedService, ExportedServices};
pub use file_system_certificate::FileSystemCertificate;
pub use http_route::{
    HttpRoute, HttpRouteFilters, HttpRouteMatch, HttpRouteResponseFilters, HttpRouteRule, HttpRouteService, NamedMatch,
    PathMatch, RetryFilter, TimeoutFilter, UrlRewrite,
};
pub use ingress_gateway::{
    GatewaySds, GatewayTls, IngressGateway, IngressLimits, IngressListener, IngressService, IngressServiceTls,
};
pub use inline_certificate::InlineCertificate;
pub use jwt_provider::{
    JwksBackOff, JwksCluster, JwksRetryPolicy, JwksTls, JwksTlsInstance, JwksTrustedCa, JwtCache, JwtForwarding,
    JwtHeader, JwtLocation, JwtNamed, JwtProvider, KeySet, LocalKeySet, RemoteKeySet,
};
pub use kind::{ConfigEntry, Document, ENTERPRISE_KINDS, KINDS, Kind, KindRow};
pub use load_balancer::{CookieConfig, HashPolicy, LeastRequest, LoadBalancer, RingHash};
pub use mesh::{HttpConfig, MESH_NAME, Mesh, MeshTls, RequestNormalization, TlsDirection};
pub use protocol::Protocol;
pub use proxy_defaults::{AccessLogs, PROXY_DEFAULTS_NAME, ProxyDefaults};
pub use service_defaults::{Destination, ServiceDefaults};
pub use service_intentions::{ServiceIntentions, Source};
pub use service_resolver::{Redirect, ResolverFailover, ResolverTarget, ServiceResolver, Subset};
pub use service_router::{
    Route, RouteDestination, RouteHeader, RouteHttpMatch, RouteMatch, RouteQueryParam, ServiceRouter,
};
pub(crate) use service_splitter::percent;
pub use service_splitter::{ServiceSplitter, Split};
pub use shared::HeaderModifiers;
pub use tcp_route::{TcpRoute, TcpRouteService};
pub use terminating_gateway::{LinkedService, TerminatingGateway};
pub use upstream_config::{Limits, PassiveHealthCheck, UpstreamConfig, UpstreamDefaults};

/// What every kind does; the enum forwards to it.
trait Entry {
    fn name(&self) -> &str;
    fn meta(&self) -> &Meta;
    fn normalize(&mut self);
    fn validate(&self, faults: &mut Faults);
}

impl ConfigEntry {
    /// Reads a document: `Kind` at the top level (any case) says which kind, all other keys are the
    /// kind's own, in CamelCase or snake_case. The result is normalised.
    ///
    /// # Errors
    /// Consul's decoding texts: a missing or unknown kind, all unknown keys, a value of a wrong type.
    pub fn decode(mut document: Value) -> Result<Self, DecodeError> {
        let kind = document
            .as_object_mut()
            .and_then(take_kind)
            .ok_or_else(|| DecodeError::new("Payload does not contain a kind/Kind key at the top level"))?;
        let row = KINDS
            .iter()
            .find(|row| Some(row.name) == kind.as_str())
            .ok_or_else(|| DecodeError::new(format!("invalid config entry kind: {}", text_of(&kind))))?;
        let mut entry = (row.decode)(document)?;
        entry.inner_mut().normalize();
        Ok(entry)
    }

    /// The document, when the entry is of its kind.
    #[must_use]
    pub fn document<T: Document>(&self) -> Option<&T> {
        T::of(self)
    }

    /// The name, unique in its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner().name()
    }

    /// The user's own pairs.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        self.inner().meta()
    }

    /// Checks the whole document.
    ///
    /// # Errors
    /// All faults, each with its place.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        self.inner().validate(&mut faults);
        validate_meta(self.meta(), &mut faults);
        faults.into_result()
    }
}

fn take_kind(document: &mut serde_json::Map<String, Value>) -> Option<Value> {
    let key = document.keys().find(|key| key.eq_ignore_ascii_case("kind"))?.clone();
    document.shift_remove(&key)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Consul's limits on user metadata: 64 pairs, keys of 128 and values of 512 bytes.
fn validate_meta(meta: &Meta, faults: &mut Faults) {
    if meta.len() > 64 {
        faults.add("Meta", format!("cannot contain more than 64 key/value pairs, has {}", meta.len()));
    }
    for (key, value) in meta {
        if key.is_empty() || key.len() > 128 {
            faults.add(format!("Meta[{key:?}]"), "key must have 1 to 128 bytes");
        }
        if value.len() > 512 {
            faults.add(format!("Meta[{key:?}]"), format!("value is too long (limit: 512 bytes, has {})", value.len()));
        }
    }
}
