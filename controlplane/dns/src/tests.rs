//! Questions put to a handler over a small catalog, as bytes in and bytes out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

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
use crate::settings::{Settings, Ttls};

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
    let mut state = State::default();
    for (row, index) in rows.iter().zip(1..) {
        let command = Command::Register(Box::new(registration(row)));
        let envelope =
            Envelope { id: RequestId { origin: 1, sequence: index }, settled: index, at: Timestamp(0), command };
        let outcome = apply(&state, index, &envelope);
        outcome.reply.unwrap();
        state = outcome.state;
    }
    let (store, _) = Store::new(state);
    Handler::new(Arc::clone(&store), settings)
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
    Message::from_vec(&handler.respond(&request(name, kind, None), Way::Udp).await.unwrap()).unwrap()
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
        ("n1.node.consul.", Asked::Node("n1".into())),
        ("a.b.node.dc1.consul.", Asked::Node("a.b".into())),
        ("0a000001.addr.dc1.consul.", Asked::Address(Ipv4Addr::new(10, 0, 0, 1).into())),
        ("0a00000g.addr.dc1.consul.", Asked::Nothing),
        ("web.consul.", Asked::Nothing),
        ("service.consul.", Asked::Nothing),
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
        let bytes = many.respond(&request("many.service.consul.", RecordType::A, payload), way).await.unwrap();
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
    assert_eq!(handler.respond(b"", Way::Udp).await, None);
    assert_eq!(handler.respond(&[0; 11], Way::Udp).await, None);
    let mut response = request("web.service.consul.", RecordType::A, None);
    response[2] |= 0x80;
    assert_eq!(handler.respond(&response, Way::Udp).await, None);
    let cut = &request("web.service.consul.", RecordType::A, None)[..20];
    let answer = Message::from_vec(&handler.respond(cut, Way::Udp).await.unwrap()).unwrap();
    assert_eq!((answer.metadata.id, answer.metadata.response_code), (7, ResponseCode::FormErr));
}
