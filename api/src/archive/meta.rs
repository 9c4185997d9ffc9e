//! `meta.json`: what an archive holds, for people and for the server that is to take it.

use serde::{Deserialize, Serialize};

/// What an archive holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Meta {
    /// Of the archive's form, not of the state in it.
    pub version: u32,
    /// `<term>-<index>-<milliseconds since the epoch>`.
    #[serde(rename = "ID")]
    pub id: String,
    /// The log index of the state.
    pub index: u64,
    pub term: u64,
    /// Who the servers were. Told, and not restored.
    #[serde(default)]
    pub configuration: Configuration,
    #[serde(default)]
    pub configuration_index: u64,
    /// The bytes of `state.bin`.
    pub size: u64,
    /// Whether `state.bin` is sealed with the join secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
}

/// The servers of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configuration {
    #[serde(default)]
    pub servers: Vec<Peer>,
}

/// A server of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Peer {
    #[serde(rename = "ID")]
    pub id: String,
    pub address: String,
    /// 0 votes, 1 does not.
    pub suffrage: u8,
}

impl Meta {
    /// The form that is written here.
    pub const VERSION: u32 = 1;
}
