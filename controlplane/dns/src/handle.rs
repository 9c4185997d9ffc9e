//! One request, one response.

use arc_swap::ArcSwap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use weft_state::{State, StateView};

use crate::answer::Question;
use crate::fit::{PAYLOAD_MAX, Room, Way, fit};
use crate::question::{Asked, asked};
use crate::recent::{Basis, Moment, Recent};
use crate::record;
use crate::recurse;
use crate::relay::Relay;
use crate::settings::{Settings, Staleness};
use crate::source::{Seen, Sight, Source};

/// That the responder asks others, in the fourth byte (RFC 1035, 4.1.1).
const RECURSION_AVAILABLE: u8 = 0x80;

/// How many names of ours may stand for each other before the rest is left to the asker.
const ALIASES_MAX: u8 = 3;

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Handler {
    knowledge: Knowledge,
    settings: Arc<ArcSwap<Settings>>,
    clock: Option<Arc<dyn Clock>>,
}

/// Who is told how long names under the domain, and addresses, took to be answered.
pub trait Clock: Send + Sync {
    /// A name was answered, or could not be.
    fn name(&self, took: Duration);

    /// The same of an address.
    fn address(&self, took: Duration);
}

/// Who knows the names under the domain.
#[derive(Clone)]
enum Knowledge {
    Own(Source),
    Servers(Arc<dyn Relay>),
}

/// What becomes of a request.
pub(crate) enum Next {
    /// This is the response; nothing where there is no request to respond to.
    Done(Option<Vec<u8>>),
    /// This is the response, also to whoever asks the same while its basis holds.
    Lasting(Vec<u8>, Basis),
    /// Something has to be waited for.
    Wait(Box<Wait>),
}

/// A response that cannot be given at once.
pub(crate) struct Wait {
    request: Message,
    way: Way,
    reason: Reason,
    timing: Option<Timing>,
}

/// Tells the time since its making when it is dropped.
struct Timing {
    clock: Arc<dyn Clock>,
    begun: Instant,
    is_address: bool,
}

impl Drop for Timing {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        if self.is_address { self.clock.address(took) } else { self.clock.name(took) }
    }
}

/// What the state has said.
struct Response {
    message: Message,
    /// Whether it names instances.
    of_instances: bool,
    /// What it comes from, where that can be told.
    basis: Option<Basis>,
}

enum Reason {
    /// The state has to be newer first. Who asked counts then.
    Older(Source, Option<IpAddr>),
    /// The servers know. These are the bytes to pass on.
    Relayed(Arc<dyn Relay>, Vec<u8>, Option<IpAddr>),
    /// Somebody else knows. These are the bytes to pass on.
    Elsewhere(Vec<u8>),
    /// The answer ends with the alias of a name that somebody else knows.
    Alias(Box<Message>, Name),
}

impl Handler {
    /// A handler that reads this source.
    #[must_use]
    pub fn new(source: Source, settings: Settings) -> Self {
        Self::with(Knowledge::Own(source), settings)
    }

    /// A handler for whom servers know the names under the domain. Others it finds by itself.
    #[must_use]
    pub fn relaying(relay: Arc<dyn Relay>, settings: Settings) -> Self {
        Self::with(Knowledge::Servers(relay), settings)
    }

    fn with(knowledge: Knowledge, settings: Settings) -> Self {
        Self { knowledge, settings: Arc::new(ArcSwap::from_pointee(settings)), clock: None }
    }

    /// The same, timed.
    #[must_use]
    pub fn timed(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Answers by other settings from now on. What names end with stays, and whose they are.
    pub fn configure(&self, settings: Settings) {
        let known = self.settings.load();
        let (domain, alt_domain) = (known.domain.clone(), known.alt_domain.clone());
        let (datacenter, node) = (known.datacenter.clone(), known.node.clone());
        self.settings.store(Arc::new(Settings { domain, alt_domain, datacenter, node, ..settings }));
    }

    /// The same, seen with other eyes.
    #[must_use]
    pub fn seen_by(&self, sight: Arc<dyn Sight>) -> Self {
        let knowledge = match &self.knowledge {
            Knowledge::Own(source) => Knowledge::Own(Source { sight, ..source.clone() }),
            Knowledge::Servers(relay) => Knowledge::Servers(Arc::clone(relay)),
        };
        Self { knowledge, ..self.clone() }
    }

    /// The same, by other settings throughout.
    #[must_use]
    pub fn by(&self, settings: Settings) -> Self {
        Self { settings: Arc::new(ArcSwap::from_pointee(settings)), ..self.clone() }
    }

    /// Answers, or says what has to be waited for.
    pub(crate) fn begin(&self, request: &[u8], way: Way, from: Option<IpAddr>) -> Next {
        let message = match Message::from_vec(request) {
            Ok(message) if message.metadata.message_type == MessageType::Query => message,
            Ok(_) => return Next::Done(None),
            Err(_) => return Next::Done(malformed(request)),
        };
        if let Some(code) = refusal(&message) {
            return self.done(&message, self.empty(&message, code), way);
        }
        let asked = message.queries.first().map(|query| asked(&query.name, &self.settings.load()));
        let timing = self.timing(asked.as_ref());
        let mut next = self.begin_with(asked.as_ref(), message, request, way, from);
        if let Next::Wait(wait) = &mut next {
            wait.timing = timing;
        }
        next
    }

    /// The response to a request over UDP that was answered just now, if the answer would be the same.
    pub(crate) fn again<'a>(&self, recent: &'a mut Recent, request: &[u8]) -> Option<&'a [u8]> {
        let Knowledge::Own(source) = &self.knowledge else { return None };
        if self.is_too_old(source) {
            return None;
        }
        let begun = Instant::now();
        let response = recent.again(request, |basis| {
            let state = source.store.current();
            basis.is(state.touched_at(&basis.topic), &self.moment(source, &state))
        })?;
        if let Some(clock) = &self.clock {
            clock.name(begun.elapsed());
        }
        Some(response)
    }

    fn moment(&self, source: &Source, state: &State) -> Moment {
        let authorizer = source.sight.authorizer(state);
        Moment { settings: self.settings.load_full(), authorizer, serial: serial() }
    }

    /// Names outside the domain take what others take.
    fn timing(&self, asked: Option<&Asked>) -> Option<Timing> {
        let asked = asked.filter(|asked| !matches!(asked, Asked::Outside))?;
        let clock = Arc::clone(self.clock.as_ref()?);
        Some(Timing { clock, begun: Instant::now(), is_address: matches!(asked, Asked::Reverse(_)) })
    }

    fn begin_with(
        &self,
        asked: Option<&Asked>,
        message: Message,
        request: &[u8],
        way: Way,
        from: Option<IpAddr>,
    ) -> Next {
        let reason = match (asked, &self.knowledge) {
            (Some(Asked::Outside), _) => Reason::Elsewhere(request.to_vec()),
            (_, Knowledge::Servers(relay)) => Reason::Relayed(Arc::clone(relay), request.to_vec(), from),
            (_, Knowledge::Own(source)) if self.is_too_old(source) => Reason::Older(source.clone(), from),
            (_, Knowledge::Own(source)) => return self.answer(source, message, request, way, from),
        };
        self.wait(message, way, reason)
    }

    /// The response, once it is there; nearest-first answers are for `from`, where it is known.
    pub async fn respond(&self, request: &[u8], way: Way, from: Option<IpAddr>) -> Option<Vec<u8>> {
        match self.begin(request, way, from) {
            Next::Done(response) => response,
            Next::Lasting(response, _) => Some(response),
            Next::Wait(wait) => self.finish(*wait).await,
        }
    }

    /// Waits for what the response needs.
    pub(crate) async fn finish(&self, wait: Wait) -> Option<Vec<u8>> {
        let _timing = wait.timing;
        match wait.reason {
            Reason::Older(source, from) if source.freshness.catch_up().await => {
                let bytes = wait.request.to_vec().ok()?;
                // An answer waits for others only, not for the state.
                self.end(self.answer(&source, wait.request, &bytes, wait.way, from)).await
            }
            Reason::Older(..) => self.failure(&wait.request, wait.way),
            Reason::Relayed(relay, bytes, from) => {
                let response = relay.ask(bytes.clone(), wait.way, from, Settings::clone(&self.settings.load())).await;
                match response {
                    Some(response) => self.end(self.complete(wait.request, &bytes, wait.way, response)).await,
                    None => self.failure(&wait.request, wait.way),
                }
            }
            Reason::Elsewhere(bytes) => match recurse::ask(&self.settings.load_full(), &bytes, wait.way).await {
                Some(response) => Some(response),
                None => self.failure(&wait.request, wait.way),
            },
            Reason::Alias(mut answer, host) => {
                let kind = wait.request.queries.first().map_or(RecordType::A, |query| query.query_type);
                answer.answers.extend(recurse::resolve(&self.settings.load_full(), host, kind).await);
                self.fit(*answer, &wait.request, wait.way)
            }
        }
    }

    async fn end(&self, next: Next) -> Option<Vec<u8>> {
        match next {
            Next::Done(response) => response,
            Next::Lasting(response, _) => Some(response),
            Next::Wait(next) => Box::pin(self.finish(*next)).await,
        }
    }

    fn failure(&self, request: &Message, way: Way) -> Option<Vec<u8>> {
        self.fit(self.empty(request, ResponseCode::ServFail), request, way)
    }

    /// A name outside the domain needs somebody who knows it.
    fn wait(&self, request: Message, way: Way, reason: Reason) -> Next {
        if matches!(reason, Reason::Elsewhere(_)) && self.settings.load().recursors.is_empty() {
            return self.done(&request, self.empty(&request, ResponseCode::Refused), way);
        }
        Next::Wait(Box::new(Wait { request, way, reason, timing: None }))
    }

    fn is_too_old(&self, source: &Source) -> bool {
        match self.settings.load().staleness {
            Staleness::Refused => true,
            allowed if allowed == Staleness::default() => false,
            Staleness::Allowed(most) => source.freshness.silence() > most,
        }
    }

    fn answer(&self, source: &Source, request: Message, bytes: &[u8], way: Way, from: Option<IpAddr>) -> Next {
        let Some(query) = request.queries.first() else { return Next::Done(None) };
        let Response { message, of_instances, basis } = self.reply_to(source, &request, query, from);
        if let Some(reason) = self.lacking(&message, bytes) {
            return self.wait(request, way, reason);
        }
        let response = fit(message, self.room(&request, way), of_instances, &self.settings.load());
        match (response, basis) {
            (Some(response), Some(basis)) => Next::Lasting(response, basis),
            (response, _) => Next::Done(response),
        }
    }

    /// What the servers have said, or what it takes to make an answer of it.
    fn complete(&self, request: Message, bytes: &[u8], way: Way, mut response: Vec<u8>) -> Next {
        if self.settings.load().recursors.is_empty() {
            return Next::Done(Some(response));
        }
        response.get_mut(3).into_iter().for_each(|flags| *flags |= RECURSION_AVAILABLE);
        match Message::from_vec(&response).ok().and_then(|message| self.lacking(&message, bytes)) {
            Some(reason) => self.wait(request, way, reason),
            None => Next::Done(Some(response)),
        }
    }

    /// What somebody else has to say to an answer: an address that is not known here, or where its last alias leads.
    fn lacking(&self, message: &Message, bytes: &[u8]) -> Option<Reason> {
        let query = message.queries.first()?;
        // Servers refuse what they would have to ask others for.
        let unknown = matches!(message.metadata.response_code, ResponseCode::NXDomain | ResponseCode::Refused);
        if unknown && matches!(asked(&query.name, &self.settings.load()), Asked::Reverse(_)) {
            return Some(Reason::Elsewhere(bytes.to_vec()));
        }
        self.loose_end(message).map(|host| Reason::Alias(Box::new(message.clone()), host))
    }

    /// The response that the state has.
    fn reply_to(&self, source: &Source, request: &Message, query: &Query, from: Option<IpAddr>) -> Response {
        let state = source.store.current();
        let moment = self.moment(source, &state);
        let question = Question {
            name: &query.name,
            kind: query.query_type,
            settings: &moment.settings,
            serial: moment.serial,
            view: &StateView::new(&state),
            seen: Seen(moment.authorizer.as_deref()),
            asker: subnet(request).map(ClientSubnet::addr).or(from),
            aliases: ALIASES_MAX,
        };
        let reply = question.answer(&asked(&query.name, &moment.settings));
        let mut message = self.empty(request, reply.code());
        message.metadata.authoritative = true;
        // Nothing to say: for how long that holds is in the start of authority (RFC 2308).
        if reply.answers.is_empty() {
            message.authorities.push(record::soa(&moment.settings, moment.serial));
        }
        message.authorities.extend(reply.authorities);
        message.answers = reply.answers;
        if reply.of_asker
            && let Some(edns) = &mut message.edns
        {
            narrow(edns);
        }
        message.additionals = reply.additionals;
        let basis = reply.source.map(|(topic, is_drawn)| {
            let changed = state.touched_at(&topic);
            Basis { moment, topic, changed, is_drawn }
        });
        Response { message, of_instances: reply.of_instances, basis }
    }

    /// The name outside the domain that the last alias of an answer leads to.
    fn loose_end(&self, message: &Message) -> Option<Name> {
        if self.settings.load().recursors.is_empty() {
            return None;
        }
        let wants_alias = message.queries.first().is_some_and(|query| query.query_type == RecordType::CNAME);
        let Some(RData::CNAME(host)) = message.answers.last().map(|record| &record.data) else { return None };
        (!wants_alias && asked(&host.0, &self.settings.load()) == Asked::Outside).then(|| host.0.clone())
    }

    fn done(&self, request: &Message, response: Message, way: Way) -> Next {
        Next::Done(self.fit(response, request, way))
    }

    fn fit(&self, response: Message, request: &Message, way: Way) -> Option<Vec<u8>> {
        fit(response, self.room(request, way), false, &self.settings.load())
    }

    fn room(&self, request: &Message, way: Way) -> Room {
        Room::new(way, request.edns.as_ref().map(Edns::max_payload), &self.settings.load())
    }

    /// A response without records.
    fn empty(&self, request: &Message, code: ResponseCode) -> Message {
        let mut message = Message::response(request.metadata.id, request.metadata.op_code);
        message.metadata.recursion_desired = request.metadata.recursion_desired;
        message.metadata.recursion_available = !self.settings.load().recursors.is_empty();
        message.metadata.response_code = code;
        message.queries.clone_from(&request.queries);
        message.edns = request.edns.as_ref().map(extension);
        message
    }
}

/// Why a request is not looked at further.
fn refusal(request: &Message) -> Option<ResponseCode> {
    if request.metadata.op_code != OpCode::Query {
        return Some(ResponseCode::NotImp);
    }
    let [query] = request.queries.as_slice() else { return Some(ResponseCode::FormErr) };
    if request.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
        return Some(ResponseCode::BADVERS);
    }
    if query.query_class != DNSClass::IN && query.query_class != DNSClass::ANY {
        return Some(ResponseCode::Refused);
    }
    matches!(query.query_type, RecordType::AXFR | RecordType::IXFR).then_some(ResponseCode::NotImp)
}

/// What is said to a request with EDNS: how much may be sent here, and that an answer does not depend on
/// the network that the request names (RFC 7871, 7.2.1).
fn extension(asked: &Edns) -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(asked.max_payload().clamp(512, PAYLOAD_MAX));
    if let Some(subnet) = subnet_of(asked) {
        let of_all = ClientSubnet::new(subnet.addr(), subnet.source_prefix(), 0);
        edns.options_mut().insert(EdnsOption::Subnet(of_all));
    }
    edns
}

fn subnet(request: &Message) -> Option<&ClientSubnet> {
    request.edns.as_ref().and_then(subnet_of)
}

fn subnet_of(edns: &Edns) -> Option<&ClientSubnet> {
    match edns.option(EdnsCode::Subnet) {
        Some(EdnsOption::Subnet(subnet)) => Some(subnet),
        Some(_) | None => None,
    }
}

/// Says that the answer holds for the network that was named, and for no other.
fn narrow(edns: &mut Edns) {
    if let Some(subnet) = subnet_of(edns).copied() {
        let of_these = ClientSubnet::new(subnet.addr(), subnet.source_prefix(), subnet.source_prefix());
        edns.options_mut().remove(EdnsCode::Subnet);
        edns.options_mut().insert(EdnsOption::Subnet(of_these));
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
