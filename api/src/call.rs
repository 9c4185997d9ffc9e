//! One request as its handler sees it: checked for its form, not yet for its meaning.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;
use weft_model::secret::Secret;
use weft_model::{Command, Datacenter, NodeName, Reply};
use weft_state::State;

use crate::access::Marks;
use crate::answer::Layout;
use crate::body;
use crate::filter::{Filter, Schema};
use crate::host::Host;
use crate::meter;
use crate::options::QueryOptions;
use crate::query::{Query, go_bool};
use crate::refusal::Refusal;

/// What begins the refusal of most bodies.
const DECODE_FAILED: &str = "Request decode failed";

/// A request on its way to a handler.
pub(crate) struct Call {
    pub(crate) host: Arc<Host>,
    /// What stands in the path after the route's fixed part.
    pub(crate) rest: String,
    pub(crate) query: Query,
    /// Of routes that take them.
    pub(crate) options: QueryOptions,
    pub(crate) body: Bytes,
    /// Where the client is, where that is known.
    pub(crate) caller: Option<IpAddr>,
    /// The node of the client agent that passes the request on; `None`: it came to this agent.
    pub(crate) node: Option<NodeName>,
    /// Under which the client may send the same again.
    pub(crate) request_id: Option<Uuid>,
    /// The token that it brings; empty: none.
    pub(crate) token: Secret,
    /// The endpoint, for the log.
    pub(crate) path: &'static str,
    /// How JSON is to be laid out.
    pub(crate) layout: Layout,
    pub(crate) marks: Arc<Marks>,
}

impl Call {
    /// The path's one parameter, or this refusal when it is empty.
    pub(crate) fn path_name(&self, missing: &str) -> Result<&str, Refusal> {
        if self.rest.is_empty() {
            return Err(Refusal::bad_request(missing));
        }
        Ok(&self.rest)
    }

    /// The path's two parameters, divided by a slash; the second may be empty.
    pub(crate) fn path_pair(&self) -> (&str, &str) {
        self.rest.split_once('/').unwrap_or((&self.rest, ""))
    }

    /// The node of the agent that was asked.
    pub(crate) fn own_node(&self) -> &NodeName {
        self.node.as_ref().unwrap_or(&self.host.agent.node.name)
    }

    /// The body, decoded.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::decode(&self.body, DECODE_FAILED)
    }

    /// The body, decoded; refusals begin with `prefix`.
    pub(crate) fn decode_as<T: DeserializeOwned>(&self, prefix: &str) -> Result<T, Refusal> {
        body::decode(&self.body, prefix)
    }

    /// The body as JSON; refusals begin with `prefix`.
    pub(crate) fn json(&self, prefix: &str) -> Result<Value, Refusal> {
        body::value(&self.body, prefix)
    }

    /// The `filter` parameter, checked against the type of the elements.
    pub(crate) fn filter(&self, schema: &'static Schema) -> Result<Option<Filter>, Refusal> {
        match self.query.text("filter") {
            "" => Ok(None),
            text => Filter::parse(text, schema).map(Some).map_err(Refusal::failed),
        }
    }

    /// The boolean `name` of the query: absent, or one of Go's spellings; a bare name is true.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.query.get(name) {
            None => Ok(false),
            Some("") => Ok(true),
            Some(text) => go_bool(text).ok_or_else(|| Refusal::bad_request(format!("Invalid value for ?{name}"))),
        }
    }

    /// Refuses other datacenters than this one; empty is this one.
    pub(crate) fn check_datacenter(&self, wanted: &str) -> Result<(), Refusal> {
        let own: &Datacenter = &self.host.agent.node.datacenter;
        if wanted.is_empty() || *own == wanted { Ok(()) } else { Err(Refusal::no_path_to_datacenter()) }
    }

    /// Proposes a command as [`Call::propose`] does; when the client named its request, at most once. For handlers whose
    /// answer is made of the reply alone.
    pub(crate) async fn propose_once(&self, command: Command) -> Result<Reply, Refusal> {
        match self.request_id {
            Some(id) => self.propose(Command::Once { id, command: Box::new(command) }).await,
            None => self.propose(command).await,
        }
    }

    /// The state here, once it holds all that was acknowledged anywhere before. A server that has just started or joined
    /// lags behind: what it does not know may well be there, and must not be said to be missing.
    ///
    /// # Errors
    /// No leader confirms it in time.
    pub(crate) async fn caught_up(&self) -> Result<Arc<State>, Refusal> {
        self.host.cluster.read_index().await.map_err(|_| Refusal::no_leader())?;
        Ok(self.host.store.current())
    }

    /// Proposes a command and waits until it is applied here.
    pub(crate) async fn propose(&self, command: Command) -> Result<Reply, Refusal> {
        let (about, begun) = (meter::about(&command), Instant::now());
        let outcome = self.host.store.propose(command).await;
        self.host.meter.write(about, begun.elapsed());
        let (_, reply) = outcome?;
        Ok(reply)
    }
}
