//! `mesh`: settings of the whole mesh.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::validate_tls_versions;
use crate::catalog::Meta;
use crate::faults::Faults;

/// The only name a `mesh` entry can have.
pub const MESH_NAME: &str = "mesh";

/// The `mesh` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mesh {
    #[serde(skip_serializing)]
    pub name: String,
    pub transparent_proxy: MeshTransparentProxy,
    #[serde(rename = "AllowEnablingPermissiveMutualTLS", skip_serializing_if = "std::ops::Not::not")]
    pub allow_enabling_permissive_mutual_tls: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub validate_clusters: bool,
    #[serde(rename = "TLS", skip_serializing_if = "Option::is_none")]
    pub tls: Option<MeshTls>,
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peering: Option<Peering>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// `TransparentProxy` of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MeshTransparentProxy {
    pub mesh_destinations_only: bool,
}

/// `TLS`: versions and cipher suites by direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MeshTls {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incoming: Option<TlsDirection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<TlsDirection>,
}

/// TLS settings of one direction. Empty versions mean TLS 1.3 only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TlsDirection {
    #[serde(rename = "TLSMinVersion", skip_serializing_if = "String::is_empty")]
    pub tls_min_version: String,
    #[serde(rename = "TLSMaxVersion", skip_serializing_if = "String::is_empty")]
    pub tls_max_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher_suites: Vec<String>,
}

/// `HTTP` of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpConfig {
    pub sanitize_x_forwarded_client_cert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incoming: Option<HttpIncoming>,
}

/// `HTTP.Incoming`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpIncoming {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_normalization: Option<RequestNormalization>,
}

/// How requests are made canonical before they are judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RequestNormalization {
    pub insecure_disable_path_normalization: bool,
    pub merge_slashes: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_with_escaped_slashes_action: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub headers_with_underscores_action: String,
}

/// `Peering` of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Peering {
    pub peer_through_mesh_gateways: bool,
}

const ESCAPED_SLASHES: [&str; 6] = [
    "",
    "IMPLEMENTATION_SPECIFIC_DEFAULT",
    "KEEP_UNCHANGED",
    "REJECT_REQUEST",
    "UNESCAPE_AND_REDIRECT",
    "UNESCAPE_AND_FORWARD",
];
const UNDERSCORES: [&str; 4] = ["", "ALLOW", "REJECT_REQUEST", "DROP_HEADER"];

impl Entry for Mesh {
    fn name(&self) -> &'static str {
        MESH_NAME
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {}

    fn validate(&self, faults: &mut Faults) {
        if !matches!(self.name.as_str(), "" | MESH_NAME) {
            faults.say(format!("invalid name ({:?}), only {MESH_NAME:?} is supported", self.name));
        }
        if let Some(tls) = &self.tls {
            validate_direction("TLS.Incoming", tls.incoming.as_ref(), faults);
            validate_direction("TLS.Outgoing", tls.outgoing.as_ref(), faults);
        }
        if let Some(normalization) = self.request_normalization() {
            normalization.validate(faults);
        }
    }
}

impl Mesh {
    /// How incoming requests are normalised, where it is set.
    #[must_use]
    pub fn request_normalization(&self) -> Option<&RequestNormalization> {
        self.http.as_ref()?.incoming.as_ref()?.request_normalization.as_ref()
    }
}

impl RequestNormalization {
    fn validate(&self, faults: &mut Faults) {
        let place = "HTTP.Incoming.RequestNormalization";
        if !ESCAPED_SLASHES.contains(&self.path_with_escaped_slashes_action.as_str()) {
            faults.add(
                format!("{place}.PathWithEscapedSlashesAction"),
                format!(
                    "{:?} is not one of {}",
                    self.path_with_escaped_slashes_action,
                    ESCAPED_SLASHES[1..].join(", ")
                ),
            );
        }
        if !UNDERSCORES.contains(&self.headers_with_underscores_action.as_str()) {
            faults.add(
                format!("{place}.HeadersWithUnderscoresAction"),
                format!("{:?} is not one of {}", self.headers_with_underscores_action, UNDERSCORES[1..].join(", ")),
            );
        }
    }
}

fn validate_direction(place: &str, direction: Option<&TlsDirection>, faults: &mut Faults) {
    if let Some(TlsDirection { tls_min_version, tls_max_version, cipher_suites }) = direction {
        validate_tls_versions(place, tls_min_version, tls_max_version, cipher_suites, faults);
    }
}
