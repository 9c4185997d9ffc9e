//! One request, one response.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::DNSClass;
use weft_state::{StateView, Store};

use crate::answer::Question;
use crate::fit::{Way, fit};
use crate::question::{Asked, asked};
use crate::record;
use crate::recurse;
use crate::settings::Settings;

/// The largest datagram that is worth sending: beyond it networks begin to lose pieces.
const PAYLOAD_MAX: u16 = 4096;

/// Answers requests from the state. Cheap to clone.
#[derive(Clone)]
pub struct Handler {
    store: Arc<Store>,
    settings: Arc<Settings>,
}

/// What a request asks of the handler.
enum Next {
    Answer(Message),
    /// Somebody else knows.
    Recurse,
}

impl Handler {
    /// A handler over this state.
    #[must_use]
    pub fn new(store: Arc<Store>, settings: Settings) -> Self {
        Self { store, settings: Arc::new(settings) }
    }

    /// The response to one request; nothing for what is not a request at all.
    pub(crate) async fn respond(&self, request: &[u8], way: Way) -> Option<Vec<u8>> {
        let asked = match Message::from_vec(request) {
            Ok(message) if message.metadata.message_type == MessageType::Query => message,
            Ok(_) => return None,
            Err(_) => return malformed(request),
        };
        let payload = asked.edns.as_ref().map(Edns::max_payload);
        match self.judge(&asked) {
            Next::Answer(message) => {
                fit(message, way, payload, self.settings.udp_answer_limit, self.settings.enable_truncate)
            }
            Next::Recurse => match recurse::ask(&self.settings, request, way).await {
                Some(response) => Some(response),
                None => fit(self.empty(&asked, ResponseCode::ServFail), way, payload, 0, false),
            },
        }
    }

    fn judge(&self, request: &Message) -> Next {
        if request.metadata.op_code != OpCode::Query {
            return Next::Answer(self.empty(request, ResponseCode::NotImp));
        }
        let [query] = request.queries.as_slice() else {
            return Next::Answer(self.empty(request, ResponseCode::FormErr));
        };
        if request.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
            return Next::Answer(self.empty(request, ResponseCode::BADVERS));
        }
        if query.query_class != DNSClass::IN && query.query_class != DNSClass::ANY {
            return Next::Answer(self.empty(request, ResponseCode::Refused));
        }
        match asked(&query.name, &self.settings) {
            Asked::Outside if self.settings.recursors.is_empty() => {
                Next::Answer(self.empty(request, ResponseCode::Refused))
            }
            Asked::Outside => Next::Recurse,
            asked @ Asked::Reverse(_) => {
                let answer = self.answer(request, query, &asked);
                let unknown = answer.metadata.response_code == ResponseCode::NXDomain;
                if unknown && !self.settings.recursors.is_empty() { Next::Recurse } else { Next::Answer(answer) }
            }
            asked @ (Asked::Apex
            | Asked::Service { .. }
            | Asked::Connect(_)
            | Asked::Node(_)
            | Asked::Address(_)
            | Asked::Nothing) => Next::Answer(self.answer(request, query, &asked)),
        }
    }

    fn answer(&self, request: &Message, query: &Query, asked: &Asked) -> Message {
        let state = self.store.current();
        let question =
            Question { name: &query.name, kind: query.query_type, settings: &self.settings, serial: serial() };
        let reply = question.answer(asked, &StateView::new(&state));
        let mut message = self.empty(request, reply.code());
        message.metadata.authoritative = true;
        // Nothing to say: for how long that holds is in the start of authority (RFC 2308).
        if reply.answers.is_empty() {
            message.authorities.push(record::soa(&self.settings, question.serial));
        }
        message.authorities.extend(reply.authorities);
        message.answers = reply.answers;
        message.additionals = reply.additionals;
        message
    }

    /// A response without records.
    fn empty(&self, request: &Message, code: ResponseCode) -> Message {
        let mut message = Message::response(request.metadata.id, request.metadata.op_code);
        message.metadata.recursion_desired = request.metadata.recursion_desired;
        message.metadata.recursion_available = !self.settings.recursors.is_empty();
        message.metadata.response_code = code;
        message.queries.clone_from(&request.queries);
        if let Some(asked) = &request.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, PAYLOAD_MAX));
            message.set_edns(edns);
        }
        message
    }
}

/// FORMERR with the request's id, where there is one.
fn malformed(request: &[u8]) -> Option<Vec<u8>> {
    let header: &[u8; 12] = request.first_chunk()?;
    let is_response = header[2] & 0x80 != 0;
    if is_response {
        return None;
    }
    let id = u16::from_be_bytes([header[0], header[1]]);
    Message::error_msg(id, OpCode::Query, ResponseCode::FormErr).to_vec().ok()
}

/// Seconds since 1970, as far as 32 bits hold them.
fn serial() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs() as u32
}
