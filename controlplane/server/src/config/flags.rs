//! The flags of `weft agent`, as settings like those of a file.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use weft_model::secret::Secret;

use super::keys::{Origin, Settings};

/// What the command line says; a flag that is not given says nothing.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub dev: bool,
    pub server: bool,
    pub bootstrap_expect: Option<i64>,
    pub data_dir: Option<PathBuf>,
    pub node: Option<String>,
    pub datacenter: Option<String>,
    pub bind: Option<String>,
    pub advertise: Option<String>,
    pub client: Option<String>,
    pub http_port: Option<i64>,
    pub https_port: Option<i64>,
    pub grpc_port: Option<i64>,
    pub grpc_tls_port: Option<i64>,
    pub dns_port: Option<i64>,
    pub domain: Option<String>,
    pub alt_domain: Option<String>,
    pub recursor: Vec<String>,
    pub server_port: Option<i64>,
    pub retry_join: Vec<String>,
    pub rejoin_as_new: bool,
    pub encrypt: Option<Secret>,
    pub ca_seal_key_file: Option<PathBuf>,
    pub log_level: Option<String>,
    pub log_json: bool,
    pub default_intention_policy: Option<String>,
    /// Files and directories, in the order in which they are read.
    pub config: Vec<PathBuf>,
    /// What the files are written in, whatever they end with.
    pub config_format: Option<FileFormat>,
    /// Settings in HCL: they count after the files and before the flags.
    pub hcl: Vec<String>,
    /// Flags that stand for a key of the files and nothing else.
    pub values: Vec<FlagValue>,
}

/// A flag that was given, and the key that it stands for.
#[derive(Clone, Debug)]
pub struct FlagValue {
    /// With its dashes.
    pub flag: &'static str,
    /// A dot goes down into a block.
    pub key: &'static str,
    pub value: Value,
}

/// What files may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Json,
    Hcl,
    Toml,
}

impl Flags {
    /// The flags of an agent that keeps nothing and takes any free ports of 127.0.0.1: for tests.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self {
            dev: true,
            http_port: Some(0),
            grpc_port: Some(0),
            dns_port: Some(0),
            server_port: Some(0),
            ..Self::default()
        }
    }

    pub(super) fn settings(&self) -> Settings {
        let mut values = Map::new();
        let mut names = Vec::new();
        let more = self.values.iter().map(|given| (given.flag, given.key, given.value.clone()));
        for (flag, path, value) in self.rows().into_iter().chain(more) {
            if value.is_null() {
                continue;
            }
            names.push((flag, path));
            match path.split_once('.') {
                None => values.insert(path.to_owned(), value),
                Some((block, key)) => {
                    let block = values.entry(block).or_insert_with(|| json!({}));
                    block.as_object_mut().and_then(|block| block.insert(key.to_owned(), value))
                }
            };
        }
        Settings { origin: Origin::Flags(names), values }
    }

    /// Flag, key, value; null is not given.
    fn rows(&self) -> [(&'static str, &'static str, Value); 25] {
        let switch = |on: bool| if on { json!(true) } else { Value::Null };
        [
            ("--dev", "dev", switch(self.dev)),
            ("--server", "server", switch(self.server)),
            ("--bootstrap-expect", "bootstrap_expect", json!(self.bootstrap_expect)),
            ("--data-dir", "data_dir", json!(self.data_dir)),
            ("--node", "node_name", json!(self.node)),
            ("--datacenter", "datacenter", json!(self.datacenter)),
            ("--bind", "bind_addr", json!(self.bind)),
            ("--advertise", "advertise_addr", json!(self.advertise)),
            ("--client", "client_addr", json!(self.client)),
            ("--http-port", "ports.http", json!(self.http_port)),
            ("--https-port", "ports.https", json!(self.https_port)),
            ("--grpc-port", "ports.grpc", json!(self.grpc_port)),
            ("--grpc-tls-port", "ports.grpc_tls", json!(self.grpc_tls_port)),
            ("--dns-port", "ports.dns", json!(self.dns_port)),
            ("--domain", "domain", json!(self.domain)),
            ("--alt-domain", "alt_domain", json!(self.alt_domain)),
            ("--recursor", "recursors", json!(self.recursor)),
            ("--server-port", "ports.server", json!(self.server_port)),
            ("--retry-join", "retry_join", json!(self.retry_join)),
            ("--rejoin-as-new", "rejoin_as_new", switch(self.rejoin_as_new)),
            ("--encrypt", "encrypt", json!(self.encrypt)),
            ("--ca-seal-key-file", "connect.ca_seal_key_file", json!(self.ca_seal_key_file)),
            ("--log-level", "log_level", json!(self.log_level)),
            ("--log-json", "log_json", switch(self.log_json)),
            ("--default-intention-policy", "default_intention_policy", json!(self.default_intention_policy)),
        ]
    }
}
