//! What servers ask of whoever leads, and its answers.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use weft_api::host::{AutopilotHealth, ClusterError, RaftConfiguration, RaftServer};
use weft_model::SessionId;
use weft_raft::{ClusterState, LeaderError, Raft};

use crate::autopilot::Health;
use crate::clients::{self, Roll};
use crate::duties::timers::{NotInCharge, Timers};
use crate::formation::{self, Formation};

const CONFIGURATION: &str = "cluster/configuration";
const RENEW: &str = "cluster/renew-session";
const HEALTH: &str = "cluster/health";

/// Answers while this server leads.
pub(crate) fn serve(raft: &Arc<Raft>, formation: Formation, health: Health, timers: Arc<Timers>, roll: Roll) {
    let weak = Arc::downgrade(raft);
    raft.on_leader_call(move |name, body| {
        let (raft, formation, health, timers) =
            (weak.upgrade(), formation.clone(), health.clone(), Arc::clone(&timers));
        let roll = roll.clone();
        async move {
            let raft = raft.ok_or_else(|| "the leader is shutting down".to_owned())?;
            let answer = match name.as_str() {
                formation::JOIN => formation.let_in(&raft, &body).await?,
                CONFIGURATION => {
                    // One that has lost its quorum does not know any more who belongs to the cluster.
                    raft.read_index().await.map_err(|error| error.to_string())?;
                    encode(&of_state(&raft.cluster_state()))?
                }
                HEALTH => encode(&health.get().ok_or_else(|| "the leader has only begun to lead".to_owned())?)?,
                clients::HEARD => clients::take(&roll, &body)?,
                RENEW => renew_here(&raft, &timers, &body).await?,
                other => return Err(format!("the leader does not know {other:?}")),
            };
            Ok(Bytes::from(answer))
        }
        .boxed()
    });
}

pub(super) async fn configuration(raft: &Raft) -> Result<RaftConfiguration, ClusterError> {
    decode(&raft.ask_leader(CONFIGURATION, Bytes::new()).await.map_err(failed)?)
}

pub(super) async fn health(raft: &Raft) -> Result<AutopilotHealth, ClusterError> {
    decode(&raft.ask_leader(HEALTH, Bytes::new()).await.map_err(failed)?)
}

/// Whether there was such a session to renew.
pub(super) async fn renew(raft: &Raft, session: SessionId) -> Result<bool, ClusterError> {
    let body = encode(&session).map_err(ClusterError::Unavailable)?;
    decode(&raft.ask_leader(RENEW, body.into()).await.map_err(failed)?)
}

/// A leader makes sure that it still is one before it says that a session lives on.
async fn renew_here(raft: &Raft, timers: &Timers, body: &[u8]) -> Result<Vec<u8>, String> {
    let session: SessionId = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    raft.read_index().await.map_err(|error| error.to_string())?;
    let renewed = timers.renew(session).await;
    encode(&renewed.map_err(|NotInCharge| "the leader does not keep the time of sessions yet".to_owned())?)
}

/// The cluster as one server knows it.
pub(super) fn of_state(state: &ClusterState) -> RaftConfiguration {
    let servers = state.members.iter().map(|member| RaftServer {
        id: member.server.server_id.clone(),
        raft_id: member.id,
        node: member.server.name.clone(),
        address: member.server.address.clone(),
        leader: member.leader,
        voter: member.voter,
        last_index: member.matched.unwrap_or(0),
    });
    RaftConfiguration { servers: servers.collect(), index: state.config_index }
}

pub(super) fn failed(error: LeaderError) -> ClusterError {
    match error {
        LeaderError::NoLeader => ClusterError::NoLeader,
        LeaderError::Refused(why) => ClusterError::Refused(why),
        LeaderError::Unknown(why) => ClusterError::Unavailable(why),
    }
}

fn encode(value: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ClusterError> {
    serde_json::from_slice(bytes).map_err(|error| ClusterError::Unavailable(error.to_string()))
}
