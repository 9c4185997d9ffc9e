//! Keys of Consul whose subject does not exist here. What asks for nothing may stay in files that come from there; of
//! what asks for something, the log says what is done instead, or it is refused with the reason where whoever wrote it
//! would rely on it.

use serde_json::Value;

/// What becomes of a key.
pub(super) enum Fate {
    Accepted,
    /// Accepted, with these words in the log.
    Noted(&'static str),
    Refused(&'static str),
}

/// What a key is worth where its value asks for something.
enum Worth {
    /// Nothing changes for whoever wrote it.
    Nothing,
    Note(&'static str),
    Refusal(&'static str),
}

use Worth::{Note, Nothing, Refusal};

/// The key or block, which values of it ask for nothing, and what becomes of the others.
type Row = (&'static str, fn(&Value) -> bool, Worth);

const GOSSIP: &str = "there is no gossip: agents speak to each other on ports.server of bind_addr alone; leave it out";
const NO_GOSSIP: &str = "has no effect: there is no gossip, failures are seen on the connections between agents";
const ONE_DATACENTER: &str = "there is no federation of datacenters: each has servers of its own; leave it out";
const NO_FEDERATION: &str = "has no effect: there is no federation of datacenters";
const CIPHERS: &str =
    "cannot be chosen: all suites that are offered keep secrets from who gets the key later; leave it out";
const OTHER_KIND: &str = "belongs to Consul's paid edition and does not exist here; leave it out";
const NO_EXPOSED: &str = "has no effect: checks go past sidecars to the service itself";
const NO_INTERFACE: &str = "there is no web interface: look with the commands and the HTTP API; leave it out";
const TELEMETRY: &str = "metrics go to Prometheus, statsd, statsite and DogStatsD; leave it out";
const ENROLMENT: &str = "a client agent shows the join secret, or certificates that you have made: set encrypt, or ca_file, \
                         cert_file and key_file on it; leave this out";
const SELF_MADE: &str = "has no effect: what connections carry is bounded without it";

const ROWS: &[Row] = &[
    ("acl.disabled_ttl", any, Nothing),
    ("acl.msp_disable_bootstrap", empty, Refusal(OTHER_KIND)),
    ("acl.tokens.managed_service_provider", empty, Refusal(OTHER_KIND)),
    ("acl_disabled_ttl", any, Nothing),
    (
        "audit",
        is_switched_off,
        Refusal("refused requests are in the log; a log of all requests is the task of a proxy in front"),
    ),
    ("auto_config", is_switched_off, Refusal(ENROLMENT)),
    ("auto_encrypt", empty, Refusal(ENROLMENT)),
    ("auto_reload_config", empty, Note("certificates are read again by themselves, files of settings at a SIGHUP")),
    ("autopilot.disable_upgrade_migration", any, Nothing),
    ("autopilot.redundancy_zone_tag", empty, Refusal(OTHER_KIND)),
    ("autopilot.upgrade_version_tag", empty, Refusal(OTHER_KIND)),
    // What is read comes from memory, as new as the state.
    ("cache", any, Nothing),
    ("cloud", empty, Note("has no effect: weft reports to nobody")),
    ("connect.enable_mesh_gateway_wan_federation", empty, Refusal(ONE_DATACENTER)),
    ("connect.enable_serverless_plugin", empty, Refusal("functions are not called by sidecars here; leave it out")),
    ("disable_anonymous_signature", any, Nothing),
    ("disable_http_unprintable_char_filter", yes, Note("has no effect: paths may have any character but NUL")),
    ("disable_remote_exec", yes, Note("has no effect: there is no remote execution")),
    ("disable_update_check", any, Nothing),
    ("dns_config.prefer_namespace", empty, Refusal(OTHER_KIND)),
    ("enable_acl_replication", any, Nothing),
    ("enable_central_service_config", yes, Note("has no effect: config entries hold for every instance")),
    ("enable_debug", empty, Note("has no effect: there are no profiles to fetch; `weft debug` gathers the rest")),
    ("enable_syslog", empty, Refusal("weft logs to standard error, which the service manager keeps, and to log_file")),
    ("experiments", empty, Note("has no effect: there are none")),
    ("gossip_lan", empty, Note(NO_GOSSIP)),
    ("gossip_wan", empty, Note(NO_GOSSIP)),
    ("http_config.use_cache", any, Nothing),
    ("license_path", empty, Note("has no effect: weft needs no licence")),
    ("limits.https_handshake_timeout", empty, Note(SELF_MADE)),
    ("limits.request_limits", is_disabled, Refusal("requests are not counted by time; set limits in a proxy in front")),
    ("limits.rpc_client_timeout", empty, Note(SELF_MADE)),
    ("limits.rpc_handshake_timeout", empty, Note(SELF_MADE)),
    ("limits.rpc_max_burst", empty, Note(SELF_MADE)),
    ("limits.rpc_max_conns_per_client", empty, Note("has no effect: an agent keeps one connection to a server")),
    ("limits.rpc_rate", empty, Note("has no effect: requests to servers are not counted by time")),
    ("locality", empty, Note("has no effect: nearest is what answers fastest")),
    ("partition", is_default, Refusal(OTHER_KIND)),
    ("peering", empty, Note("has no effect: clusters do not peer")),
    ("performance.grpc_keepalive_interval", empty, Note(SELF_MADE)),
    ("performance.grpc_keepalive_timeout", empty, Note(SELF_MADE)),
    ("performance.leave_drain_time", empty, Note("has no effect: an agent that leaves ends its requests within 7.5s")),
    ("performance.rpc_hold_timeout", empty, Note("has no effect: a write waits 7s for its answer")),
    ("ports.expose_max_port", empty, Note(NO_EXPOSED)),
    ("ports.expose_min_port", empty, Note(NO_EXPOSED)),
    ("ports.proxy_max_port", empty, Note("has no effect: sidecars get ports.sidecar_min_port to sidecar_max_port")),
    ("ports.proxy_min_port", empty, Note("has no effect: sidecars get ports.sidecar_min_port to sidecar_max_port")),
    ("primary_gateways", empty, Refusal(ONE_DATACENTER)),
    ("primary_gateways_interval", empty, Note(NO_FEDERATION)),
    ("raft_boltdb", empty, Note("has no effect: the log is kept in RocksDB")),
    ("raft_logstore", empty, Note("has no effect: the log is kept in RocksDB")),
    ("raft_prevote_disabled", empty, Note("has no effect: a server that may not win asks for no votes")),
    (
        "raft_protocol",
        third,
        Refusal("there is one version of raft's protocol, which does what Consul's 3 does: leave it out"),
    ),
    ("raft_snapshot_interval", empty, Note("has no effect: the log is looked at with every entry")),
    ("reconnect_timeout", empty, Note("has no effect: an agent that has failed is forgotten after 72h")),
    ("reconnect_timeout_wan", empty, Note(NO_FEDERATION)),
    (
        "rejoin_after_leave",
        empty,
        Refusal("an agent that starts asks the servers in retry_join, whether it has left before or not: leave it out"),
    ),
    ("reporting", empty, Note("has no effect: weft reports to nobody")),
    ("retry_interval_wan", empty, Note(NO_FEDERATION)),
    ("retry_join_wan", empty, Refusal(ONE_DATACENTER)),
    // Agents ask for as long as they run: whoever watches over them sees that in the log and in `/v1/status/leader`.
    ("retry_max", empty, Refusal("an agent goes on asking the servers for as long as it runs: leave it out")),
    ("retry_max_wan", empty, Note(NO_FEDERATION)),
    // Reads come from memory, and who waits is woken: there is nothing to choose.
    ("rpc", any, Nothing),
    ("segment", empty, Refusal(OTHER_KIND)),
    ("segments", empty, Refusal(OTHER_KIND)),
    ("serf_lan", empty, Refusal(GOSSIP)),
    ("serf_lan_allowed_cidrs", empty, Refusal(GOSSIP)),
    ("serf_wan", empty, Refusal(GOSSIP)),
    ("serf_wan_allowed_cidrs", empty, Refusal(GOSSIP)),
    ("server_name", empty, Note("has no effect: servers know each other by their authority")),
    ("snapshot_agent", empty, Note("is not for this agent: give it to `weft snapshot agent` as flags")),
    ("start_join_wan", empty, Refusal(ONE_DATACENTER)),
    // Nothing is asked of it while enable_syslog is off.
    ("syslog_facility", any, Nothing),
    ("telemetry.circonus_api_app", any, Nothing),
    ("telemetry.circonus_api_token", empty, Refusal(TELEMETRY)),
    ("telemetry.circonus_api_url", any, Nothing),
    ("telemetry.circonus_broker_id", any, Nothing),
    ("telemetry.circonus_broker_select_tag", any, Nothing),
    ("telemetry.circonus_check_display_name", any, Nothing),
    ("telemetry.circonus_check_force_metric_activation", any, Nothing),
    ("telemetry.circonus_check_id", any, Nothing),
    ("telemetry.circonus_check_instance_id", any, Nothing),
    ("telemetry.circonus_check_search_tag", any, Nothing),
    ("telemetry.circonus_check_tags", any, Nothing),
    ("telemetry.circonus_submission_interval", any, Nothing),
    ("telemetry.circonus_submission_url", empty, Refusal(TELEMETRY)),
    ("telemetry.disable_compat_1.9", any, Nothing),
    ("telemetry.disable_per_tenancy_usage_metrics", any, Nothing),
    ("telemetry.enable_host_metrics", empty, Note("has no effect: metrics are of the agent, not of its machine")),
    ("telemetry.retry_failed_connection", any, Nothing),
    ("tls.defaults.tls_cipher_suites", empty, Refusal(CIPHERS)),
    ("tls.grpc.tls_cipher_suites", empty, Refusal(CIPHERS)),
    ("tls.https.tls_cipher_suites", empty, Refusal(CIPHERS)),
    ("tls.internal_rpc.tls_cipher_suites", empty, Refusal(CIPHERS)),
    ("tls_cipher_suites", empty, Refusal(CIPHERS)),
    ("tls_prefer_server_cipher_suites", any, Nothing),
    // An address for the others of one datacenter is never exchanged for one of the world outside.
    ("translate_wan_addrs", empty, Note(NO_FEDERATION)),
    ("ui", empty, Refusal(NO_INTERFACE)),
    ("ui_config", is_switched_off, Refusal(NO_INTERFACE)),
    // Where it would be, if it were.
    ("ui_content_path", any, Nothing),
    ("ui_dir", empty, Refusal(NO_INTERFACE)),
    ("use_streaming_backend", any, Nothing),
    ("xds", empty, Note("has no effect: proxies are told of changes as they come")),
];

/// What becomes of a key of Consul; `None`: it is none of those.
pub(super) fn fate(path: &str, value: &Value) -> Option<Fate> {
    let (_, asks_nothing, worth) = ROWS.iter().find(|(key, ..)| *key == path)?;
    Some(match worth {
        _ if asks_nothing(value) => Fate::Accepted,
        Nothing => Fate::Accepted,
        Note(words) => Fate::Noted(words),
        Refusal(reason) => Fate::Refused(reason),
    })
}

fn any(_: &Value) -> bool {
    true
}

fn yes(value: &Value) -> bool {
    *value == Value::Bool(true)
}

/// Off, none, nothing: also where a block says so of all that is in it.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64().is_some_and(|number| number <= 0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(empty),
        Value::Object(block) => block.values().all(empty),
    }
}

fn is_default(value: &Value) -> bool {
    empty(value) || value == "default"
}

fn third(value: &Value) -> bool {
    empty(value) || *value == 3
}

/// A block whose `enabled` is off asks for nothing, whatever else it says.
fn is_switched_off(value: &Value) -> bool {
    empty(value) || in_block(value, "enabled").is_none_or(empty)
}

fn is_disabled(value: &Value) -> bool {
    empty(value) || in_block(value, "mode").is_none_or(|mode| mode == "disabled")
}

/// HCL writes a block as a list of one.
fn in_block<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_array().and_then(|blocks| blocks.first()).unwrap_or(value).get(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(key: &str, value: Value) -> Option<&'static str> {
        match fate(key, &value)? {
            Fate::Accepted => Some("accepted"),
            Fate::Noted(_) => Some("noted"),
            Fate::Refused(_) => Some("refused"),
        }
    }

    #[test]
    fn what_asks_for_nothing_is_accepted_and_the_rest_told() {
        let cases = [
            ("retry_max", json!(0), "accepted"),
            ("retry_max", json!(3), "refused"),
            ("audit", json!({"enabled": false, "sink": {"s": {"type": "file"}}}), "accepted"),
            ("audit", json!([{"enabled": true}]), "refused"),
            ("ui_config", json!([{"enabled": false, "metrics_provider": "prometheus"}]), "accepted"),
            ("ui_config", json!({"enabled": true}), "refused"),
            ("limits.request_limits", json!({"mode": "disabled", "read_rate": 5}), "accepted"),
            ("limits.request_limits", json!({"mode": "enforcing"}), "refused"),
            ("raft_protocol", json!(3), "accepted"),
            ("raft_protocol", json!(2), "refused"),
            ("disable_remote_exec", json!(false), "noted"),
            ("gossip_lan", json!([{"gossip_nodes": 3}]), "noted"),
            ("partition", json!("default"), "accepted"),
        ];
        for (key, value, expected) in cases {
            assert_eq!(told(key, value.clone()), Some(expected), "{key} {value}");
        }
        assert!(told("node_name", json!("n1")).is_none());
    }

    #[test]
    fn keys_are_in_order_and_no_reason_is_missing() {
        assert!(ROWS.is_sorted_by(|(one, ..), (other, ..)| one < other));
        for (key, _, worth) in ROWS {
            let words = match worth {
                Nothing => continue,
                Note(words) | Refusal(words) => words,
            };
            assert!(words.contains(' ') && !words.ends_with('.'), "{key}: {words}");
        }
    }
}
