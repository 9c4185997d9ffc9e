#![allow(clippy::unwrap_used)]

use std::fs;

use tempfile::TempDir;
use weft_model::intention::DefaultPolicy;

use super::*;

fn load_files(files: &[(&str, &str)], flags: Flags) -> Result<Config, Faults> {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let config = vec![dir.path().to_owned()];
    load(&Flags { config, ..flags }).map_err(|faults| {
        let cut = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
        Faults(faults.0.into_iter().map(|fault| weft_model::Fault { message: cut(fault.message), ..fault }).collect())
    })
}

fn faults(files: &[(&str, &str)], flags: Flags) -> Vec<String> {
    load_files(files, flags).unwrap_err().0.iter().map(ToString::to_string).collect()
}

fn dev() -> Flags {
    Flags { dev: true, ..Flags::default() }
}

#[test]
fn dev_needs_nothing_else() {
    let config = load(&dev()).unwrap();
    assert!(config.dev && config.data_dir.is_none());
    assert_eq!(config.node.address, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(config.node.datacenter, "dc1");
    assert_eq!(config.listen.http, Endpoint { address: [127, 0, 0, 1].into(), port: Port::At(8500) });
    assert_eq!(config.listen.sidecar_ports, (21000, 21255));
    assert_eq!(config.default_policy, DefaultPolicy::Allow);
}

#[test]
fn what_is_hardly_meant_is_told() {
    let flags = Flags { node: Some("web_1".into()), data_dir: Some("/nowhere".into()), ..dev() };
    let [data_dir, name] = &load(&flags).unwrap().advice()[..] else { panic!("two words") };
    assert!(data_dir.contains("--data-dir is not used") && name.contains("will not be discoverable via DNS"));
    assert_eq!(load(&Flags { node: Some("web-1".into()), ..dev() }).unwrap().advice(), Vec::<String>::new());
}

const HCL: &str = r#"
    node_name = "n1"
    ports { http = 9500  grpc = -1 }
    acl { enabled = false default_policy = "deny" }
    connect { enabled = true ca_config { leaf_cert_ttl = "24h" } }
    service { name = "web" port = 80 connect { sidecar_service {} } }
    service { name = "api" id = "api-1" port = 81 check { ttl = "10s" } }
"#;
const JSON: &str = r#"{"node_name": "n1", "ports": {"http": 9500, "grpc": -1},
    "acl": {"enabled": false, "default_policy": "deny"},
    "connect": {"enabled": true, "ca_config": {"leaf_cert_ttl": "24h"}},
    "services": [{"name": "web", "port": 80, "connect": {"sidecar_service": {}}},
                 {"name": "api", "id": "api-1", "port": 81, "check": {"ttl": "10s"}}]}"#;
const TOML: &str = r#"
    node_name = "n1"
    ports = { http = 9500, grpc = -1 }
    acl = { enabled = false, default_policy = "deny" }
    connect = { enabled = true, ca_config = { leaf_cert_ttl = "24h" } }
    [[services]]
    name = "web"
    port = 80
    connect = { sidecar_service = {} }
    [[services]]
    name = "api"
    id = "api-1"
    port = 81
    check = { ttl = "10s" }
"#;

#[test]
fn three_languages_say_the_same() {
    for (name, text) in [("a.hcl", HCL), ("a.json", JSON), ("a.toml", TOML)] {
        let config = load_files(&[(name, text)], dev()).unwrap();
        assert_eq!(config.node.name, "n1", "{name}");
        assert_eq!(config.listen.http.port, Port::At(9500), "{name}");
        assert_eq!(config.listen.grpc.port, Port::Off, "{name}");
        assert_eq!(config.default_policy, DefaultPolicy::Deny, "{name}");
        let ids: Vec<_> = config.definitions.services.iter().map(ServiceDefinition::service_id).collect();
        assert_eq!(ids, ["web", "api-1"], "{name}");
        assert!(config.definitions.services[0].connect.as_ref().unwrap().sidecar_service.is_some(), "{name}");
        assert_eq!(config.ca.config["leaf_cert_ttl"], "24h", "{name}");
    }
}

#[test]
fn later_sources_win_and_flags_come_last() {
    let files = [("a.json", r#"{"node_name": "a", "datacenter": "x"}"#), ("b.json", r#"{"node_name": "b"}"#)];
    let config = load_files(&files, dev()).unwrap();
    assert_eq!((config.node.name.as_str(), config.node.datacenter.as_str()), ("b", "x"));
    let config = load_files(&files, Flags { node: Some("c".into()), ..dev() }).unwrap();
    assert_eq!(config.node.name, "c");
}

#[test]
fn all_faults_are_told_together_with_their_places() {
    let files = [
        ("a.json", r#"{"nodename": "a", "ports": {"htp": 1, "http": 70000}, "audit": {"enabled": true}, "zzzzzz": 1}"#),
        ("b.hcl", "server = \"yes\"\nservices { name = \"\" }\n"),
        ("c.toml", "= 1"),
        ("ignored.txt", "nothing"),
    ];
    let flags = Flags { log_level: Some("loud".into()), http_port: Some(70000), ..dev() };
    let found = faults(&files, flags);
    let expected = [
        "a.json: nodename: is not a known key; did you mean \"node_name\"?",
        "a.json: ports.htp: is not a known key; did you mean \"http\"?",
        "a.json: ports.http: 70000 is not a port: ports go from 0 to 65535",
        "a.json: audit: refused requests are in the log; a log of all requests is the task of a proxy in front",
        "a.json: zzzzzz: is not a known key",
        "b.hcl: server: expected true or false, found \"yes\"",
        "--http-port: 70000 is not a port: ports go from 0 to 65535",
        "--log-level: \"loud\" is not one of trace, debug, info, warn, error",
        "service \"\": Missing service name",
    ];
    for line in expected {
        assert!(found.iter().any(|fault| fault == line), "{line} not in {found:#?}");
    }
    assert!(found.iter().any(|fault| fault.starts_with("c.toml: ")), "{found:#?}");
    assert_eq!(found.len(), expected.len() + 1, "{found:#?}");
}

#[test]
fn what_a_server_cannot_be_is_said_clearly() {
    let server = || Flags { server: true, data_dir: Some("/nowhere".into()), ..Flags::default() };
    let three = faults(&[], Flags { bootstrap_expect: Some(3), ..server() });
    assert_eq!(three, ["bootstrap_expect = 3: name the other servers with --retry-join"]);
    let ten = faults(&[], Flags { bootstrap_expect: Some(10), ..server() });
    assert_eq!(ten, ["bootstrap_expect = 10: a cluster is founded by 1 to 9 servers"]);
    let client = faults(&[], Flags::default());
    assert!(client[0].starts_with("a client agent needs servers"), "{client:?}");
    assert!(client[1].starts_with("data_dir is missing"), "{client:?}");
    let founding = Flags { server: false, bootstrap_expect: Some(1), ..server() };
    assert!(faults(&[], founding)[0].starts_with("bootstrap_expect: only servers found a cluster"));
    let client = Flags { server: false, retry_join: vec!["127.0.0.1:8300".into()], ..server() };
    let client = load(&client).unwrap();
    assert!(!client.server && client.cluster.leave_on_terminate && client.cluster.leave_on_interrupt);
    let joining = faults(&[], server());
    assert!(joining[0].starts_with("a server needs --bootstrap-expect"), "{joining:?}");
    let alone = Flags { bootstrap_expect: Some(1), retry_join: vec!["127.0.0.1:8300".into()], ..server() };
    let alone = load(&alone).unwrap();
    assert_eq!(alone.cluster.retry_join, ["127.0.0.1:8300"]);
    assert!(alone.server && !alone.cluster.leave_on_terminate && !alone.cluster.leave_on_interrupt);
}

#[test]
fn a_clusters_keys_are_read() {
    let text = r#"
        bootstrap_expect = 3
        retry_join = ["10.0.0.1", "b.example", "[::1]:9300"]
        retry_interval = "2s"
        performance { raft_multiplier = 5 }
        autopilot { cleanup_dead_servers = false  min_quorum = 3  server_stabilization_time = "20s" }
        leave_on_terminate = true
        skip_leave_on_interrupt = false
        raft_snapshot_threshold = 100
    "#;
    let flags = Flags { server: true, data_dir: Some("/nowhere".into()), ..Flags::default() };
    let cluster = load_files(&[("a.hcl", text)], flags).unwrap().cluster;
    assert_eq!(cluster.retry_join, ["10.0.0.1:8300", "b.example:8300", "[::1]:9300"]);
    assert_eq!((cluster.expect, cluster.raft_multiplier, cluster.snapshot_after), (3, 5, 100));
    assert!(cluster.leave_on_terminate && cluster.leave_on_interrupt);
    assert_eq!((cluster.autopilot.cleanup_dead_servers, cluster.autopilot.min_quorum), (false, 3));
    assert_eq!(cluster.autopilot.server_stabilization_time.0, Duration::from_secs(20));
    assert_eq!(cluster.autopilot.max_trailing_logs, 250);
}

#[test]
fn a_missing_file_and_a_bad_ca_are_faults() {
    let flags = Flags { config: vec!["/nowhere/x.hcl".into()], ..dev() };
    assert!(load(&flags).unwrap_err().0[0].message.starts_with("/nowhere/x.hcl: "));
    let found = faults(&[("a.json", r#"{"connect": {"ca_provider": "vault"}}"#)], dev());
    assert_eq!(found, ["connect: could not initialize provider: unknown CA provider \"vault\""]);
}

#[test]
fn the_keys_of_dns_are_read() {
    use weft_dns::{Order, Staleness};
    let text = r#"
        client_addr = "127.0.0.2"
        addresses { dns = "127.0.0.3" }
        domain = "Weft.Example"
        alt_domain = "old."
        recursors = ["192.0.2.1", "[2001:db8::1]:5353"]
        dns_config {
            node_ttl = "10s"
            service_ttl = { web = "9s", "Web-*" = "1m" }
            soa { min_ttl = 11 }
            only_passing = true
            max_stale = "5s"
            udp_answer_limit = 7
            recursor_strategy = "random"
            use_cache = true
            cache_max_age = "3s"
        }
    "#;
    let config = load_files(&[("a.hcl", text)], dev()).unwrap();
    assert_eq!(config.listen.dns, Endpoint { address: [127, 0, 0, 3].into(), port: Port::At(8600) });
    let dns = config.dns;
    assert_eq!((dns.domain.to_string(), dns.datacenter.as_str()), ("weft.example.".to_owned(), "dc1"));
    assert_eq!(dns.alt_domain.unwrap().to_string(), "old.");
    assert_eq!(
        dns.recursors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["192.0.2.1:53", "[2001:db8::1]:5353"]
    );
    assert_eq!((dns.node_ttl, dns.service_ttl.of("web"), dns.service_ttl.of("web-api")), (10, 9, 60));
    assert_eq!((dns.soa.min_ttl, dns.soa.refresh, dns.udp_answer_limit), (11, 3600, 7));
    assert_eq!((dns.staleness, dns.recursor_order), (Staleness::Allowed(Duration::from_secs(5)), Order::Random));
    assert!(dns.only_passing && !dns.enable_truncate);
    let wrong = r#"{"domain": ".", "recursors": ["nobody"], "dns_config": {"node_ttl": 3, "recursor_strategy": "best", "nodettl": 1}}"#;
    let found = faults(&[("a.json", wrong)], dev());
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(
        found.iter().any(|fault| fault.ends_with("dns_config.nodettl: is not a known key; did you mean \"node_ttl\"?"))
    );
}

#[test]
fn metrics_are_told_as_the_telemetry_block_says() {
    let text =
        r#"telemetry { metrics_prefix = "mesh" prometheus_retention_time = "30s" prefix_filter = ["-mesh.runtime"] }"#;
    let telemetry = load_files(&[("a.hcl", text)], dev()).unwrap().telemetry;
    assert_eq!((telemetry.prefix.as_str(), telemetry.prometheus), ("mesh", true));
    assert_eq!(telemetry.filters, [("mesh.runtime".to_owned(), false)]);
    let text = r#"telemetry { prefix_filter = ["mesh"] circonus_api_token = "x" }"#;
    let expected = [
        "a.hcl: telemetry.prefix_filter: \"mesh\" must begin with + or -",
        "a.hcl: telemetry.circonus_api_token: metrics go to Prometheus, statsd, statsite and DogStatsD; leave it out",
    ];
    assert_eq!(faults(&[("a.hcl", text)], dev()), expected);
}

#[test]
fn keys_of_consul_that_have_nothing_to_work_on_are_told_and_the_rest_is_refused() {
    let text = r#"
        gossip_lan { gossip_nodes = 4 }
        rpc { enable_streaming = true }
        disable_update_check = true
        enable_debug = true
        ui_config { enabled = false }
        segments = []
        translate_wan_addrs = true
        performance { raft_multiplier = 1  leave_drain_time = "5s" }
    "#;
    let notes = load_files(&[("a.hcl", text)], dev()).unwrap().advice();
    let keys: Vec<_> = notes.iter().filter_map(|note| note.split(": ").nth(1)).collect();
    assert_eq!(
        keys,
        ["gossip_lan", "enable_debug", "translate_wan_addrs", "performance.leave_drain_time"],
        "{notes:#?}"
    );
    let refused =
        r#"{"auto_encrypt": {"tls": true}, "retry_join_wan": ["a"], "primary_datacenter": "dc2", "ui": true}"#;
    let found = faults(&[("a.json", refused)], dev());
    for key in ["a.json: auto_encrypt: ", "a.json: retry_join_wan: ", "a.json: ui: ", "primary_datacenter: \"dc2\": "] {
        assert!(found.iter().any(|fault| fault.starts_with(key)), "{key} {found:#?}");
    }
    assert!(!found.iter().any(|fault| fault.contains("not supported yet")), "{found:#?}");
}

#[test]
fn the_old_keys_of_access_control_mean_the_block() {
    let text = r#"{"acl_datacenter": "DC1", "acl_default_policy": "deny", "acl_ttl": "7s", "acl_down_policy": "deny",
        "acl_master_token": "5f4e1c2d-0b6a-4d4e-9c55-1f0a3b9d7e21", "acl_agent_token": "a", "acl_token": "b"}"#;
    let acl = load_files(&[("a.json", text)], dev()).unwrap().acl;
    assert!(acl.enabled && acl.initial_management.is_some() && acl.tokens.len() == 2);
    assert_eq!((acl.default_policy, acl.down_policy), (DefaultPolicy::Deny, DownPolicy::Deny));
    assert_eq!(acl.token_ttl, Duration::from_secs(7));
    let off = r#"{"acl_datacenter": "dc1", "acl": {"enabled": false}}"#;
    assert!(!load_files(&[("a.json", off)], dev()).unwrap().acl.enabled);
}

#[test]
fn addresses_for_others_are_tagged_as_consul_tags_them() {
    let text = r#"{"advertise_addr_ipv4": "127.83.0.2", "advertise_addr_wan": "127.83.0.9",
        "tagged_addresses": {"foo": "1.2.3.4"}}"#;
    let node = load_files(&[("a.json", text)], dev()).unwrap().node;
    assert_eq!(node.address, IpAddr::from([127, 83, 0, 2]));
    let tags: Vec<_> = node.tagged_addresses.iter().map(|(tag, address)| format!("{tag}={address}")).collect();
    assert_eq!(tags, ["foo=1.2.3.4", "lan=127.83.0.2", "lan_ipv4=127.83.0.2", "wan=127.83.0.9", "wan_ipv4=127.83.0.9"]);
    let wrong = faults(&[("a.json", r#"{"advertise_addr_ipv6": "127.0.0.1"}"#)], dev());
    assert_eq!(wrong, ["advertise_addr_ipv6: 127.0.0.1 is of the other family"]);
}

#[test]
fn what_requests_may_be_is_read() {
    let text = r#"{"default_query_time": "2s", "max_query_time": "4s", "session_ttl_min": "3s", "discovery_max_stale": "5s",
        "limits": {"kv_max_value_size": 100, "txn_max_req_len": 50},
        "http_config": {"block_endpoints": ["/v1/kv", "/v1/kv"], "response_headers": {"X-Foo": "bar"},
            "allow_write_http_from": ["127.83.0.0/24"], "max_header_bytes": 9000},
        "config_entries": {"bootstrap": [{"kind": "proxy-defaults", "name": "global", "config": {"protocol": "http"}}]}}"#;
    let config = load_files(&[("a.json", text)], dev()).unwrap();
    let terms = &config.http.terms;
    assert_eq!((terms.wait_default.as_secs(), terms.wait_max.as_secs()), (2, 4));
    assert_eq!((terms.session_ttl_min.as_secs(), terms.discovery_max_stale), (3, Some(Duration::from_secs(5))));
    assert_eq!((terms.value_max_bytes, terms.transaction_max_bytes), (100, 100));
    let front = &config.http.front;
    assert_eq!(
        (front.blocked.as_slice(), front.headers["x-foo"].as_bytes()),
        (["/v1/kv".to_owned()].as_slice(), &b"bar"[..])
    );
    assert!(front.writers[0].contains([127, 83, 0, 9].into()) && config.http.head_max_bytes == Some(9000));
    assert_eq!(config.entries.len(), 1);
    let wrong = r#"{"session_ttl_min": "48h", "limits": {"kv_max_value_size": 100000000},
        "http_config": {"block_endpoints": ["kv"], "response_headers": {"X Y": "z"}, "allow_write_http_from": ["10.0.0.1"]},
        "config_entries": {"bootstrap": [{"kind": "proxy-defaults", "name": "other"}, {"kind": "x"}]}}"#;
    let found = faults(&[("a.json", wrong)], dev());
    for part in [
        "allow_write_http_from: \"10.0.0.1\" is no network",
        "block_endpoints: \"kv\" is no path",
        "response_headers: \"X Y\" is no name",
        "config_entries.bootstrap: [0]: ",
        "session_ttl_min: no session lives longer",
        "limits.kv_max_value_size: 100000000 is more",
    ] {
        assert!(found.iter().any(|fault| fault.contains(part)), "{part} {found:#?}");
    }
}

#[test]
fn sinks_of_metrics_are_named_by_host_and_port() {
    let text = r#"telemetry { statsd_address = "127.83.0.2:8125" statsite_address = "a:1" dogstatsd_addr = "b:2" dogstatsd_tags = ["c:d"] }"#;
    let sinks = load_files(&[("a.hcl", text)], dev()).unwrap().telemetry.sinks;
    use weft_api::Sink::{Dog, Statsd, Statsite};
    assert_eq!(
        sinks,
        [Statsd("127.83.0.2:8125".into()), Statsite("a:1".into()), Dog("b:2".into(), vec!["c:d".to_owned()])]
    );
    let wrong = r#"telemetry { statsd_address = "127.83.0.2" statsite_address = ":1" dogstatsd_addr = "b:0" }"#;
    assert_eq!(faults(&[("a.hcl", wrong)], dev()).len(), 3);
}

#[test]
fn odd_files_are_faults_and_nothing_worse() {
    let deep_hcl = "a {\n".repeat(100_000);
    let (deep_json, deep_toml) = ("{\"a\":".repeat(100_000), format!("a = {}", "[".repeat(100_000)));
    let cases = [
        ("a.json", "{\"node_name\": \"a\", \"node_name\": \"b\"}", "\"node_name\" is set twice"),
        ("a.json", "{\"Server\": true, \"server\": false}", "server: is set twice"),
        ("a.json", "{\"node_name\": \"a\\u0000b\"}", "node_name: holds a NUL character"),
        ("a.json", "{\"node_name\": \"a\u{0}b\"}", "control character"),
        ("a.json", deep_json.as_str(), "recursion limit exceeded"),
        ("a.hcl", deep_hcl.as_str(), "nested too deeply"),
        ("a.toml", deep_toml.as_str(), "recursion"),
        ("a.hcl", "node_name = <<EOT\nx\n", "no line holds the closing \"EOT\""),
        ("a.json", "", "EOF while parsing"),
        ("a.json", "[1]", "expected keys and values at the top"),
    ];
    for (name, text, fault) in cases {
        let found = faults(&[(name, text)], dev());
        assert!(found.len() == 1 && found[0].contains(fault) && found[0].len() < 1000, "{fault}: {found:?}");
    }
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a.hcl");
    fs::write(&file, b"node_id = \"\"\nnode_name = \"a\xff\"\n").unwrap();
    let load_file = |path: &std::path::Path| load(&Flags { config: vec![path.to_owned()], ..dev() });
    assert!(load_file(&file).unwrap_err().0[0].message.ends_with("a.hcl: line 2 is not UTF-8"));
    fs::write(&file, "\u{feff}node_name = \"marked\"").unwrap();
    assert_eq!(load_file(&file).unwrap().node.name, "marked");
    let zero = Flags { config: vec!["/dev/zero".into()], config_format: Some(FileFormat::Json), ..dev() };
    assert!(load(&zero).unwrap_err().0[0].message.contains("at most 64 MiB"));
    // A pipe that nobody writes to is not waited for.
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("b.json")).status().unwrap();
    assert!(made.success());
    assert_eq!(load_file(dir.path()).unwrap().node.name, "marked");
}

#[test]
fn letters_of_keys_may_be_large_and_whole_numbers_have_a_point() {
    let text = r#"{"NODE_Name": "a", "Ports": {"HTTP": 9500.0}, "node_meta": {"Zone": "x"}}"#;
    let config = load_files(&[("a.json", text)], dev()).unwrap();
    assert_eq!((config.node.name.as_str(), config.listen.http.port), ("a", Port::At(9500)));
    assert_eq!(config.node.meta["Zone"], "x");
    let wrong = faults(&[("a.json", r#"{"ports": {"http": 9500.5}, "DataDir": "x"}"#)], dev());
    assert_eq!(wrong.len(), 2, "{wrong:#?}");
}

#[test]
fn a_data_directory_is_one() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let server = |data_dir: &std::path::Path| Flags {
        server: true,
        bootstrap_expect: Some(1),
        data_dir: Some(data_dir.to_owned()),
        ..Flags::default()
    };
    let found = faults(&[], server(&file));
    assert_eq!(found, [format!("data_dir {:?} is a file: give --data-dir a directory", file.display())]);
    assert!(faults(&[], server(&file.join("below")))[0].starts_with("data_dir cannot be looked at"));
    assert!(load(&server(&dir.path().join("new"))).is_ok());
}
