//! What is asked again and again over UDP, while the state and the settings change.

use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use weft_model::health::CheckStatus;
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{State, Store, apply};

use super::{Leader, Row, registration, request, row, settings, texts};
use crate::fit::Way;
use crate::handle::{Handler, Next};
use crate::recent::{Recent, SIZE_MAX};
use crate::settings::Ttls;
use crate::source::{Everything, Source};

/// A server with a reader of datagrams.
struct Reader {
    store: Arc<Store>,
    handler: Handler,
    recent: Recent,
    index: u64,
    id: u16,
}

impl Reader {
    fn start(rows: &[Row]) -> Self {
        let (store, _) = Store::new(State::default());
        let source =
            Source { store: Arc::clone(&store), freshness: Arc::new(Leader(true)), sight: Arc::new(Everything) };
        let handler = Handler::new(source, settings());
        let mut reader = Self { store, handler, recent: Recent::default(), index: 0, id: 0 };
        rows.iter().for_each(|row| reader.register(row));
        reader
    }

    fn register(&mut self, row: &Row) {
        self.index += 1;
        let command = Command::Register(Box::new(registration(row)));
        let id = RequestId { origin: 1, sequence: self.index };
        let envelope = Envelope { id, settled: self.index, at: Timestamp(0), command };
        let outcome = apply(&self.store.current(), self.index, &envelope);
        outcome.reply.unwrap();
        self.store.publish(Arc::new(outcome.state), &outcome.changed);
    }

    /// The response, and whether it is a repeated one.
    fn ask(&mut self, name: &str, kind: RecordType) -> (Message, bool) {
        self.id += 1;
        let mut request = request(name, kind, None);
        request[..2].copy_from_slice(&self.id.to_be_bytes());
        let repeated = self.handler.again(&mut self.recent, &request).map(<[u8]>::to_vec);
        let is_repeated = repeated.is_some();
        let response = repeated.unwrap_or_else(|| match self.handler.begin(&request, Way::Udp, None) {
            Next::Done(response) => response.unwrap(),
            Next::Lasting(response, basis) => {
                self.recent.keep(&request, response.clone(), basis);
                response
            }
            Next::Wait(_) => panic!("{name} has to be waited for"),
        });
        let response = Message::from_vec(&response).unwrap();
        assert_eq!((response.metadata.id, response.queries[0].name.to_string()), (self.id, name.to_owned()));
        (response, is_repeated)
    }

    /// Asks until a response is repeated: those before it, and it.
    fn ask_much(&mut self, name: &str, kind: RecordType) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let (response, is_repeated) = self.ask(name, kind);
            all.push(response);
            // Each second they are drawn anew.
            assert!(all.len() < 10_000, "{name} is never repeated");
            if is_repeated {
                return all;
            }
        }
    }
}

const WEB: &str = "web.service.consul.";

fn two() -> Reader {
    let web = |id, address| row(id, "web", address, CheckStatus::Passing);
    Reader::start(&[web("web1", "10.0.0.2"), web("web2", "10.0.0.3")])
}

#[test]
fn a_repeated_response_says_the_same_in_many_orders() {
    for (kind, wanted) in [
        (RecordType::A, ["10.0.0.2", "10.0.0.3"]),
        (RecordType::SRV, ["1 10 8080 0a000002.addr.dc1.consul.", "1 10 8080 0a000003.addr.dc1.consul."]),
    ] {
        let mut reader = two();
        let drawn = reader.ask_much(WEB, kind);
        assert!(drawn.iter().all(|response| texts(response) == wanted), "{drawn:?}");
        // Of 64 orders of two, some begin with the one and some with the other.
        let mut repeated = (0..1000).map(|_| reader.ask(WEB, kind)).filter(|(_, is_repeated)| *is_repeated).peekable();
        let first = repeated.peek().map(|(response, _)| response.answers[0].data.to_string()).unwrap();
        assert!(repeated.any(|(response, _)| response.answers[0].data.to_string() != first));
    }
}

#[test]
fn what_changes_counts_for_the_next_response() {
    let mut reader = two();
    reader.ask_much(WEB, RecordType::A);
    reader.register(&row("web1", "web", "10.0.0.2", CheckStatus::Critical));
    assert_eq!(texts(&reader.ask(WEB, RecordType::A).0), ["10.0.0.3"]);
    reader.ask_much(WEB, RecordType::A);
    reader.register(&row("web2", "web", "10.0.0.9", CheckStatus::Passing));
    assert_eq!(texts(&reader.ask(WEB, RecordType::A).0), ["10.0.0.9"]);
    let last = reader.ask_much(WEB, RecordType::A).pop().unwrap();
    assert_eq!(last.answers[0].ttl, 9);
    reader.handler.configure(crate::Settings { service_ttl: Ttls([("*".to_owned(), 77)].into()), ..settings() });
    assert_eq!(reader.ask(WEB, RecordType::A).0.answers[0].ttl, 77);
}

#[test]
fn what_is_missing_is_missing_until_it_is_there() {
    let mut reader = two();
    let name = "none.service.consul.";
    let last = reader.ask_much(name, RecordType::A).pop().unwrap();
    assert_eq!((last.metadata.response_code, last.authorities.len()), (ResponseCode::NXDomain, 1));
    reader.register(&row("none", "none", "10.0.0.5", CheckStatus::Passing));
    assert_eq!(texts(&reader.ask(name, RecordType::A).0), ["10.0.0.5"]);
}

#[test]
fn what_hangs_on_more_than_one_service_is_looked_up_each_time() {
    let mut reader = Reader::start(&[
        row("one", "Web", "10.0.0.2", CheckStatus::Passing),
        row("alias", "alias", "web.service.consul", CheckStatus::Passing),
    ]);
    for name in ["alias.service.consul.", "web.service.consul.", "n1.node.consul."] {
        for _ in 0..200 {
            assert!(!reader.ask(name, RecordType::A).1, "{name}");
        }
    }
    // As it is spelled, and asked in capitals: two requests.
    for name in ["Web.service.consul.", "Web.SERVICE.consul."] {
        reader.ask_much(name, RecordType::A);
    }
}

#[test]
fn a_flood_of_names_takes_no_more_than_its_room() {
    let mut reader = two();
    for number in 0..20_000 {
        reader.ask(&format!("none-{number}.service.consul."), RecordType::A);
        if number % 500 == 0 {
            assert!(reader.recent.size() <= SIZE_MAX);
        }
    }
    reader.ask_much(WEB, RecordType::A);
}
