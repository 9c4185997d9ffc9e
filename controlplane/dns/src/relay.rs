//! Requests that somebody else answers.

use std::sync::Arc;

use futures::future::BoxFuture;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};

use crate::fit::Way;

/// Whoever answers in this agent's place.
pub trait Relay: Send + Sync {
    /// The response to a request, as it came over the wire; `None`: there is none to be had.
    fn ask(&self, request: Vec<u8>, way: Way) -> BoxFuture<'static, Option<Vec<u8>>>;
}

/// The response, or that there is none to be had. What is no request gets none.
pub(crate) async fn ask(relay: Arc<dyn Relay>, request: Vec<u8>, way: Way) -> Option<Vec<u8>> {
    let message = Message::from_vec(&request).ok();
    let asked = message.filter(|message| message.metadata.message_type == MessageType::Query)?;
    match relay.ask(request, way).await {
        Some(response) => Some(response),
        None => {
            let mut failure = Message::error_msg(asked.metadata.id, OpCode::Query, ResponseCode::ServFail);
            failure.metadata.recursion_desired = asked.metadata.recursion_desired;
            failure.queries.clone_from(&asked.queries);
            failure.to_vec().ok()
        }
    }
}
