//! Who may do what: tokens of requests, what endpoints need, and what is said when it is lacking.
//!
//! ```text
//! request ─token─> Call ─AccessControl─> Bearer ┐
//! row of the table of routes ─rule─> Need ──────┼─> goes on, or `Permission denied` and a line in the log
//! lists ─each row's need────────────────────────┘─> rows that the bearer may see
//! ```
//!
//! Where a need depends on the body or on the state, the handler asks. One that forgets is refused: the
//! router looks whether somebody has asked.

mod bearer;
mod control;
mod gate;
mod marks;
mod rule;
mod token;

pub use bearer::{Bearer, BearerName};
pub use control::{AccessControl, AccessOff, AgentToken, LoginError, UnknownToken, Verified};
pub(crate) use gate::Gate;
pub(crate) use marks::Marks;
pub(crate) use rule::{Rule, rule};
pub(crate) use token::of_request;

use http::header::HeaderName;
use weft_model::acl::{Labelled, Need, Wanted};
use weft_state::State;

use crate::answer::Outcome;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::route::{Access, Options, Route, Run, Verb};

const FILTERED: HeaderName = HeaderName::from_static("x-consul-results-filtered-by-acls");

/// Makes the state here new enough to judge by: a token that was deleted anywhere before the request does not
/// pass. Reads with options of their own see to it themselves.
pub(crate) async fn catch_up(route: &Route, call: &Call) -> Result<(), Refusal> {
    if call.host.access.enabled() && route.access != Access::Open {
        call.host.access.prepare(&call.token).await;
    }
    let own_options = matches!(route.run, Run::Read(_))
        || (matches!(route.run, Run::Look(_)) && route.options == Options::Datacenter);
    let local = route.verb == Verb::Get && route.options == Options::Agent;
    if !call.host.access.enabled() || route.access == Access::Open || own_options || local {
        return Ok(());
    }
    // Reads that act themselves take the words of the query as the others do.
    let stale = route.verb == Verb::Get && (call.query.has("stale") || call.query.has("max_stale"));
    if stale {
        return Ok(());
    }
    match call.host.cluster.read_index().await {
        // An agent that is cut off can still be told to join, to leave, and by which tokens.
        Err(_) if matches!(route.access, Access::AgentWrite | Access::AgentRead) => Ok(()),
        outcome => outcome.map_err(|_| Refusal::no_leader()),
    }
}

/// Lets a request in, as far as the table of routes alone decides it.
pub(crate) fn admit(route: &Route, call: &Call, state: &State) -> Result<(), Refusal> {
    call.marks.begin();
    if !call.host.access.enabled() {
        let is_about_access = route.path.starts_with("/v1/acl/") || route.path.starts_with("/v1/agent/token/");
        return if is_about_access { Err(Refusal::acl_disabled()) } else { Ok(()) };
    }
    match rule(route, call) {
        Rule::Open => {
            call.marks.look();
            Ok(())
        }
        Rule::Need(need) => call.require(state, &need),
        // The token has to be one at least.
        Rule::Inside => call.bearer(state).map(drop),
    }
}

/// Looks over what a handler answers: whether it has asked, and whether it has left something out.
pub(crate) fn look_over(enabled: bool, marks: &Marks, outcome: Outcome) -> Outcome {
    let answer = outcome?;
    if enabled && !marks.has_looked() {
        tracing::error!("a handler has not asked what its caller may do");
        return Err(Refusal::failed("internal error: the request was not authorized"));
    }
    Ok(if marks.has_hidden() { answer.constant(FILTERED, "true") } else { answer })
}

impl Call {
    /// Who asks.
    ///
    /// # Errors
    /// The token is none.
    pub(crate) fn bearer(&self, state: &State) -> Result<Bearer, Refusal> {
        self.host.access.bearer(&self.token, state).map_err(|UnknownToken| Refusal::forbidden("ACL not found"))
    }

    /// What the caller may see of lists.
    pub(crate) fn gate(&self, state: &State) -> Result<Gate<'_>, Refusal> {
        self.marks.look();
        let bearer = if self.host.access.enabled() { Some(self.bearer(state)?) } else { None };
        Ok(Gate::new(bearer, &self.marks))
    }

    /// Refuses callers that lack a permission.
    pub(crate) fn require(&self, state: &State, need: &Need) -> Result<(), Refusal> {
        self.marks.look();
        if !self.host.access.enabled() {
            return Ok(());
        }
        let bearer = self.bearer(state)?;
        if bearer.authorizer.allows(need) {
            return Ok(());
        }
        Err(self.denied(&bearer, need))
    }

    /// Notes that the handler has decided, where nothing is to be asked: what there is not can be seen by nobody.
    pub(crate) fn nothing_to_ask(&self) {
        self.marks.look();
    }

    /// The same for the state as it is now.
    pub(crate) fn require_now(&self, need: &Need) -> Result<(), Refusal> {
        self.require(&self.host.store.current(), need)
    }

    /// The refusal of a caller that lacks a permission; a line in the log tells of it.
    pub(crate) fn denied(&self, bearer: &Bearer, need: &Need) -> Refusal {
        let text = bearer.lacks(need);
        tracing::info!(
            target: "weft::audit",
            accessor = bearer.name.accessor(),
            lacks = %need,
            path = self.path,
            caller = self.caller.map(tracing::field::display),
            "refused"
        );
        Refusal::forbidden(text)
    }
}

/// The need for one name.
pub(crate) fn of(resource: Labelled, name: impl AsRef<str>, wanted: Wanted) -> Need {
    Need::Of(resource, name.as_ref().to_owned(), wanted)
}

pub(crate) fn service(name: impl AsRef<str>, wanted: Wanted) -> Need {
    of(Labelled::Service, name, wanted)
}

pub(crate) fn node(name: impl AsRef<str>, wanted: Wanted) -> Need {
    of(Labelled::Node, name, wanted)
}

pub(crate) fn session(node: impl AsRef<str>, wanted: Wanted) -> Need {
    of(Labelled::Session, node, wanted)
}

pub(crate) fn key(name: impl AsRef<str>, wanted: Wanted) -> Need {
    of(Labelled::Key, name, wanted)
}
