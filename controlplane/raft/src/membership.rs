//! Changes of who belongs to the cluster and who leads it. They run on the leader, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::Instant as _;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ClientWriteError, RaftError};
use openraft::raft::ClientWriteResponse;
use openraft::{ChangeMembers, ReadPolicy};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use weft_model::Command;

use crate::calls::{self, Call, Reply};
use crate::core::{Core, Leader};
use crate::error::LeaderError;
use crate::member::Server;
use crate::types::{Metrics, Types};
use crate::wire;

/// Under which these changes are asked of the leader.
pub(crate) const NAME: &str = "raft/change";

/// How long one change may take to be committed.
const COMMIT_MAX: Duration = Duration::from_secs(10);

/// How long one change waits for those before it. Less than its caller waits for the answer.
const TURN_MAX: Duration = Duration::from_secs(3);

/// How many entries a server may lack and still become a voter: it gets them in no time.
const LAG_MAX: u64 = 4096;

type Written = Result<ClientWriteResponse<Types>, RaftError<Types, ClientWriteError<Types>>>;

/// One change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Change {
    AddLearner(u64, Server),
    Promote(u64),
    Demote(u64),
    Remove(u64),
    SetServer(u64, Server),
    /// To this server, or to the one that is best fit.
    Transfer(Option<u64>),
}

/// Why a change was not made.
enum Fault {
    NotLeader,
    Refused(String),
    Unknown(String),
}

/// Makes a change, here or on whoever leads. One that concerns the leader itself is made by its
/// successor.
pub(crate) async fn change(core: &Arc<Core>, change: Change) -> Result<(), LeaderError> {
    let body = wire::encode(&change).map_err(|error| LeaderError::Refused(error.to_string()))?;
    calls::ask(core, Call { name: NAME.to_owned(), body }).await.map(drop)
}

pub(crate) async fn serve(core: &Arc<Core>, body: &[u8]) -> Reply {
    let change: Change = match wire::decode(body) {
        Ok(change) => change,
        Err(error) => return Reply::Refused(format!("not understood: {error}")),
    };
    let Ok(_changing) = timeout(TURN_MAX, core.changing.lock()).await else {
        return Reply::Refused("another change of the cluster is under way; try again when it is done".to_owned());
    };
    tracing::info!(?change, "changing the cluster");
    match make(core, change).await {
        Ok(()) => Reply::Done(bytes::Bytes::new()),
        Err(Fault::NotLeader) => Reply::NotLeader,
        Err(Fault::Refused(why)) => Reply::Refused(why),
        Err(Fault::Unknown(why)) => Reply::Unknown(why),
    }
}

async fn make(core: &Core, change: Change) -> Result<(), Fault> {
    finish_joint(core).await?;
    let metrics = metrics(core);
    let members = &metrics.membership_config;
    let is_voter = |id: u64| members.voter_ids().any(|voter| voter == id);
    let known = |id: u64| members.get_node(&id).ok_or_else(|| refused(format!("server {id} is not in the cluster")));
    match change {
        Change::AddLearner(id, server) => {
            refuse_retired(core, id).await?;
            match members.get_node(&id) {
                Some(known) if *known == server => Ok(()),
                Some(_) if is_voter(id) => set(core, id, server).await,
                Some(_) | None => {
                    refuse_taken(&metrics, id, &server)?;
                    written(timeout(COMMIT_MAX, core.raft.add_learner(id, server, false)).await)
                }
            }
        }
        Change::Promote(id) => {
            let server = known(id)?;
            if is_voter(id) {
                return Ok(());
            }
            if server.read_replica {
                return Err(refused(format!("server {id} is a read replica")));
            }
            refuse_lagging(&metrics, id)?;
            alter(core, ChangeMembers::AddVoterIds(BTreeSet::from([id])), Removed::Leave).await
        }
        Change::Demote(id) => {
            known(id)?;
            if !is_voter(id) {
                return Ok(());
            }
            refuse_last(&metrics, id)?;
            hand_over(core, id).await?;
            alter(core, ChangeMembers::RemoveVoters(BTreeSet::from([id])), Removed::Stay).await
        }
        Change::Remove(id) => {
            if members.get_node(&id).is_none() {
                return Ok(());
            }
            if is_voter(id) {
                refuse_last(&metrics, id)?;
                hand_over(core, id).await?;
            }
            retire(core, id).await?;
            if is_voter(id) {
                alter(core, ChangeMembers::RemoveVoters(BTreeSet::from([id])), Removed::Leave).await
            } else {
                alter(core, ChangeMembers::RemoveNodes(BTreeSet::from([id])), Removed::Leave).await
            }
        }
        Change::SetServer(id, server) => {
            known(id)?;
            set(core, id, server).await
        }
        Change::Transfer(to) => transfer(core, to).await,
    }
}

/// Finishes what an earlier leader began, if this server leads and nothing else is under way.
pub(crate) async fn tidy(core: Arc<Core>) {
    let Ok(_changing) = core.changing.try_lock() else { return };
    if core.leader() == Leader::Here && finish_joint(&core).await.is_err() {
        tracing::warn!("a change of the cluster that an earlier leader began is not finished yet");
    }
}

/// Before it goes: once it has gone, nobody may have to remember.
async fn retire(core: &Core, id: u64) -> Result<(), Fault> {
    let retired = core.store.propose(Command::Retire(BTreeSet::from([id]))).await;
    retired.map(drop).map_err(|error| Fault::Unknown(error.to_string()))
}

/// A number that was taken out once never comes back: under it there have been promises that whoever
/// uses it now does not know. A leader that is new may not have applied all that was decided.
async fn refuse_retired(core: &Core, id: u64) -> Result<(), Fault> {
    let decided = timeout(core.limits.handover(), core.raft.get_read_log_id(ReadPolicy::ReadIndex)).await;
    let Ok(Ok((read, _))) = decided else { return Err(Fault::NotLeader) };
    let applied = timeout(core.limits.handover(), core.progress.wait_applied(read.log_id().index)).await;
    applied.map_err(|_| Fault::NotLeader)?;
    if core.store.current().is_retired(id) {
        return Err(refused(format!("server {id} was removed from this cluster; it must come back under a new id")));
    }
    Ok(())
}

/// What becomes of voters that are taken out.
#[derive(Clone, Copy, PartialEq)]
enum Removed {
    Stay,
    Leave,
}

async fn alter(core: &Core, change: ChangeMembers<u64, Server>, removed: Removed) -> Result<(), Fault> {
    let altered = core.raft.change_membership(change, removed == Removed::Stay);
    written(timeout(COMMIT_MAX, altered).await)
}

async fn set(core: &Core, id: u64, server: Server) -> Result<(), Fault> {
    refuse_taken(&metrics(core), id, &server)?;
    alter(core, ChangeMembers::SetNodes(BTreeMap::from([(id, server)])), Removed::Stay).await
}

/// A leader that ended in the middle of a change has left two sets of voters behind: go on to the
/// second of them.
async fn finish_joint(core: &Core) -> Result<(), Fault> {
    let metrics = metrics(core);
    let configs = metrics.membership_config.get_joint_config();
    match configs.last() {
        Some(last) if configs.len() > 1 => {
            tracing::info!("finishing a change of the cluster that an earlier leader began");
            alter(core, ChangeMembers::ReplaceAllVoters(last.clone()), Removed::Stay).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Two servers at one address would be one server with two votes.
fn refuse_taken(metrics: &Metrics, id: u64, server: &Server) -> Result<(), Fault> {
    let twin = metrics.membership_config.nodes().find(|(other, known)| {
        **other != id && (known.address == server.address || same_node(&known.server_id, &server.server_id))
    });
    match twin {
        Some((other, known)) => {
            Err(refused(format!("server {other} is at {} already; remove it first", known.address)))
        }
        None => Ok(()),
    }
}

fn same_node(one: &str, other: &str) -> bool {
    !one.is_empty() && one == other
}

fn refuse_lagging(metrics: &Metrics, id: u64) -> Result<(), Fault> {
    let matched = metrics.replication.as_ref().and_then(|replication| *replication.get(&id)?);
    let last = metrics.last_log_index.unwrap_or(0);
    match matched {
        Some(matched) if matched.index + LAG_MAX >= last => Ok(()),
        Some(matched) => Err(refused(format!("server {id} lacks {} log entries still", last - matched.index))),
        None => Err(refused(format!("server {id} has not received anything yet"))),
    }
}

fn refuse_last(metrics: &Metrics, id: u64) -> Result<(), Fault> {
    if metrics.membership_config.voter_ids().eq([id]) {
        return Err(refused(format!("server {id} is the only voter")));
    }
    Ok(())
}

/// A leader does not take itself out: it lets somebody else lead, who then does.
async fn hand_over(core: &Core, id: u64) -> Result<(), Fault> {
    if id != core.id {
        return Ok(());
    }
    transfer(core, None).await?;
    Err(Fault::NotLeader)
}

async fn transfer(core: &Core, to: Option<u64>) -> Result<(), Fault> {
    if to == Some(core.id) {
        return Ok(());
    }
    let to = successor(core, to).await?;
    core.raft.trigger().transfer_leader(to).await.map_err(|fatal| Fault::Unknown(fatal.to_string()))?;
    let until = Instant::now() + core.limits.handover();
    while Instant::now() < until {
        if core.raft.server_metrics().borrow_watched().current_leader.is_some_and(|leader| leader != core.id) {
            return Ok(());
        }
        sleep(Duration::from_millis(5)).await;
    }
    // It has stopped its heartbeats, so there will be an election in any case.
    Err(Fault::Unknown(format!("server {to} has not taken over in time")))
}

/// Who is to lead. A leader that is new has not heard of anybody yet, so it waits a moment.
async fn successor(core: &Core, to: Option<u64>) -> Result<u64, Fault> {
    let until = Instant::now() + core.limits.election_timeout * 2;
    loop {
        let metrics = metrics(core);
        let voters: Vec<u64> = metrics.membership_config.voter_ids().collect();
        let fit = |id: &u64| {
            *id != core.id && silence(&metrics, *id).is_some_and(|silence| silence < core.limits.election_timeout)
        };
        let matched = |id: &u64| metrics.replication.as_ref().and_then(|replication| *replication.get(id)?);
        let refusal = match to {
            Some(id) if !voters.contains(&id) => return Err(refused(format!("server {id} has no vote"))),
            Some(id) if fit(&id) => return Ok(id),
            Some(id) => refused(format!("server {id} does not answer")),
            None => match voters.into_iter().filter(fit).max_by_key(matched) {
                Some(id) => return Ok(id),
                None => refused("no other server is fit to lead".to_owned()),
            },
        };
        if Instant::now() >= until {
            return Err(refusal);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// How long a follower has not answered.
pub(crate) fn silence(metrics: &Metrics, id: u64) -> Option<Duration> {
    let heard = metrics.heartbeat.as_ref()?.get(&id)?.as_ref()?;
    Some(heard.elapsed())
}

fn metrics(core: &Core) -> Metrics {
    core.raft.metrics().borrow_watched().clone()
}

fn written(written: Result<Written, tokio::time::error::Elapsed>) -> Result<(), Fault> {
    match written {
        Err(_) => Err(Fault::Unknown("the change was not committed in time".to_owned())),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(RaftError::Fatal(fatal))) => Err(Fault::Unknown(fatal.to_string())),
        Ok(Err(RaftError::APIError(error))) => Err(match error {
            ClientWriteError::ForwardToLeader(_) => Fault::NotLeader,
            ClientWriteError::LogEntryDiscarded(_) => Fault::Unknown(error.to_string()),
            ClientWriteError::ChangeMembershipError(error) => refused(error.to_string()),
            ClientWriteError::PreconditionFailed(error) => refused(error.to_string()),
        }),
    }
}

fn refused(why: String) -> Fault {
    Fault::Refused(why)
}
