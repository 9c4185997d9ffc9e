//! Questions put to a handler over a small catalog, as bytes in and bytes out.

mod repeated;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use weft_model::catalog::{Node, Service, Weights};
use weft_model::health::{Check, CheckStatus};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{State, Store, apply};

use crate::fit::Way;
use crate::handle::Handler;
use crate::question::{Asked, asked};
use crate::settings::{Settings, Staleness, Ttls};
use crate::source::{Everything, Freshness, Source};

fn settings() -> Settings {
    let mut settings = Settings::new(Name::from_ascii("consul.").unwrap(), "dc1".to_owned());
    settings.service_ttl = Ttls([("web".to_owned(), 9), ("w*".to_owned(), 7), ("*".to_owned(), 5)].into());
    settings.soa.min_ttl = 11;
    settings
}

struct Row {
    id: &'static str,
    name: &'static str,
    address: &'static str,
    tags: &'static [&'static str],
    status: CheckStatus,
}

const fn row(id: &'static str, name: &'static str, address: &'static str, status: CheckStatus) -> Row {
    Row { id, name, address, tags: &[], status }
}

fn registration(row: &Row) -> Registration {
    let node = Node {
        name: "n1".into(),
        address: "10.0.0.1".into(),
        meta: [("rack".to_owned(), "7".to_owned())].into(),
        ..Node::default()
    };
    let service = Service {
        id: row.id.into(),
        name: row.name.into(),
        address: row.address.into(),
        port: 8080,
        tags: row.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        weights: Weights { passing: 10, warning: 2 },
        ..Service::default()
    };
    let check = Check {
        node: "n1".into(),
        id: row.id.into(),
        service_id: row.id.into(),
        status: row.status,
        name: String::new(),
        notes: String::new(),
        output: String::new(),
        service_name: row.name.into(),
        service_tags: Vec::new(),
        kind: String::new(),
        definition: weft_model::health::Definition::default(),
        definition_public: false,
    };
    Registration {
        node,
        services: vec![ServiceRegistration { service, ..ServiceRegistration::default() }],
        checks: vec![check],
        ..Registration::default()
    }
}

fn handler(rows: &[Row], settings: Settings) -> Handler {
    handler_over(State::clone(&state_of(rows)), settings)
}

fn state_of(rows: &[Row]) -> Arc<State> {
    let mut state = State::default();
    for (row, index) in rows.iter().zip(1..) {
        let command = Command::Register(Box::new(registration(row)));
        let envelope =
            Envelope { id: RequestId { origin: 1, sequence: index }, settled: index, at: Timestamp(0), command };
        let outcome = apply(&state, index, &envelope);
        outcome.reply.unwrap();
        state = outcome.state;
    }
    Arc::new(state)
}

fn handler_over(state: State, settings: Settings) -> Handler {
    let (store, _) = Store::new(state);
    let source = Source { store, freshness: Arc::new(Leader(true)), sight: Arc::new(Everything) };
    Handler::new(source, settings)
}

/// A leader that can be reached, or one that has been gone for a minute.
struct Leader(bool);

impl Freshness for Leader {
    fn silence(&self) -> Duration {
        if self.0 { Duration::ZERO } else { Duration::from_secs(60) }
    }

    fn catch_up(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(self.0))
    }
}

fn catalog() -> Handler {
    let rows = [
        row("web1", "web", "10.0.0.2", CheckStatus::Passing),
        Row { tags: &["v2"], ..row("web2", "web", "", CheckStatus::Warning) },
        row("web3", "web", "10.0.0.4", CheckStatus::Critical),
        row("alias", "elsewhere", "db.example.com", CheckStatus::Passing),
        row("old", "down", "10.0.0.5", CheckStatus::Critical),
        row("server", "consul", "", CheckStatus::Passing),
    ];
    handler(&rows, settings())
}

async fn ask(handler: &Handler, name: &str, kind: RecordType) -> Message {
    Message::from_vec(&handler.respond(&request(name, kind, None), Way::Udp, None).await.unwrap()).unwrap()
}

fn request(name: &str, kind: RecordType, payload: Option<u16>) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    if let Some(payload) = payload {
        let mut edns = Edns::new();
        edns.set_max_payload(payload);
        message.set_edns(edns);
    }
    message.to_vec().unwrap()
}

fn texts(message: &Message) -> Vec<String> {
    let mut texts: Vec<_> = message.answers.iter().map(|record| record.data.to_string()).collect();
    texts.sort();
    texts
}

#[test]
fn names_mean_what_consul_says() {
    let service = |name: &str, tag: Option<&str>| Asked::Service { name: name.into(), tag: tag.map(str::to_owned) };
    let table = [
        ("consul.", Asked::Apex),
        ("web.service.consul.", service("web", None)),
        ("WEB.SERVICE.DC1.CONSUL.", service("WEB", None)),
        ("v2.web.service.consul.", service("web", Some("v2"))),
        ("1.2.web.service.consul.", service("web", Some("1.2"))),
        ("service.service.consul.", service("service", None)),
        ("web.service.default.ns.default.ap.dc1.dc.consul.", service("web", None)),
        ("web.service.other.ns.consul.", Asked::Nothing),
        ("web.service.dc2.consul.", Asked::Nothing),
        ("_web._tcp.consul.", service("web", None)),
        ("_web._tcp.service.dc1.consul.", service("web", None)),
        ("_web._v2.service.consul.", service("web", Some("v2"))),
        ("_web._v2.service.dc9.consul.", Asked::Nothing),
        ("web.connect.consul.", Asked::Connect("web".into())),
        ("web.virtual.consul.", Asked::Virtual("web".into())),
        ("web.virtual.dc2.consul.", Asked::Nothing),
        ("web.ingress.dc1.consul.", Asked::Ingress("web".into())),
        ("n1.node.consul.", Asked::Node("n1".into())),
        ("a.b.node.dc1.consul.", Asked::Node("a.b".into())),
        ("0a000001.addr.dc1.consul.", Asked::Address(Ipv4Addr::new(10, 0, 0, 1).into())),
        ("0a000001.addr.dc9.consul.", Asked::Address(Ipv4Addr::new(10, 0, 0, 1).into())),
        ("0a00000g.addr.dc1.consul.", Asked::Nothing),
        ("_web._udp.service.consul.", service("web", Some("udp"))),
        ("q.one.query.dc1.consul.", Asked::Query("q.one".into())),
        ("web.consul.", Asked::Nothing),
        ("service.consul.", Asked::Branch),
        ("service.dc1.consul.", Asked::Branch),
        ("dc1.consul.", Asked::Branch),
        ("_tcp.consul.", Asked::Branch),
        ("node.dc2.consul.", Asked::Nothing),
        ("example.com.", Asked::Outside),
        ("notconsul.", Asked::Outside),
        ("1.0.0.10.in-addr.arpa.", Asked::Reverse(IpAddr::from([10, 0, 0, 1]))),
        ("0.10.in-addr.arpa.", Asked::Outside),
    ];
    for (name, wanted) in table {
        assert_eq!(asked(&Name::from_ascii(name).unwrap(), &settings()), wanted, "{name}");
    }
}

#[tokio::test]
async fn what_is_served_in_the_mesh_has_a_virtual_address() {
    let mut native = registration(&row("web", "Web", "10.0.0.2", CheckStatus::Critical));
    native.services[0].service.native = true;
    let plain = registration(&row("db", "db", "10.0.0.3", CheckStatus::Passing));
    let mut state = State::default();
    for (index, registration) in (1..).zip([native, plain]) {
        let (id, command) = (RequestId { origin: 1, sequence: index }, Command::Register(Box::new(registration)));
        state = apply(&state, index, &Envelope { id, settled: index, at: Timestamp(0), command }).state;
    }
    let handler = handler_over(state, settings());
    let answer = ask(&handler, "WEB.virtual.dc1.consul.", RecordType::A).await;
    let [record] = answer.answers.as_slice() else { panic!("{answer:?}") };
    let RData::A(address) = record.data else { panic!("{record:?}") };
    assert!(address.octets()[0] >= 240, "{address}");
    let other_kind = ask(&handler, "web.virtual.consul.", RecordType::AAAA).await;
    assert_eq!((other_kind.metadata.response_code, other_kind.answers.len()), (ResponseCode::NoError, 0));
    for missing in ["db.virtual.consul.", "no.virtual.consul."] {
        assert_eq!(ask(&handler, missing, RecordType::A).await.metadata.response_code, ResponseCode::NXDomain);
    }
}

/// As Consul 1.8.7 answers, but for `*`, which stands there for services that speak another protocol too.
#[tokio::test]
async fn the_gateways_that_let_a_service_in_are_its_ingress() {
    let rows = [
        row("web1", "web", "", CheckStatus::Passing),
        row("db1", "db", "", CheckStatus::Passing),
        row("other1", "other", "", CheckStatus::Passing),
        row("g1", "gate", "10.0.0.7", CheckStatus::Passing),
        row("g2", "gate", "10.0.0.8", CheckStatus::Critical),
        row("late1", "late", "10.0.0.9", CheckStatus::Passing),
    ];
    let mut commands: Vec<_> = rows.iter().map(registration).collect();
    for registered in commands.iter_mut().flat_map(|registration| &mut registration.services) {
        if matches!(registered.service.name.as_str(), "gate" | "late") {
            registered.service.kind = weft_model::catalog::ServiceKind::IngressGateway;
        }
    }
    let entry = |document: serde_json::Value| Command::ConfigUpsert {
        entry: Box::new(weft_model::config_entry::ConfigEntry::decode(document).unwrap()),
        cas: None,
    };
    let listeners = serde_json::json!([
        {"Port": 1, "Protocol": "tcp", "Services": [{"Name": "db"}]},
        {"Port": 2, "Protocol": "http", "Services": [{"Name": "*"}]},
    ]);
    let web = serde_json::json!({"Kind": "service-defaults", "Name": "web", "Protocol": "http"});
    let gate = serde_json::json!({"Kind": "ingress-gateway", "Name": "gate", "Listeners": listeners});
    let commands = commands.into_iter().map(|one| Command::Register(Box::new(one)));
    let mut state = State::default();
    for (command, index) in commands.chain([entry(web), entry(gate)]).zip(1..) {
        let id = RequestId { origin: 1, sequence: index };
        let outcome = apply(&state, index, &Envelope { id, settled: index, at: Timestamp(0), command });
        outcome.reply.unwrap();
        state = outcome.state;
    }
    let handler = handler_over(state, settings());
    for (name, addresses) in [("web", &["10.0.0.7"][..]), ("DB", &["10.0.0.7"]), ("other", &[]), ("gate", &[])] {
        let answer = ask(&handler, &format!("{name}.ingress.consul."), RecordType::A).await;
        assert_eq!(texts(&answer), addresses, "{name}");
    }
    let found = ask(&handler, "web.ingress.consul.", RecordType::SRV).await;
    assert_eq!(texts(&found), ["1 10 8080 0a000007.addr.dc1.consul."]);
    assert_eq!(found.answers[0].ttl, 9);
}

#[tokio::test]
async fn healthy_instances_answer_with_their_ttl() {
    let answer = ask(&catalog(), "Web.service.consul.", RecordType::A).await;
    assert_eq!(texts(&answer), ["10.0.0.1", "10.0.0.2"]);
    assert!(answer.answers.iter().all(|record| record.ttl == 9 && record.name.to_ascii() == "Web.service.consul."));
    assert!(answer.metadata.authoritative && !answer.metadata.recursion_available);
    let tagged = ask(&catalog(), "v2.web.service.consul.", RecordType::A).await;
    assert_eq!(texts(&tagged), ["10.0.0.1"]);
    let strict = handler(&[row("w", "web", "", CheckStatus::Warning)], Settings { only_passing: true, ..settings() });
    assert_eq!(ask(&strict, "web.service.consul.", RecordType::A).await.metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn srv_names_what_can_be_resolved() {
    let answer = ask(&catalog(), "_web._tcp.service.consul.", RecordType::SRV).await;
    assert_eq!(texts(&answer), ["1 10 8080 0a000002.addr.dc1.consul.", "1 2 8080 n1.node.dc1.consul."]);
    let glue: Vec<_> = answer.additionals.iter().map(|record| format!("{} {}", record.name, record.data)).collect();
    assert!(glue.contains(&"0a000002.addr.dc1.consul. 10.0.0.2".to_owned()), "{glue:?}");
    assert!(glue.contains(&"n1.node.dc1.consul. rack=7".to_owned()), "{glue:?}");
    let alias = ask(&catalog(), "elsewhere.service.consul.", RecordType::SRV).await;
    assert_eq!(texts(&alias), ["1 10 8080 db.example.com."]);
    let alias = ask(&catalog(), "elsewhere.service.consul.", RecordType::A).await;
    assert!(matches!(&alias.answers[0].data, RData::CNAME(name) if name.0.to_ascii() == "db.example.com."));
}

#[tokio::test]
async fn what_is_not_there_says_for_how_long() {
    for name in ["none.service.consul.", "down.service.consul.", "x.node.consul.", "web.service.dc2.consul."] {
        let answer = ask(&catalog(), name, RecordType::A).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain, "{name}");
        assert!(matches!(&answer.authorities[0].data, RData::SOA(soa) if soa.minimum == 11), "{name}");
    }
    let other_kind = ask(&catalog(), "n1.node.consul.", RecordType::AAAA).await;
    assert_eq!((other_kind.metadata.response_code, other_kind.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(ask(&catalog(), "example.com.", RecordType::A).await.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn the_domain_names_its_servers_and_addresses_name_nodes() {
    assert_eq!(texts(&ask(&catalog(), "consul.", RecordType::NS).await), ["n1.node.dc1.consul."]);
    assert_eq!(texts(&ask(&catalog(), "1.0.0.10.in-addr.arpa.", RecordType::PTR).await), ["n1.node.dc1.consul."]);
    assert_eq!(texts(&ask(&catalog(), "2.0.0.10.in-addr.arpa.", RecordType::PTR).await), ["web.service.dc1.consul."]);
    assert_eq!(texts(&ask(&catalog(), "0a000009.addr.dc1.consul.", RecordType::A).await), ["10.0.0.9"]);
}

#[tokio::test]
async fn answers_fit_the_way_they_go() {
    let ids: Vec<String> = (0..200).map(|number| format!("many-{number}")).collect();
    let rows: Vec<Row> = ids
        .iter()
        .enumerate()
        .map(|(number, id)| {
            let address = format!("10.1.{}.{}", number / 100, number % 100);
            row(id.clone().leak(), "many", address.leak(), CheckStatus::Passing)
        })
        .collect();
    let many = handler(&rows, Settings { enable_truncate: true, ..settings() });
    let count = async |payload, way| {
        let bytes = many.respond(&request("many.service.consul.", RecordType::A, payload), way, None).await.unwrap();
        let answer = Message::from_vec(&bytes).unwrap();
        (answer.answers.len(), answer.metadata.truncation, bytes.len())
    };
    let (plain, cut, _) = count(None, Way::Udp).await;
    assert_eq!((plain, cut), (3, true));
    let (some, cut, length) = count(Some(1232), Way::Udp).await;
    assert!(some > 3 && some < 200 && cut && length <= 1232);
    let (all, cut, _) = count(None, Way::Tcp).await;
    assert_eq!((all, cut), (200, false));
}

#[tokio::test]
async fn nonsense_is_refused_and_never_answered_twice() {
    let handler = catalog();
    assert_eq!(handler.respond(b"", Way::Udp, None).await, None);
    assert_eq!(handler.respond(&[0; 11], Way::Udp, None).await, None);
    let mut response = request("web.service.consul.", RecordType::A, None);
    response[2] |= 0x80;
    assert_eq!(handler.respond(&response, Way::Udp, None).await, None);
    let cut = &request("web.service.consul.", RecordType::A, None)[..20];
    let answer = Message::from_vec(&handler.respond(cut, Way::Udp, None).await.unwrap()).unwrap();
    assert_eq!((answer.metadata.id, answer.metadata.response_code), (7, ResponseCode::FormErr));
}

#[tokio::test]
async fn names_with_others_below_them_exist() {
    for name in ["consul.", "service.consul.", "dc1.consul.", "_tcp.service.consul.", "node.dc1.consul."] {
        let answer = ask(&catalog(), name, RecordType::MX).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 0), "{name}");
        assert_eq!(answer.authorities.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn case_never_matters() {
    let odd = handler(&[row("UP", "UpCase", "10.0.0.8", CheckStatus::Passing)], settings());
    for name in ["UpCase.service.consul.", "upcase.service.consul.", "uPCASE.Service.CONSUL."] {
        assert_eq!(texts(&ask(&odd, name, RecordType::A).await), ["10.0.0.8"], "{name}");
    }
    assert_eq!(texts(&ask(&odd, "N1.NODE.consul.", RecordType::A).await), ["10.0.0.1"]);
}

#[tokio::test]
async fn an_alias_is_followed_as_far_as_it_is_ours() {
    let rows = [
        row("web1", "web", "10.0.0.2", CheckStatus::Passing),
        row("a", "alias", "web.service.consul", CheckStatus::Passing),
        row("l", "loop", "loop.service.consul", CheckStatus::Passing),
    ];
    let handler = handler(&rows, settings());
    assert_eq!(
        texts(&ask(&handler, "alias.service.consul.", RecordType::A).await),
        ["10.0.0.2", "web.service.consul."]
    );
    let srv = ask(&handler, "alias.service.consul.", RecordType::SRV).await;
    assert_eq!(texts(&srv), ["1 10 8080 web.service.consul."]);
    assert_eq!(srv.additionals[0].data.to_string(), "10.0.0.2");
    let round = request("loop.service.consul.", RecordType::A, None);
    let answer = Message::from_vec(&handler.respond(&round, Way::Tcp, None).await.unwrap()).unwrap();
    assert_eq!(answer.answers.len(), 4);
}

#[tokio::test]
async fn how_old_an_answer_may_be_is_the_settings_word() {
    let ask_old = async |staleness| {
        let (store, _) = Store::new(State::default());
        let source = Source { store, freshness: Arc::new(Leader(false)), sight: Arc::new(Everything) };
        let handler = Handler::new(source, Settings { staleness, ..settings() });
        ask(&handler, "consul.", RecordType::SOA).await.metadata.response_code
    };
    assert_eq!(ask_old(Staleness::default()).await, ResponseCode::NoError);
    assert_eq!(ask_old(Staleness::Allowed(Duration::from_secs(90))).await, ResponseCode::NoError);
    assert_eq!(ask_old(Staleness::Allowed(Duration::from_secs(30))).await, ResponseCode::ServFail);
    assert_eq!(ask_old(Staleness::Refused).await, ResponseCode::ServFail);
    let newest = handler(&[], Settings { staleness: Staleness::Refused, ..settings() });
    assert_eq!(ask(&newest, "consul.", RecordType::SOA).await.metadata.response_code, ResponseCode::NoError);
}

/// What a token sees that may read services but one, and the nodes.
struct Blinkers;

impl crate::source::Sight for Blinkers {
    fn authorizer(&self, _: &State) -> Option<Arc<weft_model::acl::Authorizer>> {
        let rules = r#"service "down" { policy = "deny" } service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#;
        let rules = weft_model::acl::Rules::parse(rules).unwrap();
        Some(Arc::new(weft_model::acl::Authorizer::new(rules, weft_model::acl::Fallback::Deny)))
    }
}

#[tokio::test]
async fn what_may_not_be_seen_is_not_there() {
    let state = Arc::clone(&catalog_state());
    let (store, _) = Store::new(State::clone(&state));
    let source = Source { store, freshness: Arc::new(Leader(true)), sight: Arc::new(Blinkers) };
    let handler = Handler::new(source, settings());
    let code = async |name| ask(&handler, name, RecordType::A).await.metadata.response_code;
    assert_eq!(code("up.service.consul.").await, ResponseCode::NoError);
    assert_eq!(code("down.service.consul.").await, ResponseCode::NXDomain);
    assert_eq!(code("n1.node.consul.").await, ResponseCode::NoError);
}

fn catalog_state() -> Arc<State> {
    let rows = [row("u", "up", "10.0.0.8", CheckStatus::Passing), row("d", "down", "10.0.0.9", CheckStatus::Passing)];
    state_of(&rows)
}

#[tokio::test]
async fn a_network_that_a_request_names_is_echoed_and_makes_no_difference() {
    use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
    let mut message = Message::from_vec(&request("web.service.consul.", RecordType::A, Some(1232))).unwrap();
    let subnet = ClientSubnet::new([192, 0, 2, 0].into(), 24, 0);
    message.edns.as_mut().unwrap().options_mut().insert(EdnsOption::Subnet(subnet));
    let answer = catalog().respond(&message.to_vec().unwrap(), Way::Udp, None).await.unwrap();
    let answer = Message::from_vec(&answer).unwrap();
    let Some(EdnsOption::Subnet(echo)) = answer.edns.as_ref().unwrap().option(EdnsCode::Subnet) else { panic!() };
    assert_eq!((echo.addr(), echo.source_prefix(), echo.scope_prefix()), ([192, 0, 2, 0].into(), 24, 0));
}

/// Three nodes with one instance each: the one that has the asker's address comes first.
#[tokio::test]
async fn the_node_of_the_asker_is_nearest() {
    use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
    use weft_model::prepared_query::{PreparedQuery, ServiceQuery};
    let mut commands: Vec<Command> = Vec::new();
    for number in 1..=3 {
        let mut one = registration(&row("web", "web", "", CheckStatus::Passing));
        one.node.name = format!("n{number}").into();
        one.node.address = format!("10.0.0.{number}");
        one.checks.clear();
        commands.push(Command::Register(Box::new(one)));
    }
    let service = ServiceQuery { service: "web".into(), near: "_ip".into(), ..ServiceQuery::default() };
    let id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let query = PreparedQuery { id, name: "q".into(), service, ..PreparedQuery::default() };
    commands.push(Command::QueryCreate(Box::new(query)));
    let mut state = State::default();
    for (index, command) in (1..).zip(commands) {
        let id = RequestId { origin: 1, sequence: index };
        let outcome = apply(&state, index, &Envelope { id, settled: index, at: Timestamp(0), command });
        outcome.reply.unwrap();
        state = outcome.state;
    }
    let handler = handler_over(state, settings());
    let first = |from: [u8; 4], named: Option<[u8; 4]>| {
        let mut message = Message::from_vec(&request("q.query.consul.", RecordType::A, Some(1232))).unwrap();
        if let Some(named) = named {
            let subnet = ClientSubnet::new(named.into(), 32, 0);
            message.edns.as_mut().unwrap().options_mut().insert(EdnsOption::Subnet(subnet));
        }
        let next = handler.begin(&message.to_vec().unwrap(), Way::Udp, Some(from.into()));
        let crate::handle::Next::Done(Some(answer)) = next else { panic!() };
        let answer = Message::from_vec(&answer).unwrap();
        let scope = match answer.edns.as_ref().unwrap().option(EdnsCode::Subnet) {
            Some(EdnsOption::Subnet(subnet)) => Some(subnet.scope_prefix()),
            Some(_) | None => None,
        };
        (answer.answers[0].data.to_string(), scope)
    };
    for _ in 0..20 {
        assert_eq!(first([10, 0, 0, 2], None), ("10.0.0.2".to_owned(), None));
        assert_eq!(first([10, 0, 0, 2], Some([10, 0, 0, 3])), ("10.0.0.3".to_owned(), Some(32)));
    }
}

#[tokio::test]
async fn an_uncompressed_answer_says_the_same_in_more_bytes() {
    let rows = [row("web1", "web", "10.0.0.2", CheckStatus::Passing)];
    let plain = handler(&rows, Settings { disable_compression: true, ..settings() });
    let short = handler(&rows, settings());
    let request = request("web.service.consul.", RecordType::A, None);
    let (long, short) = (
        plain.respond(&request, Way::Udp, None).await.unwrap(),
        short.respond(&request, Way::Udp, None).await.unwrap(),
    );
    assert!(long.len() > short.len());
    assert_eq!(Message::from_vec(&long).unwrap(), Message::from_vec(&short).unwrap());
}

/// Bytes that are nearly requests: every cut, every single byte changed, and noise.
#[tokio::test]
async fn no_bytes_whatever_end_a_handler() {
    let handler = catalog();
    let names = ["web.service.consul.", "_web._tcp.service.consul.", "1.0.0.10.in-addr.arpa.", "0a000001.addr.consul."];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for name in names {
        let whole = request(name, RecordType::SRV, Some(1232));
        for length in 0..whole.len() {
            handler.respond(&whole[..length], Way::Udp, None).await;
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                handler.respond(&changed, Way::Tcp, None).await;
            }
        }
        for _ in 0..5_000 {
            let mut changed = whole.clone();
            for _ in 0..next() % 8 {
                let place = next() as usize % changed.len();
                changed[place] = next() as u8;
            }
            handler.respond(&changed, Way::Udp, None).await;
        }
    }
    for _ in 0..20_000 {
        let noise: Vec<u8> = (0..next() % 64).map(|_| next() as u8).collect();
        handler.respond(&noise, Way::Udp, None).await;
    }
}

/// A recursor that gives every request the answer that `answer` makes of it, for ever.
async fn recursor(answer: impl Fn(Message) -> Message + Send + 'static) -> std::net::SocketAddr {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut request = [0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut request).await.unwrap();
            let answer = answer(Message::from_vec(&request[..length]).unwrap());
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    at
}

fn refuses(request: Message) -> Message {
    Message::error_msg(request.metadata.id, OpCode::Query, ResponseCode::Refused)
}

fn knows(request: Message) -> Message {
    let mut answer = Message::response(request.metadata.id, OpCode::Query);
    let name = request.queries[0].name.clone();
    answer.queries.clone_from(&request.queries);
    answer.answers.push(hickory_proto::rr::Record::from_rdata(name, 60, RData::A(Ipv4Addr::new(192, 0, 2, 1).into())));
    answer
}

#[tokio::test]
async fn others_are_asked_for_what_is_theirs() {
    let rows = [row("e", "ext", "db.example.com", CheckStatus::Passing)];
    let recursors = vec![recursor(refuses).await, recursor(knows).await];
    let settings = Settings { recursors, ..settings() };
    let servers = Servers(handler(&rows, Settings { node_ttl: 77, ..self::settings() }));
    let agent = Handler::relaying(Arc::new(servers), settings.clone());
    // Whether this agent has the state, or passes names on to those that do.
    for handler in [handler(&rows, settings), agent] {
        let answer = ask(&handler, "example.com.", RecordType::A).await;
        assert_eq!((texts(&answer), answer.metadata.id), (vec!["192.0.2.1".to_owned()], 7));
        let unknown = ask(&handler, "9.9.9.9.in-addr.arpa.", RecordType::PTR).await;
        assert_eq!(texts(&unknown), ["192.0.2.1"]);
        let alias = ask(&handler, "ext.service.consul.", RecordType::A).await;
        assert_eq!(texts(&alias), ["192.0.2.1", "db.example.com."]);
        let node = ask(&handler, "n1.node.consul.", RecordType::A).await;
        assert_eq!(node.answers[0].ttl, 0, "the settings are those of whoever was asked");
        let ours = ask(&handler, "none.service.consul.", RecordType::A).await;
        assert_eq!(ours.metadata.response_code, ResponseCode::NXDomain);
        for answer in [alias, node, ours] {
            assert!(answer.metadata.recursion_available);
        }
    }
}

/// Servers as they answer an agent: by its settings, as far as those are told.
struct Servers(Handler);

impl crate::Relay for Servers {
    fn ask(
        &self,
        request: Vec<u8>,
        way: Way,
        from: Option<IpAddr>,
        settings: Settings,
    ) -> BoxFuture<'static, Option<Vec<u8>>> {
        let told = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
        assert_eq!(told, Settings { recursors: Vec::new(), ..settings });
        let handler = self.0.by(told);
        Box::pin(async move { handler.respond(&request, way, from).await })
    }
}

#[tokio::test]
async fn without_servers_names_fail_and_are_not_said_to_be_missing() {
    struct Nobody;
    impl crate::Relay for Nobody {
        fn ask(&self, _: Vec<u8>, _: Way, _: Option<IpAddr>, _: Settings) -> BoxFuture<'static, Option<Vec<u8>>> {
            Box::pin(std::future::ready(None))
        }
    }
    let handler = Handler::relaying(Arc::new(Nobody), settings());
    for (name, code) in [("web.service.consul.", ResponseCode::ServFail), ("example.com.", ResponseCode::Refused)] {
        let answer = ask(&handler, name, RecordType::A).await;
        assert_eq!((answer.metadata.response_code, answer.metadata.id), (code, 7), "{name}");
    }
    assert_eq!(handler.respond(b"noise", Way::Udp, None).await, None);
}

#[tokio::test]
async fn a_recursor_that_says_nothing_is_not_waited_for() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let recursors = vec![silent.local_addr().unwrap()];
    let recursor_timeout = Duration::from_millis(50);
    let handler = handler(&[], Settings { recursors, recursor_timeout, ..settings() });
    let answer = ask(&handler, "example.com.", RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
}
