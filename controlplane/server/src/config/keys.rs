//! The keys that an agent reads: one row a key, with how its value is read.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value};
use weft_api::access::AgentToken;
use weft_model::Faults;

use super::absent::{self, Fate};
use super::dns;
use super::draft::Draft;
use super::entries;
use super::http;
use super::nearest::nearest;
use super::read;
use super::socket;
use super::tls;
use crate::watches;

/// One source of settings: a file, or the command line.
pub(super) struct Settings {
    /// What to call it in a fault.
    pub(super) origin: Origin,
    pub(super) values: Map<String, Value>,
}

/// Where settings come from.
pub(super) enum Origin {
    File(String),
    /// The flag that stands for each key's path.
    Flags(Vec<(&'static str, &'static str)>),
}

type Read = fn(&mut Draft, &Value) -> Result<(), String>;

/// Key, and what its value sets. A dot goes down into a block.
const KEYS: &[(&str, Read)] = &[
    ("acl.default_policy", |draft, value| set(&mut draft.acl_default_policy, read::policy(value))),
    ("acl.down_policy", |draft, value| read::into(&mut draft.acl.down_policy, read::down_policy(value))),
    ("acl.enable_key_list_policy", |draft, value| read::into(&mut draft.acl.key_list_policy, read::boolean(value))),
    ("acl.enable_token_persistence", |draft, value| read::into(&mut draft.acl.token_persistence, read::boolean(value))),
    // Between datacenters, of which there is one.
    ("acl.enable_token_replication", |_, value| read::boolean(value).map(drop)),
    ("acl.enabled", |draft, value| set(&mut draft.acl_enabled, read::boolean(value))),
    // They come with the token.
    ("acl.policy_ttl", |_, value| read::duration(value).map(drop)),
    ("acl.role_ttl", |_, value| read::duration(value).map(drop)),
    ("acl.token_ttl", |draft, value| read::into(&mut draft.acl.token_ttl, read::duration(value))),
    ("acl.tokens.agent", |draft, value| token(draft, AgentToken::Agent, value)),
    ("acl.tokens.agent_master", |draft, value| token(draft, AgentToken::Recovery, value)),
    ("acl.tokens.agent_recovery", |draft, value| token(draft, AgentToken::Recovery, value)),
    ("acl.tokens.config_file_service_registration", |draft, value| token(draft, AgentToken::Registration, value)),
    ("acl.tokens.default", |draft, value| token(draft, AgentToken::Default, value)),
    ("acl.tokens.dns", |draft, value| token(draft, AgentToken::Dns, value)),
    ("acl.tokens.initial_management", |draft, value| set(&mut draft.acl.initial_management, read::token(value))),
    ("acl.tokens.master", |draft, value| set(&mut draft.acl.initial_management, read::token(value))),
    ("acl.tokens.replication", |draft, value| token(draft, AgentToken::Replication, value)),
    // What the block acl says was said so before Consul 1.4; naming the datacenter switched it on.
    ("acl_agent_master_token", |draft, value| token(draft, AgentToken::Recovery, value)),
    ("acl_agent_token", |draft, value| token(draft, AgentToken::Agent, value)),
    ("acl_datacenter", |draft, value| set(&mut draft.acl_datacenter, read::text(value))),
    ("acl_default_policy", |draft, value| set(&mut draft.acl_default_policy, read::policy(value))),
    ("acl_down_policy", |draft, value| read::into(&mut draft.acl.down_policy, read::down_policy(value))),
    ("acl_enable_key_list_policy", |draft, value| read::into(&mut draft.acl.key_list_policy, read::boolean(value))),
    ("acl_master_token", |draft, value| set(&mut draft.acl.initial_management, read::token(value))),
    ("acl_replication_token", |draft, value| token(draft, AgentToken::Replication, value)),
    ("acl_token", |draft, value| token(draft, AgentToken::Default, value)),
    ("acl_ttl", |draft, value| read::into(&mut draft.acl.token_ttl, read::duration(value))),
    ("addresses.dns", |draft, value| set(&mut draft.dns_address, read::address(value))),
    ("addresses.grpc", |draft, value| set(&mut draft.grpc_address, read::address(value))),
    ("addresses.grpc_tls", |draft, value| set(&mut draft.grpc_tls_address, read::address(value))),
    ("addresses.http", |draft, value| {
        let places = socket::places(value)?;
        draft.http_is_socket = places.address.is_none();
        (draft.http_address, draft.http.socket) = (places.address, places.socket);
        Ok(())
    }),
    ("addresses.https", |draft, value| set(&mut draft.https_address, read::address(value))),
    ("advertise_addr", |draft, value| set(&mut draft.advertise, read::address(value))),
    ("advertise_addr_ipv4", |draft, value| set(&mut draft.reach.lan_ipv4, read::address(value))),
    ("advertise_addr_ipv6", |draft, value| set(&mut draft.reach.lan_ipv6, read::address(value))),
    ("advertise_addr_wan", |draft, value| set(&mut draft.reach.wan, read::address(value))),
    ("advertise_addr_wan_ipv4", |draft, value| set(&mut draft.reach.wan_ipv4, read::address(value))),
    ("advertise_addr_wan_ipv6", |draft, value| set(&mut draft.reach.wan_ipv6, read::address(value))),
    ("alt_domain", |draft, value| set(&mut draft.dns.alt_domain, dns::name(value))),
    ("autopilot.cleanup_dead_servers", |draft, value| {
        read::into(&mut draft.autopilot.cleanup_dead_servers, read::boolean(value))
    }),
    ("autopilot.last_contact_threshold", |draft, value| {
        read::into(&mut draft.autopilot.last_contact_threshold.0, read::duration(value))
    }),
    ("autopilot.max_trailing_logs", |draft, value| {
        read::into(&mut draft.autopilot.max_trailing_logs, read::number(value))
    }),
    ("autopilot.min_quorum", |draft, value| read::into(&mut draft.autopilot.min_quorum, read::number(value))),
    ("autopilot.server_stabilization_time", |draft, value| {
        read::into(&mut draft.autopilot.server_stabilization_time.0, read::duration(value))
    }),
    ("bind_addr", |draft, value| set(&mut draft.bind, read::address(value))),
    ("bootstrap", |draft, value| set(&mut draft.bootstrap, read::boolean(value))),
    ("bootstrap_expect", |draft, value| set(&mut draft.bootstrap_expect, read::integer(value))),
    ("ca_file", |draft, value| file(&mut draft.tls.ca, value)),
    ("ca_path", |draft, value| file(&mut draft.tls.ca_path, value)),
    ("cert_file", |draft, value| file(&mut draft.tls.cert, value)),
    ("check", |draft, value| add(&mut draft.definitions.checks, read::definitions(value))),
    ("check_output_max_size", |draft, value| read::into(&mut draft.checks.output_max, read::count(value))),
    ("check_update_interval", |draft, value| read::into(&mut draft.checks.output_every, read::duration(value))),
    ("checks", |draft, value| add(&mut draft.definitions.checks, read::definitions(value))),
    ("client_addr", |draft, value| set(&mut draft.client, read::address(value))),
    ("config_entries.bootstrap", |draft, value| add(&mut draft.entries, entries::read(value))),
    ("connect.ca_config", |draft, value| set(&mut draft.ca_config, read::map(value))),
    ("connect.ca_provider", |draft, value| set(&mut draft.ca_provider, read::text(value))),
    ("connect.ca_seal_key_file", |draft, value| set(&mut draft.ca_seal_key_file, read::text(value).map(Into::into))),
    ("connect.enabled", |_, value| match read::boolean(value)? {
        true => Ok(()),
        false => Err("cannot be switched off: the mesh is what weft is".to_owned()),
    }),
    ("data_dir", |draft, value| set(&mut draft.data_dir, read::text(value).map(Into::into))),
    ("datacenter", |draft, value| set(&mut draft.datacenter, read::text(value))),
    ("default_intention_policy", |draft, value| set(&mut draft.default_intention_policy, read::policy(value))),
    ("default_query_time", |draft, value| set(&mut draft.http.wait_default, read::duration(value))),
    ("dev", |draft, value| set(&mut draft.dev, read::boolean(value))),
    // IDs are made by chance in any case.
    ("disable_host_node_id", |_, value| read::boolean(value).map(drop)),
    // There is no gossip, and no keyring.
    ("disable_keyring_file", |_, value| read::boolean(value).map(drop)),
    ("disable_coordinates", |draft, value| read::into(&mut draft.disable_coordinates, read::boolean(value))),
    ("discard_check_output", |draft, value| read::into(&mut draft.checks.discard_output, read::boolean(value))),
    ("discovery_max_stale", |draft, value| set(&mut draft.http.discovery_max_stale, read::duration(value))),
    ("dns_config.a_record_limit", |draft, value| set(&mut draft.dns.a_record_limit, dns::limit(value))),
    ("dns_config.allow_stale", |draft, value| set(&mut draft.dns.allow_stale, read::boolean(value))),
    // Answers come from memory, as new as the state: there is nothing to keep beside it.
    ("dns_config.cache_max_age", |_, value| read::duration(value).map(drop)),
    ("dns_config.disable_compression", |draft, value| set(&mut draft.dns.disable_compression, read::boolean(value))),
    ("dns_config.enable_additional_node_meta_txt", |draft, value| {
        set(&mut draft.dns.node_meta_txt, read::boolean(value))
    }),
    ("dns_config.enable_truncate", |draft, value| set(&mut draft.dns.enable_truncate, read::boolean(value))),
    ("dns_config.max_stale", |draft, value| set(&mut draft.dns.max_stale, read::duration(value))),
    ("dns_config.node_ttl", |draft, value| set(&mut draft.dns.node_ttl, dns::ttl(value))),
    ("dns_config.only_passing", |draft, value| set(&mut draft.dns.only_passing, read::boolean(value))),
    ("dns_config.recursor_strategy", |draft, value| set(&mut draft.dns.recursor_order, dns::order(value))),
    ("dns_config.recursor_timeout", |draft, value| set(&mut draft.dns.recursor_timeout, read::duration(value))),
    ("dns_config.service_ttl", |draft, value| read::into(&mut draft.dns.service_ttl, dns::ttls(value))),
    ("dns_config.soa.expire", |draft, value| read::into(&mut draft.dns.soa.expire, read::number(value))),
    ("dns_config.soa.min_ttl", |draft, value| read::into(&mut draft.dns.soa.min_ttl, read::number(value))),
    ("dns_config.soa.refresh", |draft, value| read::into(&mut draft.dns.soa.refresh, read::number(value))),
    ("dns_config.soa.retry", |draft, value| read::into(&mut draft.dns.soa.retry, read::number(value))),
    ("dns_config.udp_answer_limit", |draft, value| set(&mut draft.dns.udp_answer_limit, dns::limit(value))),
    ("dns_config.use_cache", |_, value| read::boolean(value).map(drop)),
    ("domain", |draft, value| set(&mut draft.dns.domain, dns::name(value))),
    ("enable_agent_tls_for_checks", |draft, value| read::into(&mut draft.agent_tls_for_checks, read::boolean(value))),
    ("enable_local_script_checks", |draft, value| read::into(&mut draft.local_scripts, read::boolean(value))),
    ("enable_script_checks", |draft, value| read::into(&mut draft.remote_scripts, read::boolean(value))),
    ("encrypt", |draft, value| set(&mut draft.encrypt, read::join_secret(value))),
    ("encrypt_verify_incoming", |_, value| read::only_on(value)),
    ("encrypt_verify_outgoing", |_, value| read::only_on(value)),
    ("http_config.allow_write_http_from", |draft, value| add(&mut draft.http.writers, http::networks(value))),
    ("http_config.block_endpoints", |draft, value| add(&mut draft.http.blocked, http::paths(value))),
    ("http_config.max_header_bytes", |draft, value| set(&mut draft.http.head_max, read::count(value))),
    ("http_config.response_headers", |draft, value| http::headers(value).map(|more| draft.http.headers.extend(more))),
    ("key_file", |draft, value| file(&mut draft.tls.key, value)),
    ("leave_on_terminate", |draft, value| set(&mut draft.leave_on_terminate, read::boolean(value))),
    ("limits.http_max_conns_per_client", |draft, value| {
        set(&mut draft.http_connections_per_client, read::count(value))
    }),
    ("limits.kv_max_value_size", |draft, value| set(&mut draft.http.value_max, read::count(value))),
    ("limits.txn_max_req_len", |draft, value| set(&mut draft.http.transaction_max, read::count(value))),
    ("log_file", |draft, value| file(&mut draft.log.file, value)),
    ("log_json", |draft, value| set(&mut draft.log.json, read::boolean(value))),
    ("log_level", |draft, value| set(&mut draft.log.level, read::level(value))),
    ("log_rotate_bytes", |draft, value| set(&mut draft.log.bytes, read::integer(value))),
    ("log_rotate_duration", |draft, value| set(&mut draft.log.every, read::duration(value))),
    ("log_rotate_max_files", |draft, value| set(&mut draft.log.files_max, read::integer(value))),
    ("max_query_time", |draft, value| set(&mut draft.http.wait_max, read::duration(value))),
    ("node_id", |draft, value| set(&mut draft.node_id, read::text(value))),
    ("node_meta", |draft, value| read::pairs(value).map(|pairs| draft.node_meta.extend(pairs))),
    ("node_name", |draft, value| set(&mut draft.node_name, read::text(value))),
    ("non_voting_server", |draft, value| set(&mut draft.read_replica, read::boolean(value))),
    ("performance.raft_multiplier", |draft, value| set(&mut draft.raft_multiplier, read::integer(value))),
    ("pid_file", |draft, value| file(&mut draft.pid_file, value)),
    ("ports.dns", |draft, value| set(&mut draft.ports.dns, read::port(value))),
    ("ports.grpc", |draft, value| set(&mut draft.ports.grpc, read::port(value))),
    ("ports.grpc_tls", |draft, value| set(&mut draft.ports.grpc_tls, read::port(value))),
    ("ports.http", |draft, value| set(&mut draft.ports.http, read::port(value))),
    ("ports.https", |draft, value| set(&mut draft.ports.https, read::port(value))),
    // Gossip does not exist here; its ports may stay in files that come from Consul.
    ("ports.serf_lan", |_, value| read::port(value).map(drop)),
    ("ports.serf_wan", |_, value| read::port(value).map(drop)),
    ("ports.server", |draft, value| set(&mut draft.ports.server, read::port(value))),
    ("ports.sidecar_max_port", |draft, value| set(&mut draft.ports.sidecar_max, read::port_number(value))),
    ("ports.sidecar_min_port", |draft, value| set(&mut draft.ports.sidecar_min, read::port_number(value))),
    ("primary_datacenter", |draft, value| set(&mut draft.primary_datacenter, read::text(value))),
    // Of the protocols between agents there is one version.
    ("protocol", |_, value| read::integer(value).map(drop)),
    ("raft_snapshot_threshold", |draft, value| set(&mut draft.raft_snapshot_threshold, read::integer(value))),
    ("raft_trailing_logs", |draft, value| set(&mut draft.raft_trailing_logs, read::number(value))),
    ("read_replica", |draft, value| set(&mut draft.read_replica, read::boolean(value))),
    ("recursor", |draft, value| add(&mut draft.dns.recursors, dns::recursors(value))),
    ("recursors", |draft, value| add(&mut draft.dns.recursors, dns::recursors(value))),
    ("rejoin_as_new", |draft, value| set(&mut draft.rejoin_as_new, read::boolean(value))),
    ("retry_interval", |draft, value| set(&mut draft.retry_interval, read::duration(value))),
    ("retry_join", |draft, value| add(&mut draft.retry_join, read::texts(value))),
    ("server", |draft, value| set(&mut draft.server, read::boolean(value))),
    ("service", |draft, value| add(&mut draft.definitions.services, read::definitions(value))),
    ("services", |draft, value| add(&mut draft.definitions.services, read::definitions(value))),
    ("session_ttl_min", |draft, value| set(&mut draft.http.session_ttl_min, read::duration(value))),
    ("skip_leave_on_interrupt", |draft, value| set(&mut draft.skip_leave_on_interrupt, read::boolean(value))),
    ("start_join", |draft, value| add(&mut draft.retry_join, read::texts(value))),
    ("tagged_addresses", |draft, value| read::pairs(value).map(|pairs| draft.reach.tagged.extend(pairs))),
    // No name has the host's in it.
    ("telemetry.disable_hostname", |_, value| read::boolean(value).map(drop)),
    ("telemetry.dogstatsd_addr", |draft, value| set(&mut draft.dogstatsd, read::host_port(value))),
    ("telemetry.dogstatsd_tags", |draft, value| add(&mut draft.dogstatsd_tags, read::texts(value))),
    ("telemetry.filter_default", |draft, value| read::into(&mut draft.telemetry.filter_default, read::boolean(value))),
    ("telemetry.metrics_prefix", |draft, value| read::into(&mut draft.telemetry.prefix, read::text(value))),
    ("telemetry.prefix_filter", |draft, value| add(&mut draft.telemetry.filters, read::filters(value))),
    ("telemetry.prometheus_retention_time", |draft, value| {
        read::into(&mut draft.telemetry.prometheus, read::duration(value).map(|time| !time.is_zero()))
    }),
    ("telemetry.statsd_address", |draft, value| set(&mut draft.statsd, read::host_port(value))),
    ("telemetry.statsite_address", |draft, value| set(&mut draft.statsite, read::host_port(value))),
    ("tls.defaults.ca_file", |draft, value| file(&mut draft.tls.ca, value)),
    ("tls.defaults.ca_path", |draft, value| file(&mut draft.tls.ca_path, value)),
    ("tls.defaults.cert_file", |draft, value| file(&mut draft.tls.cert, value)),
    ("tls.defaults.key_file", |draft, value| file(&mut draft.tls.key, value)),
    ("tls.defaults.tls_min_version", |draft, value| set(&mut draft.tls.min_version, tls::version(value))),
    ("tls.defaults.verify_incoming", |draft, value| set(&mut draft.tls.verify_incoming, read::boolean(value))),
    ("tls.defaults.verify_outgoing", |_, value| read::only_on(value)),
    ("tls.grpc.ca_file", |draft, value| file(&mut draft.grpc_tls.ca, value)),
    ("tls.grpc.ca_path", |draft, value| file(&mut draft.grpc_tls.ca_path, value)),
    ("tls.grpc.cert_file", |draft, value| file(&mut draft.grpc_tls.cert, value)),
    ("tls.grpc.key_file", |draft, value| file(&mut draft.grpc_tls.key, value)),
    ("tls.grpc.tls_min_version", |draft, value| set(&mut draft.grpc_tls.min_version, tls::version(value))),
    ("tls.grpc.use_auto_cert", |_, value| {
        read::only_off(value, "there are no certificates made for it: name cert_file and key_file of your own")
    }),
    ("tls.grpc.verify_incoming", |draft, value| set(&mut draft.grpc_tls.verify_incoming, read::boolean(value))),
    // Nothing goes out from the ports for clients, so that either holds.
    ("tls.grpc.verify_outgoing", |_, value| read::boolean(value).map(drop)),
    ("tls.https.ca_file", |draft, value| file(&mut draft.https_tls.ca, value)),
    ("tls.https.ca_path", |draft, value| file(&mut draft.https_tls.ca_path, value)),
    ("tls.https.cert_file", |draft, value| file(&mut draft.https_tls.cert, value)),
    ("tls.https.key_file", |draft, value| file(&mut draft.https_tls.key, value)),
    ("tls.https.tls_min_version", |draft, value| set(&mut draft.https_tls.min_version, tls::version(value))),
    ("tls.https.verify_incoming", |draft, value| set(&mut draft.https_tls.verify_incoming, read::boolean(value))),
    ("tls.https.verify_outgoing", |_, value| read::boolean(value).map(drop)),
    ("tls.internal_rpc.ca_file", |draft, value| file(&mut draft.internal_tls.ca, value)),
    ("tls.internal_rpc.ca_path", |draft, value| file(&mut draft.internal_tls.ca_path, value)),
    ("tls.internal_rpc.cert_file", |draft, value| file(&mut draft.internal_tls.cert, value)),
    ("tls.internal_rpc.key_file", |draft, value| file(&mut draft.internal_tls.key, value)),
    // Servers speak TLS 1.3 whatever the least is.
    ("tls.internal_rpc.tls_min_version", |_, value| tls::version(value).map(drop)),
    ("tls.internal_rpc.verify_incoming", |draft, value| {
        read::only_on(value)?;
        set(&mut draft.internal_tls.verify_incoming, Ok(true))
    }),
    ("tls.internal_rpc.verify_outgoing", |_, value| read::only_on(value)),
    ("tls.internal_rpc.verify_server_hostname", |_, value| read::only_on(value)),
    ("tls_min_version", |draft, value| set(&mut draft.tls.min_version, tls::version(value))),
    ("unix_sockets.group", |draft, value| set(&mut draft.http.owner.group, read::text(value))),
    ("unix_sockets.mode", |draft, value| set(&mut draft.http.owner.mode, socket::mode(value))),
    ("unix_sockets.user", |draft, value| set(&mut draft.http.owner.user, read::text(value))),
    ("verify_incoming", |draft, value| set(&mut draft.tls.verify_incoming, read::boolean(value))),
    ("verify_incoming_https", |draft, value| set(&mut draft.https_tls.verify_incoming, read::boolean(value))),
    ("verify_incoming_rpc", |draft, value| {
        read::only_on(value)?;
        set(&mut draft.internal_tls.verify_incoming, Ok(true))
    }),
    ("verify_outgoing", |_, value| read::only_on(value)),
    ("verify_server_hostname", |_, value| read::only_on(value)),
    ("watches", |draft, value| add(&mut draft.watches, watches::read(value))),
];

fn token(draft: &mut Draft, kind: AgentToken, value: &Value) -> Result<(), String> {
    draft.acl.tokens.insert(kind, read::secret(value)?);
    Ok(())
}

fn file(place: &mut Option<PathBuf>, value: &Value) -> Result<(), String> {
    set(place, read::text(value).map(PathBuf::from))
}

fn set<T>(place: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *place = Some(value?);
    Ok(())
}

fn add<T>(list: &mut Vec<T>, values: Result<Vec<T>, String>) -> Result<(), String> {
    list.extend(values?);
    Ok(())
}

/// Reads one source over what the earlier ones said.
pub(super) fn apply(settings: &Settings, draft: &mut Draft, faults: &mut Faults) {
    apply_block(settings, "", &settings.values, draft, faults);
}

fn apply_block(settings: &Settings, above: &str, block: &Map<String, Value>, draft: &mut Draft, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (written, value) in block {
        // Consul does not mind the case of letters.
        let key = &if is_key(above, written) { written.clone() } else { written.to_ascii_lowercase() };
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        if !seen.insert(key.clone()) {
            faults.say(settings.origin.fault(&path, "is set twice"));
        }
        if value.is_null() {
            continue;
        }
        if let Some(fate) = absent::fate(&path, value) {
            match fate {
                Fate::Accepted => {}
                Fate::Noted(words) => draft.notes.push(settings.origin.fault(&path, words)),
                Fate::Refused(reason) => faults.say(settings.origin.fault(&path, reason)),
            }
        } else if let Some((_, read)) = KEYS.iter().find(|(known, _)| *known == path) {
            draft.written.note(&path, value);
            if let Err(fault) = read(draft, value) {
                faults.say(settings.origin.fault(&path, &fault));
            }
        } else if below(&path).next().is_some() {
            match read::map(value) {
                Ok(block) => apply_block(settings, &path, &block, draft, faults),
                Err(fault) => faults.say(settings.origin.fault(&path, &fault)),
            }
        } else {
            faults.say(settings.origin.fault(&path, &unknown(above, written)));
        }
    }
}

/// Whether the block at `above` may hold this name.
fn is_key(above: &str, name: &str) -> bool {
    below(above).any(|known| known == name)
}

/// The names that the block at `path` may hold.
fn below(path: &str) -> impl Iterator<Item = &'static str> {
    let known = KEYS.iter().filter_map(move |(known, _)| {
        let rest = if path.is_empty() { known } else { known.strip_prefix(path)?.strip_prefix('.')? };
        rest.split('.').next()
    });
    // Two keys of one block lie side by side.
    let mut last = "";
    known.filter(move |name| std::mem::replace(&mut last, name) != *name)
}

fn unknown(above: &str, key: &str) -> String {
    match nearest(key, below(above)) {
        Some(name) => format!("is not a known key; did you mean {name:?}?"),
        None => "is not a known key".to_owned(),
    }
}

/// Whether a key is the one at `path`, or in its block.
fn is_within(key: &str, path: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Origin {
    fn fault(&self, path: &str, fault: &str) -> String {
        match self {
            Self::File(name) => format!("{name}: {path}: {fault}"),
            Self::Flags(flags) => {
                let flag = flags.iter().find(|(_, key)| is_within(key, path)).map_or(path, |(flag, _)| flag);
                format!("{flag}: {fault}")
            }
        }
    }
}
