//! `proxy-defaults`: what holds for every proxy unless a service says otherwise.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Entry;
use super::shared::{self, is_default};
use crate::catalog::{Expose, MeshGateway, Meta, ProxyMode, TransparentProxy};
use crate::faults::Faults;

/// The only name a `proxy-defaults` entry can have.
pub const PROXY_DEFAULTS_NAME: &str = "global";

/// The `proxy-defaults` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProxyDefaults {
    pub name: String,
    /// Opaque; the keys that the mesh knows are read when it compiles.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    #[serde(skip_serializing_if = "is_default")]
    pub mode: ProxyMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent_proxy: Option<TransparentProxy>,
    #[serde(rename = "MutualTLSMode", skip_serializing_if = "String::is_empty")]
    pub mutual_tls_mode: String,
    pub mesh_gateway: MeshGateway,
    pub expose: Expose,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<AccessLogs>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub envoy_extensions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover_policy: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prioritize_by_locality: Option<Value>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// `AccessLogs`: where Envoy writes one line a request or connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AccessLogs {
    pub enabled: bool,
    pub disable_listener_logs: bool,
    /// `""` (stdout), `file`, `stderr` or `stdout`.
    #[serde(rename = "Type")]
    pub sink: String,
    pub path: String,
    #[serde(rename = "JSONFormat")]
    pub json_format: String,
    pub text_format: String,
}

impl Entry for ProxyDefaults {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        if let Some(Value::String(protocol)) = self.config.get_mut("protocol") {
            protocol.make_ascii_lowercase();
        }
    }

    fn validate(&self, faults: &mut Faults) {
        if self.name != PROXY_DEFAULTS_NAME {
            faults.say(format!("invalid name ({:?}), only {PROXY_DEFAULTS_NAME:?} is supported", self.name));
        }
        shared::validate_mutual_tls_mode(&self.mutual_tls_mode, faults);
        shared::validate_mesh_gateway(&self.mesh_gateway, faults);
        shared::validate_expose(&self.expose, faults);
        if let Some(logs) = &self.access_logs {
            logs.validate(faults);
        }
    }
}

impl AccessLogs {
    fn validate(&self, faults: &mut Faults) {
        match self.sink.as_str() {
            "" | "stdout" | "stderr" if self.path.is_empty() => {}
            "" | "stdout" | "stderr" => faults.say("path is only valid for file type access logs"),
            "file" if self.path.is_empty() => faults.say("path must be specified when using file type access logs"),
            "file" => {}
            other => faults.say(format!("invalid access log type: {other}")),
        }
        if !self.json_format.is_empty() && !self.text_format.is_empty() {
            faults.say("cannot specify both access log JSONFormat and TextFormat");
        }
        if !self.json_format.is_empty() && serde_json::from_str::<Value>(&self.json_format).is_err() {
            faults.say("invalid access log json for JSON format");
        }
    }
}
