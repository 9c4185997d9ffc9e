//! How servers become one cluster, and stay one.
//!
//! ```text
//! hellos, Raft's view, time ─> Machine ─> Driver ─> disk, then peers and Raft
//! ```
//!
//! [`machine`] decides without IO, [`driver`] does what it says. What must not be forgotten is an
//! [`identity`] on the disk. [`gate`] keeps Raft out of it until this server may take part.

mod advice;
mod driver;
mod gate;
mod hello;
mod identity;
mod judge;
mod machine;
mod open;
pub(crate) mod place;
mod refusal;
mod schedule;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use weft_raft::peer::Identity as Badge;
use weft_raft::{Raft, Server, Transport};

pub(crate) use driver::Standing;
use driver::{Driver, Input};
pub(crate) use gate::{Door, Leave, Outbound};
use hello::{Asked, Hello, Outcome, Question, Verdict};
use identity::Identity;
use machine::{Machine, Me, Moment};
pub(crate) use open::{Opened, Rejoin, open};

/// Under which the leader is asked to let a server in.
pub(crate) const JOIN: &str = "formation/join";

/// A server that has answered within this time is not replaced by another one of its name.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// Questions on their way to the driver; when it is full, their senders wait.
const QUEUE: usize = 256;

/// What a server says of itself when it starts.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) version: String,
    /// 0: founds no cluster.
    pub(crate) expect: u32,
    pub(crate) retry_join: BTreeSet<String>,
    pub(crate) retry_interval: Duration,
}

/// The parts that are there before Raft is.
pub(crate) struct Threshold {
    inputs: mpsc::Receiver<Input>,
    sender: mpsc::Sender<Input>,
    leave: watch::Sender<Leave>,
    pub(crate) door: Arc<Door>,
}

/// A handle on the driver. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Formation {
    sender: mpsc::Sender<Input>,
    standing: watch::Receiver<Standing>,
}

impl Threshold {
    /// For a server that is about to start.
    pub(crate) fn new(identity: &Identity) -> Self {
        let (sender, inputs) = mpsc::channel(QUEUE);
        let cluster = identity.allegiance().map(str::to_owned);
        let (leave, seen) = watch::channel(Leave { open: false, cluster });
        let door = Arc::new(Door::new(seen, sender.clone()));
        Self { inputs, sender, leave, door }
    }

    /// Whether Raft may take part, and in which cluster.
    pub(crate) fn leave(&self) -> watch::Receiver<Leave> {
        self.leave.subscribe()
    }

    /// Lets Raft in and starts to form a cluster.
    pub(crate) fn start(
        self,
        raft: Arc<Raft>,
        (link, badge): (Arc<dyn Transport>, Arc<Badge>),
        opened: Opened,
        settings: Settings,
    ) -> (Formation, AbortOnDropHandle<()>) {
        self.door.open_to(raft.inbound());
        let Settings { server, version, expect, retry_join, retry_interval } = settings;
        if let Some(words) = advice::on_expect(expect, !retry_join.is_empty()) {
            tracing::warn!("{words}");
        }
        let me = Me { server, version, nonce: rand::random(), expect, retry_join };
        let moment = Moment { wall: crate::clock::now(), draw: rand::random(), ..Moment::default() };
        let machine = Machine::new(me, opened.identity.clone(), driver::view(&raft), moment);
        let (standing, shown) = watch::channel(Standing::default());
        let driver = Driver {
            machine,
            saved: opened.identity,
            keep: opened.keep,
            raft: Arc::clone(&raft),
            link,
            badge,
            inputs: self.inputs,
            results: self.sender.downgrade(),
            leave: self.leave,
            standing,
            started: Instant::now(),
            schedule: schedule::Schedule::new(retry_interval),
            said: HashMap::new(),
            renaming: JoinSet::new(),
            asking: JoinSet::new(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(driver.run()));
        (Formation { sender: self.sender, standing: shown }, task)
    }
}

impl Formation {
    /// How it stands now.
    pub(crate) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Waits until this server takes part in a cluster.
    pub(crate) async fn settled(&self) {
        // The driver outlives whoever waits, unless it has said why it stops.
        drop(self.standing.clone().wait_for(|standing| standing.settled).await);
    }

    /// Waits until this server must stop, and says why.
    pub(crate) async fn refused(&self) -> String {
        let mut standing = self.standing.clone();
        let stopped = standing.wait_for(|standing| standing.stop.is_some()).await;
        let why = stopped.ok().and_then(|standing| standing.stop.clone());
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Asks a server to be taken in, or to join this one.
    pub(crate) async fn join(&self, address: String) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let gone = || "the agent is shutting down".to_owned();
        self.sender.send(Input::Join { address, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// From now on this server is about to leave, or stays after all.
    pub(crate) async fn departing(&self, departing: bool) {
        // A driver that has ended minds no removal.
        drop(self.sender.send(Input::Departing(departing)).await);
    }

    /// Remembers that this server has left its cluster.
    pub(crate) async fn left(&self) -> anyhow::Result<()> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(Input::Left(reply)).await?;
        answer.await?
    }

    /// Takes a server in, as the leader: judges it, makes way where it replaces one that is gone, adds it.
    pub(crate) async fn let_in(&self, raft: &Raft, hello: &[u8]) -> Result<Vec<u8>, String> {
        let hello: Hello = serde_json::from_slice(hello).map_err(|error| error.to_string())?;
        let (id, server) = (hello.raft_id, hello.server.clone());
        let (reply, answer) = oneshot::channel();
        let asked = Asked { hello, question: Question::Greet };
        let gone = || "the leader is shutting down".to_owned();
        self.sender.send(Input::Asked(Box::new(asked), reply)).await.map_err(|_| gone())?;
        let answer = answer.await.map_err(|_| gone())?;
        let outcome = match (&answer.verdict, answer.hello.cluster) {
            (Verdict::Fine, Some(cluster)) => match add(raft, id, server).await {
                Ok(()) => Outcome::Joined(cluster),
                Err(why) => Outcome::NotNow(why),
            },
            (Verdict::Fine, None) | (Verdict::Pending | Verdict::Refused(_), _) => Outcome::Nothing,
        };
        serde_json::to_vec(&(answer.verdict, outcome)).map_err(|error| error.to_string())
    }
}

/// Makes way where it replaces a server that is gone, and adds it.
async fn add(raft: &Raft, id: u64, server: Server) -> Result<(), String> {
    let state = raft.cluster_state();
    let replaced = state.members.iter().find(|member| {
        let known = &member.server;
        let same_node = judge::names(&server, known).is_err();
        let same = same_node || known.address == server.address;
        member.id != id && same
    });
    if let Some(replaced) = replaced {
        // Nobody answers to these names; but it may be there and only not answer us. A leader that has just
        // begun to lead has heard of nobody yet.
        let silence = replaced.last_contact.or(state.leads_for).unwrap_or_default();
        if silence < GONE_AFTER {
            return Err(format!("server {} goes by the same name or address and was there a moment ago", replaced.id));
        }
        tracing::info!(gone = %replaced.server, by = %server, "a server is replaced");
        raft.remove(replaced.id).await.map_err(|error| error.to_string())?;
    }
    raft.add_learner(id, server).await.map_err(|error| error.to_string())
}
