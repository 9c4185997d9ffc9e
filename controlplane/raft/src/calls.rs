//! Calls for whoever leads: by name, with bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::core::{Core, Leader};
use crate::error::LeaderError;
use crate::membership;
use crate::transport::{Method, TransportError};
use crate::wire;

/// How long to wait before asking the same leader again.
const RETRY: Duration = Duration::from_millis(20);

/// A question to the leader.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) body: Bytes,
}

/// What it says.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Done(Bytes),
    /// Nothing was done: somebody else may lead.
    NotLeader,
    /// Nothing was done.
    Refused(String),
    Unknown(String),
}

/// Asks whoever leads, until somebody takes the question or patience ends.
pub(crate) async fn ask(core: &Arc<Core>, call: Call) -> Result<Bytes, LeaderError> {
    let give_up = Instant::now() + core.limits.leader_patience;
    loop {
        let leader = core.leader();
        let reply = match &leader {
            Leader::Here => serve(core, call.clone()).await,
            Leader::There(address) => {
                let body = wire::encode(&call).map_err(|error| LeaderError::Refused(error.to_string()))?;
                let deadline = core.limits.propose_timeout;
                match core.peers.call(address.clone(), Method::Leader, body, deadline).await {
                    Ok(reply) => wire::decode(&reply).map_err(|error| LeaderError::Unknown(error.to_string()))?,
                    Err(TransportError::Unreachable(_)) => Reply::NotLeader,
                    Err(TransportError::Refused(why)) => Reply::Refused(why),
                    Err(TransportError::Unknown(why)) => Reply::Unknown(why),
                }
            }
            Leader::Nobody => Reply::NotLeader,
        };
        match reply {
            Reply::Done(answer) => return Ok(answer),
            Reply::Refused(why) => return Err(LeaderError::Refused(why)),
            Reply::Unknown(why) => return Err(LeaderError::Unknown(why)),
            Reply::NotLeader if Instant::now() >= give_up => return Err(LeaderError::NoLeader),
            Reply::NotLeader => core.leader_other_than(&leader, RETRY).await,
        }
    }
}

/// Answers if this server leads. The work goes on when the caller hangs up.
pub(crate) async fn serve(core: &Arc<Core>, call: Call) -> Reply {
    if core.leader() != Leader::Here {
        return Reply::NotLeader;
    }
    let core = Arc::clone(core);
    let work = tokio::spawn(async move {
        if call.name == membership::NAME {
            return membership::serve(&core, &call.body).await;
        }
        match core.handler.get() {
            Some(handler) => match handler(call.name, call.body).await {
                Ok(answer) => Reply::Done(answer),
                Err(why) => Reply::Refused(why),
            },
            None => Reply::Refused("this server does not answer calls yet".to_owned()),
        }
    });
    work.await.unwrap_or_else(|error| Reply::Unknown(error.to_string()))
}
