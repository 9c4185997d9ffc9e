//! The kinds of config entries: one row each, from which everything that depends on the kind follows.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{
    ApiGateway, Entry, ExportedServices, FileSystemCertificate, HttpRoute, IngressGateway, InlineCertificate,
    JwtProvider, Mesh, ProxyDefaults, ServiceDefaults, ServiceIntentions, ServiceResolver, ServiceRouter,
    ServiceSplitter, TcpRoute, TerminatingGateway,
};
use crate::decode::{self, DecodeError};

/// A document of one kind, as its file in this folder defines it.
pub trait Document: Into<ConfigEntry> {
    /// The kind.
    const KIND: Kind;

    /// The document in an entry; `None` when it is of another kind.
    fn of(entry: &ConfigEntry) -> Option<&Self>;
}

/// A row of [`KINDS`].
pub struct KindRow {
    pub kind: Kind,
    /// The name in URLs and in the `Kind` field.
    pub name: &'static str,
    pub(super) decode: fn(Value) -> Result<ConfigEntry, DecodeError>,
}

macro_rules! kinds {
    ($($document:ident: $name:literal,)+) => {
        /// The kinds of config entries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $document,
            )+
        }

        /// A config entry of any kind, in its normal form.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum ConfigEntry {
            $(
                #[doc = concat!("`", $name, "`.")]
                $document($document),
            )+
        }

        /// One row a kind: its name and how its document is decoded.
        pub const KINDS: &[KindRow] = &[
            $(KindRow { kind: Kind::$document, name: $name, decode: decode_as::<$document> },)+
        ];

        impl ConfigEntry {
            /// The kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$document(_) => Kind::$document,)+
                }
            }

            /// Writes the document alone, as it is shown.
            ///
            /// # Errors
            /// The serializer fails.
            pub fn serialize_document<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$document(document) => document.serialize(serializer),)+
                }
            }

            pub(super) fn inner(&self) -> &dyn Entry {
                match self {
                    $(Self::$document(document) => document,)+
                }
            }

            pub(super) fn inner_mut(&mut self) -> &mut dyn Entry {
                match self {
                    $(Self::$document(document) => document,)+
                }
            }
        }

        $(
            impl From<$document> for ConfigEntry {
                fn from(document: $document) -> Self {
                    Self::$document(document)
                }
            }

            impl Document for $document {
                const KIND: Kind = Kind::$document;

                fn of(entry: &ConfigEntry) -> Option<&Self> {
                    if let ConfigEntry::$document(document) = entry { Some(document) } else { None }
                }
            }
        )+
    };
}

kinds! {
    ServiceDefaults: "service-defaults",
    ProxyDefaults: "proxy-defaults",
    ServiceIntentions: "service-intentions",
    Mesh: "mesh",
    ServiceRouter: "service-router",
    ServiceSplitter: "service-splitter",
    ServiceResolver: "service-resolver",
    IngressGateway: "ingress-gateway",
    TerminatingGateway: "terminating-gateway",
    ApiGateway: "api-gateway",
    HttpRoute: "http-route",
    TcpRoute: "tcp-route",
    InlineCertificate: "inline-certificate",
    FileSystemCertificate: "file-system-certificate",
    ExportedServices: "exported-services",
    JwtProvider: "jwt-provider",
}

/// Kinds that only Consul's Enterprise edition has, and what its Community Edition says when one is written.
/// Nothing of them can be stored, so their lists are empty.
pub const ENTERPRISE_KINDS: [(&str, &str); 2] = [
    ("sameness-group", "sameness-groups are an enterprise-only feature"),
    ("control-plane-request-limit", "control-plane-request-limit is an enterprise-only feature"),
];

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

fn decode_as<T: DeserializeOwned + Into<ConfigEntry>>(document: Value) -> Result<ConfigEntry, DecodeError> {
    decode::from_value::<T>(document, decode::Flavor::ConfigEntry).map(Into::into)
}
