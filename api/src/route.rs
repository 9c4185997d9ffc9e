//! What a row of the table of routes says about an endpoint.

use axum::body::Body;
use futures::future::BoxFuture;
use weft_state::StateView;

use crate::answer::Outcome;
use crate::call::Call;
use crate::terms::Most;

/// The methods that endpoints know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Put,
    Post,
    Delete,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// How an endpoint comes to its answer.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// A query of the replicated state with all query options: it can block and reports its index.
    Read(fn(&Call, &StateView<'_>) -> Outcome),
    /// A query of the state as this agent sees it: no options, no index.
    Look(fn(&Call, &StateView<'_>) -> Outcome),
    /// All else: writes, and answers of other parts of the agent.
    Act(fn(Call) -> BoxFuture<'static, Outcome>),
    /// A write that reads its body itself, piece by piece.
    Upload(fn(Call, Body) -> BoxFuture<'static, Outcome>),
}

/// Which query options an endpoint takes besides its own parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Options {
    /// None: it is about this agent.
    Agent,
    /// `dc`, and for reads the consistency.
    Datacenter,
    /// Those, and `index`, `wait`, `cached`.
    Blocking,
}

/// What a token must be allowed. Recorded here for the endpoint's whole verb; the name that it is asked
/// about comes from the request (see `access/rule.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Open,
    /// To be a token: what it is about is the caller's own.
    Own,
    AclRead,
    AclWrite,
    AgentRead,
    AgentWrite,
    KeyRead,
    KeyWrite,
    SessionRead,
    SessionWrite,
    /// By what each operation is about.
    Transaction,
    /// A token that may do anything.
    Management,
    NodeRead,
    NodeWrite,
    ServiceRead,
    ServiceWrite,
    /// Service or node, by what the check belongs to.
    CheckWrite,
    /// By what the request registers.
    CatalogWrite,
    IntentionRead,
    IntentionWrite,
    OperatorRead,
    OperatorWrite,
    KeyringRead,
    KeyringWrite,
    MeshWrite,
    QueryRead,
    QueryWrite,
    EventRead,
    EventWrite,
    /// By the kind of the entry.
    ConfigRead,
    ConfigWrite,
}

impl Access {
    /// The rule as tokens name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Own => "a token",
            Self::AclRead => "acl:read",
            Self::AclWrite => "acl:write",
            Self::AgentRead => "agent:read",
            Self::AgentWrite => "agent:write",
            Self::KeyRead => "key:read",
            Self::KeyWrite => "key:write",
            Self::SessionRead => "session:read",
            Self::SessionWrite => "session:write",
            Self::Transaction => "by operation",
            Self::Management => "acl:write",
            Self::NodeRead => "node:read",
            Self::NodeWrite => "node:write",
            Self::ServiceRead => "service:read",
            Self::ServiceWrite => "service:write",
            Self::CheckWrite => "service:write or node:write",
            Self::CatalogWrite => "node:write, service:write",
            Self::IntentionRead => "intentions:read",
            Self::IntentionWrite => "intentions:write",
            Self::OperatorRead => "operator:read",
            Self::OperatorWrite => "operator:write",
            Self::KeyringRead => "keyring:read",
            Self::KeyringWrite => "keyring:write",
            Self::MeshWrite => "mesh:write",
            Self::QueryRead => "query:read",
            Self::QueryWrite => "query:write",
            Self::EventRead => "event:read",
            Self::EventWrite => "event:write",
            Self::ConfigRead => "by kind: read",
            Self::ConfigWrite => "by kind: write",
        }
    }
}

/// A query parameter of an endpoint's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) about: &'static str,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// Text that must be given.
    Required,
    /// Texts, given several times.
    Texts,
    /// The same, at least once.
    RequiredTexts,
    /// Present or not; a value does not matter.
    Flag,
    /// One of Go's booleans, or bare.
    Bool,
    /// One of Go's booleans, to be given.
    RequiredBool,
    /// One of these.
    OneOf(&'static [&'static str]),
    RequiredOneOf(&'static [&'static str]),
    Number,
    /// With a sign, or without.
    Integer,
    Duration,
    Uuid,
}

/// What a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Nothing,
    /// JSON of this schema.
    Json(&'static str),
    /// JSON of this schema, or nothing.
    OptionalJson(&'static str),
    /// Bytes of this content type.
    Bytes(&'static str),
}

/// What a successful answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No body.
    Empty,
    /// JSON of this schema.
    Json(&'static str),
    /// JSON of this schema, or another content type.
    JsonOr(&'static str, &'static str),
    /// Bytes of this content type.
    Bytes(&'static str),
}

/// A row: one method of one path.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    /// `{name}` is a parameter; the last one takes the whole rest of the path.
    pub(crate) path: &'static str,
    pub(crate) run: Run,
    pub(crate) access: Access,
    pub(crate) options: Options,
    pub(crate) params: &'static [Param],
    pub(crate) body: Payload,
    pub(crate) body_max: Most,
    pub(crate) answer: Shape,
    /// Takes `cached`.
    pub(crate) cacheable: bool,
    /// A function of the path, the query, the state and what the caller may see: written out once for many.
    pub(crate) shared: bool,
    /// Statuses that this endpoint answers besides 200 and those that all can answer.
    pub(crate) statuses: &'static [u16],
    pub(crate) about: &'static str,
}

impl Route {
    const fn new(verb: Verb, path: &'static str, run: Run, options: Options) -> Self {
        Self {
            verb,
            path,
            run,
            access: Access::Open,
            options,
            params: &[],
            body: Payload::Nothing,
            body_max: Most::Bytes(64 * 1024),
            answer: Shape::Empty,
            cacheable: false,
            shared: false,
            statuses: &[],
            about: "",
        }
    }

    pub(crate) const fn read(path: &'static str, view: fn(&Call, &StateView<'_>) -> Outcome) -> Self {
        Self::new(Verb::Get, path, Run::Read(view), Options::Blocking)
    }

    /// A read whose question is in its body.
    pub(crate) const fn ask(path: &'static str, view: fn(&Call, &StateView<'_>) -> Outcome) -> Self {
        Self::new(Verb::Post, path, Run::Read(view), Options::Blocking)
    }

    pub(crate) const fn look(path: &'static str, view: fn(&Call, &StateView<'_>) -> Outcome) -> Self {
        Self::new(Verb::Get, path, Run::Look(view), Options::Agent)
    }

    pub(crate) const fn act(verb: Verb, path: &'static str, task: fn(Call) -> BoxFuture<'static, Outcome>) -> Self {
        Self::new(verb, path, Run::Act(task), Options::Agent)
    }

    pub(crate) const fn upload(
        verb: Verb,
        path: &'static str,
        task: fn(Call, Body) -> BoxFuture<'static, Outcome>,
    ) -> Self {
        Self::new(verb, path, Run::Upload(task), Options::Agent)
    }

    /// The endpoint belongs to a datacenter, not to this agent.
    pub(crate) const fn of_datacenter(self) -> Self {
        Self { options: Options::Datacenter, ..self }
    }

    /// The endpoint blocks by itself.
    pub(crate) const fn blocking(self) -> Self {
        Self { options: Options::Blocking, ..self }
    }

    pub(crate) const fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    pub(crate) const fn params(self, params: &'static [Param]) -> Self {
        Self { params, ..self }
    }

    pub(crate) const fn body(self, schema: &'static str) -> Self {
        Self { body: Payload::Json(schema), ..self }
    }

    pub(crate) const fn optional_body(self, schema: &'static str) -> Self {
        Self { body: Payload::OptionalJson(schema), ..self }
    }

    pub(crate) const fn bytes(self, content_type: &'static str) -> Self {
        Self { body: Payload::Bytes(content_type), ..self }
    }

    pub(crate) const fn body_max(self, body_max: Most) -> Self {
        Self { body_max, ..self }
    }

    pub(crate) const fn answers(self, schema: &'static str) -> Self {
        Self { answer: Shape::Json(schema), ..self }
    }

    pub(crate) const fn answers_or(self, schema: &'static str, content_type: &'static str) -> Self {
        Self { answer: Shape::JsonOr(schema, content_type), ..self }
    }

    pub(crate) const fn answers_bytes(self, content_type: &'static str) -> Self {
        Self { answer: Shape::Bytes(content_type), ..self }
    }

    pub(crate) const fn cacheable(self) -> Self {
        Self { cacheable: true, ..self }
    }

    pub(crate) const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    pub(crate) const fn statuses(self, statuses: &'static [u16]) -> Self {
        Self { statuses, ..self }
    }

    pub(crate) const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// The path up to its first parameter. Routes with the same one share a pattern, as in Go's mux.
    pub(crate) fn fixed(&self) -> &'static str {
        self.path.find('{').map_or(self.path, |at| &self.path[..at])
    }

    /// The path behind its last parameter.
    pub(crate) fn suffix(&self) -> &'static str {
        self.path.rfind('}').map_or("", |at| &self.path[at + 1..])
    }

    /// How many parameters the path has.
    pub(crate) fn parameters(&self) -> usize {
        self.path.matches('{').count()
    }
}
