//! Config entries: documents that set how services and the whole mesh behave. One kind is one file
//! here, one variant of [`ConfigEntry`] and one row of [`KINDS`].

mod mesh;
mod proxy_defaults;
mod service_defaults;
mod service_intentions;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Meta;
use crate::decode::{self, DecodeError};
use crate::faults::Faults;

pub use mesh::{HttpConfig, Mesh, MeshTls, RequestNormalization, TlsDirection};
pub use proxy_defaults::{AccessLogs, PROXY_DEFAULTS_NAME, ProxyDefaults};
pub use service_defaults::{
    Destination, Limits, PassiveHealthCheck, Protocol, ServiceDefaults, UpstreamConfig, UpstreamDefaults,
};
pub use service_intentions::{ServiceIntentions, Source};

/// The kinds of config entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    ServiceDefaults,
    ProxyDefaults,
    ServiceIntentions,
    Mesh,
}

/// One row a kind: its name and how its document is decoded.
pub const KINDS: [KindRow; 4] = [
    KindRow { kind: Kind::ServiceDefaults, name: "service-defaults", decode: decode_as::<ServiceDefaults> },
    KindRow { kind: Kind::ProxyDefaults, name: "proxy-defaults", decode: decode_as::<ProxyDefaults> },
    KindRow { kind: Kind::ServiceIntentions, name: "service-intentions", decode: decode_as::<ServiceIntentions> },
    KindRow { kind: Kind::Mesh, name: "mesh", decode: decode_as::<Mesh> },
];

/// A row of [`KINDS`].
pub struct KindRow {
    pub kind: Kind,
    /// The name in URLs and in the `Kind` field.
    pub name: &'static str,
    decode: fn(Value) -> Result<ConfigEntry, DecodeError>,
}

impl Kind {
    /// The kind's name as in URLs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|row| row.kind == self).map_or("", |row| row.name)
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.name == name).map(|row| row.kind)
    }
}

/// A config entry of any kind, in its normal form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConfigEntry {
    ServiceDefaults(ServiceDefaults),
    ProxyDefaults(ProxyDefaults),
    ServiceIntentions(ServiceIntentions),
    Mesh(Mesh),
}

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

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::ServiceDefaults(_) => Kind::ServiceDefaults,
            Self::ProxyDefaults(_) => Kind::ProxyDefaults,
            Self::ServiceIntentions(_) => Kind::ServiceIntentions,
            Self::Mesh(_) => Kind::Mesh,
        }
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

    fn inner(&self) -> &dyn Entry {
        match self {
            Self::ServiceDefaults(entry) => entry,
            Self::ProxyDefaults(entry) => entry,
            Self::ServiceIntentions(entry) => entry,
            Self::Mesh(entry) => entry,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Entry {
        match self {
            Self::ServiceDefaults(entry) => entry,
            Self::ProxyDefaults(entry) => entry,
            Self::ServiceIntentions(entry) => entry,
            Self::Mesh(entry) => entry,
        }
    }
}

fn take_kind(document: &mut serde_json::Map<String, Value>) -> Option<Value> {
    let key = document.keys().find(|key| key.eq_ignore_ascii_case("kind"))?.clone();
    document.shift_remove(&key)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn decode_as<T: DeserializeOwned + Into<ConfigEntry>>(document: Value) -> Result<ConfigEntry, DecodeError> {
    decode::from_value::<T>(document, decode::Flavor::ConfigEntry).map(Into::into)
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
