//! Flags that stand for a key of the configuration files and nothing else, Consul's names among them. What a flag
//! means, and whether it can be had, is said where the keys are read.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use weft_server::config::{FileFormat, FlagValue};

/// The rest of the flags of `weft agent`.
#[derive(Debug, clap::Args)]
pub(super) struct More {
    /// Found a cluster alone, as --bootstrap-expect 1 does
    #[arg(long)]
    bootstrap: bool,
    /// What the node says of itself, KEY:VALUE; may be given more than once
    #[arg(long, value_name = "KEY:VALUE")]
    node_meta: Vec<String>,
    /// The node's ID, a UUID [default: made at the first start, and kept]
    #[arg(long, value_name = "UUID")]
    node_id: Option<String>,
    /// The longest pause between two tries to join [default: 10s]
    #[arg(long, value_name = "DURATION")]
    retry_interval: Option<String>,
    /// What the configuration files are written in, whatever they end with
    #[arg(long, value_name = "json|hcl|toml")]
    pub(super) config_format: Option<Format>,
    /// Settings in HCL, as in a file that is read last; may be given more than once
    #[arg(long, value_name = "SETTINGS")]
    pub(super) hcl: Vec<String>,
    /// Log into a file too; the time goes into its name. A directory stands for weft-….log in it
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Begin another file after so many bytes
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    log_rotate_bytes: Option<i64>,
    /// Begin another file after this time [default: 24h]
    #[arg(long, value_name = "DURATION")]
    log_rotate_duration: Option<String>,
    /// Keep so many full files; -1: none, 0: all of them [default: 0]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    log_rotate_max_files: Option<i64>,
    /// A file to write the process's number to
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Run checks that are scripts, whoever registers them: whoever may do that runs commands here
    #[arg(long)]
    enable_script_checks: bool,
    /// Run checks that are scripts, of the configuration files alone
    #[arg(long)]
    enable_local_script_checks: bool,
    /// The longest output of a check that is kept, in bytes
    #[arg(long = "check_output_max_size", value_name = "BYTES")]
    check_output_max_size: Option<i64>,
    /// Be a server that never votes
    #[arg(long)]
    non_voting_server: bool,
    /// The address that is tagged "wan" [default: that of --advertise]
    #[arg(long, value_name = "IP")]
    advertise_wan: Option<String>,
    /// Where writes over HTTP may come from; may be given more than once [default: from anywhere]
    #[arg(long, value_name = "IP/BITS")]
    allow_write_http_from: Vec<String>,
    /// How long blocking queries wait that do not say so [default: 300s]
    #[arg(long, value_name = "DURATION")]
    default_query_time: Option<String>,
    /// How long they wait at most [default: 600s]
    #[arg(long, value_name = "DURATION")]
    max_query_time: Option<String>,
    #[command(flatten)]
    hidden: Hidden,
}

/// Flags of Consul that change nothing here, or cannot be had: the latter are refused with the reason.
#[derive(Debug, clap::Args)]
struct Hidden {
    #[arg(long, hide = true)]
    join: Vec<String>,
    #[arg(long, hide = true)]
    disable_host_node_id: bool,
    #[arg(long, hide = true)]
    disable_keyring_file: bool,
    #[arg(long, hide = true)]
    rejoin: bool,
    #[arg(long, hide = true)]
    syslog: bool,
    #[arg(long, hide = true)]
    ui: bool,
    #[arg(long, hide = true)]
    retry_max: Option<i64>,
    #[arg(long, hide = true)]
    retry_max_wan: Option<i64>,
    #[arg(long, hide = true)]
    protocol: Option<i64>,
    #[arg(long, hide = true)]
    raft_protocol: Option<i64>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    serf_lan_port: Option<i64>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    serf_wan_port: Option<i64>,
    #[arg(long, hide = true)]
    join_wan: Vec<String>,
    #[arg(long, hide = true)]
    retry_join_wan: Vec<String>,
    #[arg(long, hide = true)]
    retry_interval_wan: Option<String>,
    #[arg(long, hide = true)]
    primary_gateway: Vec<String>,
    #[arg(long, hide = true)]
    segment: Option<String>,
    #[arg(long, hide = true)]
    serf_lan_bind: Option<String>,
    #[arg(long, hide = true)]
    serf_wan_bind: Option<String>,
    #[arg(long, hide = true)]
    serf_lan_allowed_cidrs: Vec<String>,
    #[arg(long, hide = true)]
    serf_wan_allowed_cidrs: Vec<String>,
    #[arg(long, hide = true)]
    ui_content_path: Option<String>,
    #[arg(long, hide = true)]
    ui_dir: Option<String>,
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Json,
    Hcl,
    Toml,
}

impl From<Format> for FileFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Hcl => Self::Hcl,
            Format::Toml => Self::Toml,
        }
    }
}

impl More {
    /// Those that were given.
    pub(super) fn values(&self) -> Vec<FlagValue> {
        let own = [
            ("--bootstrap", "bootstrap", switch(self.bootstrap)),
            ("--node-meta", "node_meta", pairs(&self.node_meta)),
            ("--node-id", "node_id", json!(self.node_id)),
            ("--retry-interval", "retry_interval", json!(self.retry_interval)),
            ("--log-file", "log_file", json!(self.log_file)),
            ("--log-rotate-bytes", "log_rotate_bytes", json!(self.log_rotate_bytes)),
            ("--log-rotate-duration", "log_rotate_duration", json!(self.log_rotate_duration)),
            ("--log-rotate-max-files", "log_rotate_max_files", json!(self.log_rotate_max_files)),
            ("--pid-file", "pid_file", json!(self.pid_file)),
            ("--enable-script-checks", "enable_script_checks", switch(self.enable_script_checks)),
            ("--enable-local-script-checks", "enable_local_script_checks", switch(self.enable_local_script_checks)),
            ("--check_output_max_size", "check_output_max_size", json!(self.check_output_max_size)),
            ("--non-voting-server", "non_voting_server", switch(self.non_voting_server)),
            ("--advertise-wan", "advertise_addr_wan", json!(self.advertise_wan)),
            ("--allow-write-http-from", "http_config.allow_write_http_from", list(&self.allow_write_http_from)),
            ("--default-query-time", "default_query_time", json!(self.default_query_time)),
            ("--max-query-time", "max_query_time", json!(self.max_query_time)),
        ];
        let given = own.into_iter().chain(self.hidden.rows()).filter(|(_, _, value)| !value.is_null());
        given.map(|(flag, key, value)| FlagValue { flag, key, value }).collect()
    }
}

impl Hidden {
    fn rows(&self) -> [(&'static str, &'static str, Value); 23] {
        [
            ("--join", "start_join", list(&self.join)),
            ("--disable-host-node-id", "disable_host_node_id", switch(self.disable_host_node_id)),
            ("--disable-keyring-file", "disable_keyring_file", switch(self.disable_keyring_file)),
            ("--rejoin", "rejoin_after_leave", switch(self.rejoin)),
            ("--syslog", "enable_syslog", switch(self.syslog)),
            ("--ui", "ui", switch(self.ui)),
            ("--retry-max", "retry_max", json!(self.retry_max)),
            ("--retry-max-wan", "retry_max_wan", json!(self.retry_max_wan)),
            ("--protocol", "protocol", json!(self.protocol)),
            ("--raft-protocol", "raft_protocol", json!(self.raft_protocol)),
            ("--serf-lan-port", "ports.serf_lan", json!(self.serf_lan_port)),
            ("--serf-wan-port", "ports.serf_wan", json!(self.serf_wan_port)),
            ("--join-wan", "start_join_wan", list(&self.join_wan)),
            ("--retry-join-wan", "retry_join_wan", list(&self.retry_join_wan)),
            ("--retry-interval-wan", "retry_interval_wan", json!(self.retry_interval_wan)),
            ("--primary-gateway", "primary_gateways", list(&self.primary_gateway)),
            ("--segment", "segment", json!(self.segment)),
            ("--serf-lan-bind", "serf_lan", json!(self.serf_lan_bind)),
            ("--serf-wan-bind", "serf_wan", json!(self.serf_wan_bind)),
            ("--serf-lan-allowed-cidrs", "serf_lan_allowed_cidrs", list(&self.serf_lan_allowed_cidrs)),
            ("--serf-wan-allowed-cidrs", "serf_wan_allowed_cidrs", list(&self.serf_wan_allowed_cidrs)),
            ("--ui-content-path", "ui_content_path", json!(self.ui_content_path)),
            ("--ui-dir", "ui_dir", json!(self.ui_dir)),
        ]
    }
}

fn switch(on: bool) -> Value {
    if on { json!(true) } else { Value::Null }
}

fn list(texts: &[String]) -> Value {
    if texts.is_empty() { Value::Null } else { json!(texts) }
}

/// As Consul reads them: what has no colon is a key with an empty value.
fn pairs(texts: &[String]) -> Value {
    let pair = |text: &String| {
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        (key.to_owned(), json!(value))
    };
    if texts.is_empty() { Value::Null } else { Value::Object(texts.iter().map(pair).collect::<Map<_, _>>()) }
}
