//! The forming of a cluster, without IO: hellos, views of Raft and time in, actions out.
//!
//! ```text
//! fresh ─ sees N fresh servers ─> pledged by all ─> founding ─┐
//!       └ meets a cluster ─> joining ─────────────────────────┴─> member
//! ```
//!
//! Two clusters cannot come of N servers: a founding needs the synced pledge of each of the N, and a
//! server pledges itself to one founding at a time. A pledge ends only when its founder itself says
//! that it has given up, which it never says of a founding that all have pledged themselves to.
//!
//! [`Machine::identity`] has changed when a call returns: it must be on the disk before any of the
//! answers and actions of that call leave.

mod founding;
mod judging;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use weft_model::Timestamp;
use weft_raft::{Server, TransportError};

use super::hello::{Answer, Asked, Hello, Outcome, PROTOCOL, Question, Verdict};
use super::identity::{Count, Identity};
use super::judge;

/// A server that was heard of within this time is there.
const PRESENT: Duration = Duration::from_secs(6);
/// How often a running server's count grows: an image of a disk that is older than this is found out.
const COUNT_EVERY: Duration = Duration::from_secs(60);

/// What stays as it is for as long as the process runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Me {
    pub(crate) server: Server,
    pub(crate) version: String,
    pub(crate) nonce: u64,
    /// 0: founds no cluster.
    pub(crate) expect: u32,
    /// Addresses to ask, as given.
    pub(crate) retry_join: BTreeSet<String>,
}

/// What Raft says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    pub(crate) initialized: bool,
    pub(crate) last_log: u64,
    /// It leads, and a quorum has just shown that it does.
    pub(crate) leads: bool,
    pub(crate) changing: bool,
    pub(crate) members: BTreeMap<u64, Placed>,
    /// Who was taken out, and must not come back under the same number.
    pub(crate) retired: BTreeSet<u64>,
}

/// A server in the membership.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Placed {
    pub(crate) server: Server,
    pub(crate) voter: bool,
    pub(crate) matched: Option<u64>,
}

/// The time of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    /// Since some point in the past; only grows.
    pub(crate) now: Duration,
    pub(crate) wall: Timestamp,
    /// Fresh randomness.
    pub(crate) draw: u128,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    Ask {
        address: String,
        question: Question,
    },
    /// Initialize Raft with these members.
    Found(BTreeMap<u64, Server>),
    /// A server can be reached elsewhere than the membership says.
    Reach {
        id: u64,
        address: String,
    },
    /// The membership should say so.
    Rename {
        id: u64,
        server: Server,
    },
    /// This server must not go on.
    Stop(String),
    Warn(String),
}

struct Peer {
    hello: Hello,
    heard: Duration,
    /// When it was asked whether it is still there, because another one uses its names.
    asked: Option<Duration>,
}

/// One server's part in it.
pub(crate) struct Machine {
    me: Me,
    pub(crate) identity: Identity,
    view: View,
    /// Raft may vote and lead.
    open: bool,
    started: Duration,
    /// When the count last grew.
    counted: Duration,
    peers: BTreeMap<u64, Peer>,
    own_addresses: BTreeSet<String>,
    /// An operator has told it to join, here or at the other end.
    invited: bool,
    heard_of: BTreeSet<String>,
    /// Who does not even listen, and why.
    refusals: BTreeMap<String, String>,
    /// Who has nothing against this server since it started.
    passed: BTreeSet<u64>,
    /// Who has pledged themselves to the founding under way.
    pledged: BTreeSet<u64>,
    since: Duration,
    rest_until: Duration,
    /// It is about to leave: that it is removed is what it wants.
    pub(super) departing: bool,
}

impl Machine {
    pub(crate) fn new(me: Me, identity: Identity, view: View, moment: Moment) -> Self {
        Self {
            open: !view.initialized,
            me,
            identity,
            view,
            started: moment.now,
            counted: moment.now,
            peers: BTreeMap::new(),
            own_addresses: BTreeSet::new(),
            invited: false,
            heard_of: BTreeSet::new(),
            refusals: BTreeMap::new(),
            passed: BTreeSet::new(),
            pledged: BTreeSet::new(),
            since: moment.now,
            rest_until: moment.now,
            departing: false,
        }
    }

    /// Whether Raft may take part: nobody who would know calls this disk an old one.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether this server is in a cluster and takes part in it.
    pub(crate) fn is_settled(&self) -> bool {
        self.view.initialized && self.open
    }

    /// What this server says of itself.
    pub(crate) fn hello(&self, moment: Moment) -> Hello {
        Hello {
            protocol: PROTOCOL,
            raft_id: self.identity.raft_id,
            server: self.me.server.clone(),
            datacenter: self.identity.datacenter.clone(),
            version: self.me.version.clone(),
            time: moment.wall,
            nonce: self.me.nonce,
            count: self.identity.count,
            cluster: self.identity.cluster.clone(),
            initialized: self.view.initialized,
            expect: self.me.expect,
            pledge: self.identity.pledge.clone(),
            attempt: self.identity.attempt,
            settled: self.is_settled(),
            last_log: self.view.last_log,
        }
    }

    /// Whom to greet now and then.
    pub(crate) fn targets(&self) -> BTreeSet<String> {
        let peers = self.peers.values().map(|peer| &peer.hello.server.address);
        let placed = self.view.members.values().map(|placed| &placed.server.address);
        let all = self.me.retry_join.iter().chain(&self.heard_of).chain(peers).chain(placed);
        let own = |address: &String| *address == self.me.server.address || self.own_addresses.contains(address);
        all.filter(|address| !own(address) && !address.is_empty()).cloned().collect()
    }

    /// Servers that are there, with what they last said.
    pub(crate) fn present(&self, now: Duration) -> impl Iterator<Item = &Hello> {
        let present = self.peers.values().filter(move |peer| now.saturating_sub(peer.heard) < PRESENT);
        present.map(|peer| &peer.hello)
    }

    /// Another server's question. Its answer, and what else is to be done.
    pub(super) fn receive(&mut self, asked: &Asked, moment: Moment) -> (Answer, Vec<Action>) {
        let mut actions = Vec::new();
        let verdict = if self.is_self(&asked.hello) {
            Verdict::Fine
        } else {
            let verdict = self.judge(&asked.hello, moment, &mut actions);
            self.invited |= asked.question == Question::Invite && !matches!(verdict, Verdict::Refused(_));
            if verdict == Verdict::Fine {
                self.note(&asked.hello, moment.now, &mut actions);
            }
            verdict
        };
        let outcome = match (&asked.question, &verdict) {
            (Question::Pledge(pledge), Verdict::Fine) => self.promise(pledge, moment.now),
            (Question::Pledge(_), Verdict::Pending | Verdict::Refused(_)) => Outcome::NotPledged,
            (Question::Greet | Question::Invite | Question::Join, _) => Outcome::Nothing,
        };
        let known = self.present(moment.now).map(Hello::placed).collect();
        // The hello last: it shows what has just been promised.
        (Answer { hello: self.hello(moment), verdict, known, outcome }, actions)
    }

    /// The answer of a server at `address` to a question of ours.
    pub(super) fn receive_answer(&mut self, address: &str, answer: &Answer, moment: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.is_self(&answer.hello) {
            self.own_addresses.insert(address.to_owned());
            return actions;
        }
        self.forget_whoever_was_at(address, &answer.hello);
        self.refusals.remove(address);
        match &answer.verdict {
            Verdict::Refused(refused) => return vec![self.refused(refused, address, &answer.hello)],
            Verdict::Pending => {}
            Verdict::Fine => {
                self.passed.insert(answer.hello.raft_id);
            }
        }
        match self.judge(&answer.hello, moment, &mut actions) {
            Verdict::Fine => self.note(&answer.hello, moment.now, &mut actions),
            Verdict::Pending => return actions,
            Verdict::Refused(refused) => {
                actions.push(Action::Warn(format!(
                    "the server at {address} is not listened to; it is told: {}",
                    refused.why
                )));
                return actions;
            }
        }
        let addresses = answer.known.iter().filter(|(id, _)| **id != self.identity.raft_id);
        self.heard_of.extend(addresses.map(|(_, server)| server.address.clone()));
        match &answer.outcome {
            Outcome::NotPledged => self.withdraw(moment),
            Outcome::Joined(cluster) if self.identity.cluster.is_none() && self.identity.pledge.is_none() => {
                self.identity.cluster = Some(cluster.clone());
            }
            Outcome::NotNow(why) => actions.push(Action::Warn(format!("not in the cluster yet: {why}"))),
            Outcome::Joined(_) | Outcome::Nothing => {}
        }
        actions
    }

    /// The answer of a server at `address` that an operator has named. It is kept unless it is a stranger.
    pub(super) fn receive_invited(&mut self, address: &str, answer: &Answer, moment: Moment) -> Vec<Action> {
        let ours = self.hello(moment);
        if !matches!(answer.verdict, Verdict::Refused(_)) && judge::fits(&answer.hello, &ours).is_ok() {
            self.heard_of.insert(address.to_owned());
            self.invited = true;
        }
        self.receive_answer(address, answer, moment)
    }

    /// No answer came from `address`.
    pub(super) fn receive_failure(&mut self, address: &str, error: &TransportError) -> Vec<Action> {
        match error {
            // Nobody listens there: whoever did is gone.
            TransportError::Unreachable(_) => {
                self.refusals.remove(address);
                self.peers.retain(|_, peer| peer.asked.is_none() || peer.hello.server.address != address);
                vec![]
            }
            TransportError::Unknown(_) => vec![],
            TransportError::Refused(why) => {
                self.refusals.insert(address.to_owned(), why.clone());
                vec![Action::Warn(format!("refused by the server at {address}: {why}"))]
            }
        }
    }

    /// What Raft says now.
    pub(super) fn receive_view(&mut self, view: View) {
        self.view = view;
        if !self.view.initialized {
            return;
        }
        if self.identity.cluster.is_none() {
            self.identity.cluster = self.identity.pledge.as_ref().map(|pledge| pledge.cluster.clone());
        }
        self.identity.founding = false;
        self.identity.pledge = None;
        self.open |= self.may_open();
    }

    /// Time has passed.
    pub(super) fn poll(&mut self, moment: Moment) -> Vec<Action> {
        if let Some(why) = self.refused_by_all(moment.now) {
            return vec![Action::Stop(why)];
        }
        if self.view.initialized {
            return self.tend(moment.now);
        }
        if self.identity.founding {
            let members = self.identity.pledge.as_ref().map(|pledge| pledge.members.clone()).unwrap_or_default();
            return vec![Action::Found(members)];
        }
        if let Some(pledge) = self.identity.pledge.clone() {
            return self.gather(&pledge, moment);
        }
        if let Some(member) = self.present(moment.now).find(|hello| hello.initialized && hello.cluster.is_some()) {
            return vec![self.ask_in(member)];
        }
        self.begin(moment);
        match self.identity.pledge.clone() {
            Some(pledge) => self.gather(&pledge, moment),
            None => self.hindrance(moment).into_iter().collect(),
        }
    }

    /// Whoever belongs to the cluster also asks at addresses that others have had, so that it is there
    /// is no reason to join it.
    fn ask_in(&self, member: &Hello) -> Action {
        let is_told = self.me.expect > 0 || !self.me.retry_join.is_empty() || self.invited;
        if is_told || self.identity.cluster.is_some() {
            return Action::Ask { address: member.server.address.clone(), question: Question::Join };
        }
        Action::Warn(format!(
            "{} belongs to a cluster and knows this address; this server joins it when told to: `weft join`",
            member.server
        ))
    }

    fn is_self(&self, hello: &Hello) -> bool {
        hello.raft_id == self.identity.raft_id && hello.nonce == self.me.nonce
    }

    /// Remembers what a server says.
    fn note(&mut self, hello: &Hello, now: Duration, actions: &mut Vec<Action>) {
        let id = hello.raft_id;
        if let Some(pledge) = &self.identity.pledge
            && pledge.founder == id
            && hello.attempt > pledge.attempt
            && hello.cluster.as_ref() != Some(&pledge.cluster)
        {
            self.identity.pledge = None;
        }
        if hello.pledge.is_some() && hello.pledge == self.identity.pledge {
            self.pledged.insert(id);
        }
        let known = self.identity.peers.entry(id).or_default();
        if hello.count > known.count {
            *known = Count { count: hello.count, nonce: hello.nonce };
        }
        let moved = self.peers.get(&id).is_none_or(|peer| peer.hello.server.address != hello.server.address);
        if moved {
            actions.push(Action::Reach { id, address: hello.server.address.clone() });
        }
        let asked = self.peers.get(&id).and_then(|peer| peer.asked);
        self.peers.insert(id, Peer { hello: hello.clone(), heard: now, asked });
    }

    /// Another server listens there now, so the one that did is elsewhere or gone.
    fn forget_whoever_was_at(&mut self, address: &str, hello: &Hello) {
        let there = |peer: &Peer| peer.hello.server.address == address;
        self.peers.retain(|_, peer| {
            !there(peer)
                || (peer.hello.raft_id, peer.hello.nonce) == (hello.raft_id, hello.nonce)
                || peer.asked.is_none()
        });
    }

    fn may_open(&self) -> bool {
        let own = self.identity.raft_id;
        let voters: BTreeSet<_> =
            self.view.members.iter().filter(|(_, placed)| placed.voter).map(|(id, _)| *id).collect();
        let passed = self.passed.intersection(&voters).count();
        if voters.contains(&own) { (passed + 1) * 2 > voters.len() } else { passed > 0 }
    }

    /// The addresses in the membership follow their servers.
    fn tend(&mut self, now: Duration) -> Vec<Action> {
        if self.open && now.saturating_sub(self.counted) >= COUNT_EVERY {
            self.identity.count += 1;
            self.counted = now;
        }
        if !self.view.leads || self.view.changing {
            return vec![];
        }
        let own = (self.identity.raft_id, &self.me.server);
        let said = self.peers.values().map(|peer| (peer.hello.raft_id, &peer.hello.server)).chain([own]);
        let differs = |id: u64, server: &Server| {
            let placed = self.view.members.get(&id);
            placed.is_some_and(|placed| placed.server != *server)
        };
        let changed = said.into_iter().find(|(id, server)| differs(*id, server));
        let Some((id, server)) = changed.map(|(id, server)| (id, server.clone())) else { return vec![] };
        vec![Action::Rename { id, server }]
    }
}
