//! Servers and the messages between them, under one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use weft_model::Timestamp;
use weft_raft::{Server, TransportError};

use super::super::hello::{Answer, Asked, Hello, Question, Verdict};
use super::super::identity::Identity;
use super::super::machine::{Action, Machine, Me, Moment, Placed, View};

const STEP: Duration = Duration::from_millis(100);
const GREET: Duration = Duration::from_millis(500);

pub(super) struct Node {
    pub(super) me: Me,
    /// What is on the disk.
    pub(super) saved: Identity,
    pub(super) view: View,
    pub(super) machine: Machine,
    pub(super) up: bool,
    pub(super) stopped: Option<String>,
}

enum Message {
    Question(usize, String, Box<Asked>),
    /// To the start of the server that has asked.
    Answer((usize, u64), String, Box<Answer>),
    Silence(usize, String),
}

pub(super) struct Net {
    pub(super) servers: Vec<Node>,
    pub(super) faults: bool,
    rng: StdRng,
    now: Duration,
    under_way: Vec<(Duration, Message)>,
    /// Servers that do not reach each other.
    cut: BTreeSet<(usize, usize)>,
    founded: BTreeSet<String>,
}

impl Net {
    pub(super) fn new(seed: u64, servers: usize, expect: u32) -> Self {
        let mut net = Self {
            servers: Vec::new(),
            faults: false,
            rng: StdRng::seed_from_u64(seed),
            now: Duration::from_secs(1),
            under_way: Vec::new(),
            cut: BTreeSet::new(),
            founded: BTreeSet::new(),
        };
        for _ in 0..servers {
            net.add(expect);
        }
        net
    }

    /// A fresh server that knows the first ones.
    pub(super) fn add(&mut self, expect: u32) -> usize {
        let number = self.servers.len();
        let server = Server {
            name: format!("n{number}"),
            server_id: format!("id{number}"),
            address: format!("h{number}:1"),
            read_replica: false,
        };
        let retry_join = if expect == 1 { BTreeSet::new() } else { (0..3).map(|n| format!("h{n}:1")).collect() };
        let me = Me { server, version: "1".to_owned(), nonce: 0, expect, retry_join };
        let saved = Identity::new(self.rng.random_range(1..u64::MAX / 2), "dc1");
        let machine = Machine::new(me.clone(), saved.clone(), View::default(), self.moment());
        self.servers.push(Node { me, saved, view: View::default(), machine, up: true, stopped: None });
        self.start(number);
        number
    }

    /// A machine that is not in the net.
    pub(super) fn stranger(&mut self, name: &str) -> Machine {
        let server = Server {
            name: name.to_owned(),
            server_id: name.to_owned(),
            address: "x:1".to_owned(),
            read_replica: false,
        };
        let me = Me { server, nonce: 99, ..Me::default() };
        Machine::new(me, Identity::new(99, "dc1"), View::default(), self.moment())
    }

    pub(super) fn ask(&mut self, server: usize, hello: &Hello) -> Verdict {
        let moment = self.moment();
        let asked = Asked { hello: hello.clone(), question: Question::Greet };
        self.servers[server].machine.receive(&asked, moment).0.verdict
    }

    /// An operator has a server ask at an address.
    pub(super) fn invite(&mut self, server: usize, address: &str) {
        let ask = Action::Ask { address: address.to_owned(), question: Question::Invite };
        self.act(server, vec![ask]);
    }

    /// What a server answers to a stranger that fits.
    pub(super) fn answer(&mut self, server: usize) -> Answer {
        let moment = self.moment();
        let hello = self.stranger("n9").hello(moment);
        let asked = Asked { hello, question: Question::Greet };
        self.servers[server].machine.receive(&asked, moment).0
    }

    pub(super) fn moment(&mut self) -> Moment {
        Moment { now: self.now, wall: Timestamp(1).plus(self.now), draw: self.rng.random() }
    }

    /// The server with the lowest number.
    pub(super) fn lowest(&self) -> usize {
        (0..self.servers.len()).min_by_key(|server| self.servers[*server].saved.raft_id).unwrap()
    }

    pub(super) fn clusters(&self) -> BTreeSet<String> {
        self.founded.clone()
    }

    /// What is in memory is lost.
    pub(super) fn crash(&mut self, server: usize) {
        self.servers[server].up = false;
        self.start(server);
    }

    pub(super) fn heal(&mut self) {
        self.faults = false;
        self.cut.clear();
        for server in &mut self.servers {
            server.up = true;
        }
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    fn start(&mut self, server: usize) {
        let moment = self.moment();
        let nonce = self.rng.random();
        let node = &mut self.servers[server];
        node.saved.count += 1;
        node.me.nonce = nonce;
        node.stopped = None;
        node.machine = Machine::new(node.me.clone(), node.saved.clone(), node.view.clone(), moment);
    }

    fn step(&mut self) {
        self.now += STEP;
        if self.faults {
            self.disturb();
        }
        self.deliver();
        for server in 0..self.servers.len() {
            if !self.servers[server].up || self.servers[server].stopped.is_some() {
                continue;
            }
            let moment = self.moment();
            let node = &mut self.servers[server];
            node.machine.receive_view(node.view.clone());
            let mut actions = node.machine.poll(moment);
            node.saved = node.machine.identity.clone();
            let greets = self.now.as_millis().is_multiple_of(GREET.as_millis());
            for address in node.machine.targets().into_iter().filter(|_| greets) {
                actions.push(Action::Ask { address, question: Question::Greet });
            }
            self.act(server, actions);
        }
        self.replicate();
    }

    fn disturb(&mut self) {
        let count = self.servers.len();
        let server = self.rng.random_range(0..count);
        match self.rng.random_range(0..40) {
            0 => self.crash(server),
            1..=4 => self.servers[server].up = true,
            5 => drop(self.cut.insert((server, self.rng.random_range(0..count)))),
            6 => self.cut.clear(),
            7 => self.cut = (0..count).flat_map(|other| [(server, other), (other, server)]).collect(),
            _ => {}
        }
    }

    fn at(&self, address: &str) -> Option<usize> {
        self.servers.iter().position(|node| node.me.server.address == address)
    }

    fn deliver(&mut self) {
        let (due, later) = std::mem::take(&mut self.under_way).into_iter().partition(|(at, _)| *at <= self.now);
        self.under_way = later;
        let due: Vec<(Duration, Message)> = due;
        for (_, message) in due {
            let moment = self.moment();
            match message {
                Message::Question(from, address, asked) => {
                    let to = self.at(&address).filter(|to| self.servers[*to].up && self.servers[*to].stopped.is_none());
                    let Some(to) = to.filter(|to| !self.cut.contains(&(from, *to))) else {
                        self.post(Message::Silence(from, address));
                        continue;
                    };
                    let (mut answer, actions) = self.servers[to].machine.receive(&asked, moment);
                    if asked.question == Question::Join && answer.verdict == Verdict::Fine {
                        let cluster = answer.hello.cluster.clone().unwrap();
                        answer.outcome = super::super::hello::Outcome::Joined(cluster);
                    }
                    self.act(to, actions);
                    if !self.cut.contains(&(to, from)) {
                        self.post(Message::Answer((from, asked.hello.nonce), address, Box::new(answer)));
                    }
                }
                Message::Answer((to, nonce), address, answer) => {
                    if self.servers[to].up && self.servers[to].me.nonce == nonce {
                        let actions = self.servers[to].machine.receive_answer(&address, &answer, moment);
                        self.act(to, actions);
                    }
                }
                Message::Silence(to, address) => {
                    let error = TransportError::Unreachable("nobody listens".to_owned());
                    self.servers[to].machine.receive_failure(&address, &error);
                }
            }
        }
    }

    /// Late, lost or twice.
    fn post(&mut self, message: Message) {
        let late = if self.faults { self.rng.random_range(0..3000) } else { self.rng.random_range(0..50) };
        if !self.faults || self.rng.random_range(0..10) > 0 {
            self.under_way.push((self.now + Duration::from_millis(late), message));
        }
    }

    fn act(&mut self, server: usize, actions: Vec<Action>) {
        let moment = self.moment();
        self.servers[server].saved = self.servers[server].machine.identity.clone();
        for action in actions {
            match action {
                Action::Ask { address, question } => {
                    let hello = self.servers[server].machine.hello(moment);
                    self.post(Message::Question(server, address, Box::new(Asked { hello, question })));
                }
                Action::Found(members) => {
                    self.founded.insert(self.servers[server].saved.cluster.clone().unwrap());
                    let place = |(id, server)| (id, Placed { server, voter: true, matched: None });
                    let members: BTreeMap<_, _> = members.into_iter().map(place).collect();
                    self.servers[server].view = View { initialized: true, members, ..View::default() };
                }
                Action::Stop(why) => self.servers[server].stopped = Some(why),
                Action::Reach { .. } | Action::Rename { .. } | Action::Warn(_) => {}
            }
        }
    }

    /// Founders bring their logs to those who belong to the cluster.
    fn replicate(&mut self) {
        for from in 0..self.servers.len() {
            let View { initialized: true, members, .. } = self.servers[from].view.clone() else { continue };
            let cluster = self.servers[from].saved.cluster.clone();
            for to in 0..self.servers.len() {
                let node = &mut self.servers[to];
                let cut = self.cut.contains(&(from, to));
                let belongs = node.saved.allegiance().map(str::to_owned) == cluster && cluster.is_some();
                if node.up && belongs && !cut && !node.view.initialized && members.contains_key(&node.saved.raft_id) {
                    node.view = View { initialized: true, members: members.clone(), ..View::default() };
                }
            }
        }
    }
}
