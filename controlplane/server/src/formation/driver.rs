//! Does what the [`Machine`] says: saves before it answers, asks peers, founds, stops.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use weft_raft::peer::Identity as Badge;
use weft_raft::{LeaderError, Method, PeerAddress, Raft, Server, Transport, TransportError};

use super::JOIN;
use super::gate::Leave;
use super::hello::{Answer, Asked, Hello, Outcome, Question, Verdict};
use super::identity::{Identity, Keep};
use super::machine::{Action, Machine, Moment, Placed, View};
use super::schedule::Schedule;
use crate::clock;

/// How often the machine is told the time.
const TICK: Duration = Duration::from_millis(100);
/// How long a peer may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// How long the leader may take to let somebody in.
const JOIN_MAX: Duration = Duration::from_secs(15);
/// The same warning is not said more often.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// What the driver is told.
pub(crate) enum Input {
    /// A peer asks.
    Asked(Box<Asked>, oneshot::Sender<Answer>),
    /// A peer has answered, or not.
    Answered { address: String, asked: Question, result: Result<Box<Answer>, TransportError> },
    /// Somebody wants this address to be asked.
    Join { address: String, reply: oneshot::Sender<Result<(), String>> },
    /// This server is about to leave its cluster, or stays after all.
    Departing(bool),
    /// This server has left its cluster.
    Left(oneshot::Sender<anyhow::Result<()>>),
}

/// What others see of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    pub(crate) settled: bool,
    pub(crate) cluster: Option<String>,
    /// This server must not go on.
    pub(crate) stop: Option<String>,
    /// Servers that are there, by their numbers.
    pub(crate) present: BTreeMap<u64, Server>,
}

/// The task.
pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) saved: Identity,
    pub(super) keep: Keep,
    pub(super) raft: Arc<Raft>,
    pub(super) link: Arc<dyn Transport>,
    /// What the link says of this server.
    pub(super) badge: Arc<Badge>,
    pub(super) inputs: mpsc::Receiver<Input>,
    /// For the tasks that bring answers.
    pub(super) results: mpsc::WeakSender<Input>,
    pub(super) leave: watch::Sender<Leave>,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) started: Instant,
    pub(super) schedule: Schedule,
    pub(super) said: HashMap<String, Instant>,
    pub(super) renaming: JoinSet<()>,
    pub(super) asking: JoinSet<()>,
}

impl Driver {
    /// Runs until its handles are gone or this server must stop.
    pub(super) async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.standing.borrow().stop.is_none() {
            let input = tokio::select! {
                input = self.inputs.recv() => match input {
                    Some(input) => Some(input),
                    None => return,
                },
                _ = ticks.tick() => None,
            };
            self.reap();
            let stepped = match input {
                Some(input) => self.receive(input).await,
                None => self.tick().await,
            };
            if let Err(error) = stepped {
                self.stop(format!("{error:#}"));
            }
            self.show();
        }
    }

    async fn tick(&mut self) -> anyhow::Result<()> {
        self.look();
        let moment = self.moment();
        let actions = self.machine.poll(moment);
        self.perform(actions).await?;
        let share = rand::random();
        let due = self.schedule.due(self.machine.targets(), moment.now, self.machine.is_settled(), share);
        for address in due {
            self.ask(address, Question::Greet);
        }
        Ok(())
    }

    async fn receive(&mut self, input: Input) -> anyhow::Result<()> {
        self.look();
        let moment = self.moment();
        match input {
            Input::Asked(asked, reply) => {
                let (answer, actions) = self.machine.receive(&asked, moment);
                self.perform(actions).await?;
                self.answer(*asked, answer, reply);
            }
            Input::Answered { address, asked, result } => {
                if asked == Question::Greet {
                    self.schedule.note(&address, result.is_ok());
                }
                let actions = match result {
                    Ok(answer) if asked == Question::Invite => self.machine.receive_invited(&address, &answer, moment),
                    Ok(answer) => self.machine.receive_answer(&address, &answer, moment),
                    Err(error) => self.machine.receive_failure(&address, &error),
                };
                self.perform(actions).await?;
            }
            Input::Join { address, reply } => self.join(address, reply),
            Input::Departing(departing) => self.machine.departing = departing,
            Input::Left(reply) => {
                self.machine.identity.left = true;
                let saved = self.save().await;
                // Whoever asked may have gone.
                drop(reply.send(saved));
            }
        }
        Ok(())
    }

    /// A server that wants to be let in is taken to whoever leads; the others have their answer.
    fn answer(&mut self, asked: Asked, answer: Answer, reply: oneshot::Sender<Answer>) {
        if asked.question != Question::Join || answer.verdict != Verdict::Fine {
            // Whoever asked may have gone.
            drop(reply.send(answer));
            return;
        }
        let raft = Arc::clone(&self.raft);
        self.asking.spawn(async move { drop(reply.send(let_in(&raft, &asked.hello, answer).await)) });
    }

    fn look(&mut self) {
        self.machine.receive_view(view(&self.raft));
    }

    /// Saves, then acts.
    async fn perform(&mut self, actions: Vec<Action>) -> anyhow::Result<()> {
        self.save().await?;
        for action in actions {
            match action {
                Action::Ask { address, question } => self.ask(address, question),
                Action::Found(members) => {
                    tracing::info!(servers = members.len(), "founding a cluster");
                    if let Err(error) = self.raft.found(members).await {
                        self.warn(format!("the cluster could not be founded: {error}"));
                    }
                    self.look();
                    self.save().await?;
                }
                Action::Reach { id, address } => self.raft.set_address(id, address),
                Action::Rename { id, server } => self.rename(id, server),
                Action::Stop(why) => self.stop(why),
                Action::Warn(text) => self.warn(text),
            }
        }
        Ok(())
    }

    async fn save(&mut self) -> anyhow::Result<()> {
        if self.saved != self.machine.identity {
            let (keep, identity) = (self.keep.clone(), self.machine.identity.clone());
            self.saved = tokio::task::spawn_blocking(move || keep.save(&identity).map(|()| identity)).await??;
        }
        let leave = Leave { open: self.machine.is_open(), cluster: self.saved.allegiance().map(str::to_owned) };
        self.badge.set_cluster(leave.cluster.as_deref().unwrap_or_default());
        self.leave.send_if_modified(|shown| {
            let changed = *shown != leave;
            *shown = leave;
            changed
        });
        Ok(())
    }

    fn ask(&mut self, address: String, question: Question) {
        let Some(results) = self.results.upgrade() else { return };
        let asked = Asked { hello: self.machine.hello(self.moment()), question };
        let link = Arc::clone(&self.link);
        self.asking.spawn(async move {
            let result = ask(&*link, &address, &asked).await.map(Box::new);
            // The driver may have ended.
            drop(results.send(Input::Answered { address, asked: asked.question, result }).await);
        });
    }

    /// Greets an address at once. It is kept when somebody answers.
    fn join(&mut self, address: String, reply: oneshot::Sender<Result<(), String>>) {
        let Some(results) = self.results.upgrade() else { return };
        let asked = Asked { hello: self.machine.hello(self.moment()), question: Question::Invite };
        let link = Arc::clone(&self.link);
        self.asking.spawn(async move {
            let result = ask(&*link, &address, &asked).await;
            let said = match &result {
                Ok(Answer { verdict: Verdict::Refused(refused), .. }) => Err(refused.why.clone()),
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
            drop(
                results.send(Input::Answered { address, asked: Question::Invite, result: result.map(Box::new) }).await,
            );
            // Whoever asked may have gone.
            drop(reply.send(said));
        });
    }

    /// One at a time; what is left is seen at the next tick.
    fn rename(&mut self, id: u64, server: Server) {
        if !self.renaming.is_empty() {
            return;
        }
        let raft = Arc::clone(&self.raft);
        self.renaming.spawn(async move {
            match raft.set_server(id, server.clone()).await {
                Ok(()) => tracing::info!(%server, "the cluster's membership follows a server"),
                Err(error) => {
                    tracing::warn!(%server, %error, "the cluster's membership does not follow a server");
                    tokio::time::sleep(ANSWER_MAX).await;
                }
            }
        });
    }

    fn reap(&mut self) {
        while self.renaming.try_join_next().is_some() {}
        while self.asking.try_join_next().is_some() {}
    }

    fn stop(&self, why: String) {
        self.standing.send_modify(|standing| standing.stop = Some(why));
    }

    fn show(&self) {
        let moment = self.moment();
        let standing = Standing {
            settled: self.machine.is_settled(),
            cluster: self.saved.cluster.clone(),
            stop: self.standing.borrow().stop.clone(),
            present: self.machine.present(moment.now).map(Hello::placed).collect(),
        };
        self.standing.send_if_modified(|shown| {
            let changed = *shown != standing;
            *shown = standing;
            changed
        });
    }

    fn warn(&mut self, text: String) {
        let now = Instant::now();
        self.said.retain(|_, at| now - *at < SAY_EVERY);
        if let Entry::Vacant(entry) = self.said.entry(text) {
            tracing::warn!("{}", entry.key());
            entry.insert(now);
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.started.elapsed(), wall: clock::now(), draw: rand::random() }
    }
}

async fn ask(link: &dyn Transport, address: &str, asked: &Asked) -> Result<Answer, TransportError> {
    let body = serde_json::to_vec(asked).map_err(|error| TransportError::Unreachable(error.to_string()))?;
    let to = PeerAddress { id: 0, address: address.to_owned() };
    let deadline = if asked.question == Question::Join { JOIN_MAX } else { ANSWER_MAX };
    let answer = link.call(to, Method::Hello, body.into(), deadline).await?;
    serde_json::from_slice(&answer).map_err(|error| TransportError::Unknown(format!("not understood: {error}")))
}

/// Asks whoever leads to take a server in.
async fn let_in(raft: &Raft, hello: &Hello, mut answer: Answer) -> Answer {
    let body = serde_json::to_vec(hello).map(Bytes::from).unwrap_or_default();
    match raft.ask_leader(JOIN, body).await {
        Ok(said) => match serde_json::from_slice::<(Verdict, Outcome)>(&said) {
            Ok((verdict, outcome)) => (answer.verdict, answer.outcome) = (verdict, outcome),
            Err(error) => answer.outcome = Outcome::NotNow(error.to_string()),
        },
        Err(error @ (LeaderError::NoLeader | LeaderError::Refused(_) | LeaderError::Unknown(_))) => {
            answer.outcome = Outcome::NotNow(error.to_string());
        }
    }
    answer
}

pub(super) fn view(raft: &Raft) -> View {
    let state = raft.cluster_state();
    let place = |member: weft_raft::Member| {
        let server = Server { address: member.recorded_address, ..member.server };
        (member.id, Placed { server, voter: member.voter, matched: member.matched })
    };
    View {
        // Whoever has only voted belongs to nothing yet.
        initialized: !state.members.is_empty(),
        last_log: state.last_log_index,
        retired: raft.retired(),
        leads: raft.leads() && raft.contact().known_leader,
        changing: state.changing,
        members: state.members.into_iter().map(place).collect(),
    }
}
