//! A check as people define it, with a service or on its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::health::{Check, CheckDefinition, CheckStatus};
use crate::names::{CheckId, NodeName, ServiceName};
use crate::secret::Secret;
use crate::time::GoDuration;

/// A check as people define it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckBody {
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "CheckID")]
    pub check_id: String,
    pub name: String,
    pub notes: String,
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    pub status: String,
    #[serde(rename = "TTL")]
    pub ttl: GoDuration,
    pub interval: GoDuration,
    pub timeout: GoDuration,
    #[serde(rename = "HTTP")]
    pub http: String,
    pub header: BTreeMap<String, Vec<String>>,
    pub method: String,
    pub body: String,
    #[serde(rename = "TCP")]
    pub tcp: String,
    #[serde(rename = "UDP")]
    pub udp: String,
    #[serde(rename = "GRPC")]
    pub grpc: String,
    #[serde(rename = "GRPCUseTLS")]
    pub grpc_use_tls: bool,
    #[serde(rename = "TLSServerName")]
    pub tls_server_name: String,
    #[serde(rename = "TLSSkipVerify")]
    pub tls_skip_verify: bool,
    #[serde(rename = "TCPUseTLS")]
    pub tcp_use_tls: bool,
    #[serde(rename = "H2PING")]
    pub h2ping: String,
    #[serde(rename = "H2PingUseTLS")]
    pub h2ping_use_tls: Option<bool>,
    #[serde(rename = "OSService")]
    pub os_service: String,
    pub disable_redirects: bool,
    pub script_args: Vec<String>,
    pub args: Vec<String>,
    #[serde(rename = "DockerContainerID")]
    pub docker_container_id: String,
    pub shell: String,
    pub alias_service: String,
    pub alias_node: String,
    pub success_before_passing: i64,
    pub failures_before_warning: i64,
    pub failures_before_critical: i64,
    pub deregister_critical_service_after: GoDuration,
    pub output_max_size: i64,
    pub token: Secret,
    pub namespace: String,
    pub partition: String,
}

impl CheckBody {
    /// Whether the definition says how to get a result.
    ///
    /// # Errors
    /// Consul's text.
    pub fn validate(&self) -> Result<(), String> {
        let polled = [&self.http, &self.tcp, &self.udp, &self.grpc, &self.h2ping, &self.os_service]
            .iter()
            .any(|target| !target.is_empty())
            || !self.command().is_empty();
        let alias = !self.alias_service.is_empty() || !self.alias_node.is_empty();
        if !self.status.is_empty() && CheckStatus::parse(&self.status).is_none() {
            return Err("Bad check status".into());
        }
        if !self.interval.is_zero() && !self.ttl.is_zero() {
            return Err("Invalid check: Interval and TTL cannot both be specified".into());
        }
        if polled && self.interval.is_zero() {
            return Err("Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks".into());
        }
        if !polled && !alias && self.ttl.is_zero() {
            return Err("Invalid check: TTL must be > 0 for TTL checks".into());
        }
        if self.output_max_size < 0 {
            return Err("Invalid check: MaxOutputMaxSize must be positive".into());
        }
        if self.failures_before_warning > self.failures_before_critical {
            return Err("Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical".into());
        }
        Ok(())
    }

    /// What a script check runs, or a check in a container.
    #[must_use]
    pub fn command(&self) -> &[String] {
        if self.script_args.is_empty() { &self.args } else { &self.script_args }
    }

    /// What kind of check this is, as `Type` shows it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let kinds = [
            (!self.http.is_empty(), "http"),
            (!self.tcp.is_empty(), "tcp"),
            (!self.udp.is_empty(), "udp"),
            (!self.grpc.is_empty(), "grpc"),
            (!self.h2ping.is_empty(), "h2ping"),
            (!self.os_service.is_empty(), "os_service"),
            (!self.command().is_empty() && !self.docker_container_id.is_empty(), "docker"),
            (!self.command().is_empty(), "script"),
            (!self.alias_service.is_empty() || !self.alias_node.is_empty(), "alias"),
            (!self.ttl.is_zero(), "ttl"),
        ];
        kinds.iter().find(|(set, _)| *set).map_or("", |(_, kind)| kind)
    }

    /// The check on `node`, with these fallbacks for its id and name. Starts critical unless it says
    /// otherwise.
    #[must_use]
    pub fn into_check(self, node: &NodeName, fallback_id: &str, fallback_name: &str) -> Check {
        let kind = self.kind().to_owned();
        let script_args = self.command().to_vec();
        let id =
            [self.check_id.as_str(), &self.id, fallback_id].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
        Check {
            node: node.clone(),
            id: CheckId::from(id),
            name: if self.name.is_empty() { fallback_name.to_owned() } else { self.name },
            status: CheckStatus::parse(&self.status).unwrap_or(CheckStatus::Critical),
            notes: self.notes,
            output: String::new(),
            service_id: self.service_id.into(),
            service_name: ServiceName::default(),
            service_tags: Vec::new(),
            kind,
            definition: CheckDefinition {
                http: self.http,
                header: self.header,
                method: self.method,
                body: self.body,
                tcp: self.tcp,
                udp: self.udp,
                grpc: self.grpc,
                ttl: self.ttl,
                interval: self.interval,
                timeout: self.timeout,
                deregister_critical_service_after: self.deregister_critical_service_after,
                alias_service: self.alias_service.into(),
                alias_node: self.alias_node.into(),
                h2ping: self.h2ping,
                h2ping_use_tls: self.h2ping_use_tls,
                grpc_use_tls: self.grpc_use_tls,
                tcp_use_tls: self.tcp_use_tls,
                tls_server_name: self.tls_server_name,
                tls_skip_verify: self.tls_skip_verify,
                disable_redirects: self.disable_redirects,
                script_args,
                success_before_passing: count(self.success_before_passing),
                failures_before_warning: count(self.failures_before_warning),
                failures_before_critical: count(self.failures_before_critical),
                output_max_size: count(self.output_max_size),
                from_file: false,
            }
            .into(),
            definition_public: false,
        }
    }
}

/// Consul takes a negative count for none.
fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
