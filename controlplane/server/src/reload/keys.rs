//! Which keys a reload takes over, and which need a restart.

use crate::config::{CertificateFiles, ClientTls, Config, Written};

/// What a reload takes over; a dot at the end stands for all below.
const RELOADED: &[&str] = &[
    "acl.tokens.",
    "check",
    "check_update_interval",
    "checks",
    "discard_check_output",
    "dns_config.",
    "limits.http_max_conns_per_client",
    "log_level",
    "node_meta",
    "recursor",
    "recursors",
    "service",
    "services",
    "watches",
];

/// The ports' certificates. Where the servers' port has the same files, that is looked at beside.
const TLS: &[&str] = &[
    "ca_file",
    "ca_path",
    "cert_file",
    "key_file",
    "tls.",
    "tls_min_version",
    "verify_incoming",
    "verify_incoming_https",
    "verify_incoming_rpc",
    "verify_outgoing",
    "verify_server_hostname",
];

/// What the agent has begun with.
pub(super) struct Started {
    written: Written,
    servers: Option<CertificateFiles>,
    client_tls: ClientTls,
}

impl Started {
    pub(super) fn with(config: &Config) -> Self {
        let (servers, client_tls) = (config.security.certificates.clone(), config.client_tls.clone());
        Self { written: config.written.clone(), servers, client_tls }
    }

    /// The keys that say something else now, and hold at the next start only.
    pub(super) fn need_restart(&self, config: &Config) -> Vec<String> {
        let differing = config.written.differing(&self.written).into_iter();
        let mut keys: Vec<_> =
            differing.filter(|key| !is_in(RELOADED, key) && !is_in(TLS, key)).map(str::to_owned).collect();
        if config.security.certificates != self.servers {
            keys.push("the files of tls.internal_rpc".to_owned());
        }
        let opens = |former: bool, now: bool, port: &str| (former != now).then(|| port.to_owned());
        keys.extend(opens(self.client_tls.https.is_some(), config.client_tls.https.is_some(), "ports.https"));
        keys.extend(opens(self.client_tls.grpc.is_some(), config.client_tls.grpc.is_some(), "ports.grpc_tls"));
        keys.sort();
        keys.dedup();
        keys
    }
}

fn is_in(table: &[&str], key: &str) -> bool {
    table.iter().any(|row| if row.ends_with('.') { key.starts_with(row) } else { *row == key })
}
