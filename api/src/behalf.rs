//! Requests that a client agent passes on to a server.

use std::net::IpAddr;

use weft_model::NodeName;

use crate::serve::Caller;

/// The client agent that a request has come through, as a request's extension: what the request says of "this
/// agent" is meant of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBehalf {
    pub node: NodeName,
}

impl OnBehalf {
    /// Notes the agent, and where it is, with a request.
    pub fn mark<B>(self, from: IpAddr, request: &mut http::Request<B>) {
        request.extensions_mut().insert(Caller(from.to_canonical()));
        request.extensions_mut().insert(self);
    }
}
