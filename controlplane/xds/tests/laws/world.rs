//! A session, a model client, and the wires between them, which deliver in order or are cut.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use weft_xds::session::{Limits, Offer, Protocol, Response, Session};
use weft_xds::set::{ResourceSet, ResourceType};

use crate::client::{Client, Manners};
use crate::support::set;

use ResourceType::{Cluster, ClusterLoadAssignment, Listener, RouteConfiguration};

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// A new set is offered.
    Offer(Vec<String>),
    /// The server hears a request.
    Hear,
    /// The server sends a response.
    Send,
    /// The client takes a response.
    Take,
    /// The connection is lost, and with it what was under way.
    Cut,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => offers().prop_map(Step::Offer),
        6 => Just(Step::Hear),
        6 => Just(Step::Send),
        6 => Just(Step::Take),
        1 => Just(Step::Cut),
    ];
    prop::collection::vec(step, 0..80)
}

/// A set in which every pointer leads somewhere.
fn offers() -> impl Strategy<Value = Vec<String>> {
    let clusters = prop::collection::btree_map(0..4u8, (content(), content(), any::<bool>()), 1..4);
    let pointers = || prop::collection::btree_map(0..3u8, (content(), 0..8usize), 0..3);
    (clusters, pointers(), pointers()).prop_map(|(clusters, listeners, routes)| {
        let names: Vec<u8> = clusters.keys().copied().collect();
        let mut set = Vec::new();
        for (n, (content, endpoints, eds)) in clusters {
            let refs = if eds { format!(">eds/c{n}") } else { String::new() };
            set.push(format!("cds/c{n}={content}{refs}"));
            set.push(format!("eds/c{n}={endpoints}"));
        }
        for (n, (content, to)) in &routes {
            let cluster = names[to % names.len()];
            set.push(format!("rds/r{n}={content}>cds/c{cluster}"));
        }
        for (n, (content, to)) in listeners {
            let route = routes.keys().nth(to / 2);
            let target = match route.filter(|_| to % 2 == 0) {
                Some(route) => format!("rds/r{route}"),
                None => format!("cds/c{}", names[to % names.len()]),
            };
            set.push(format!("lds/l{n}={content}>{target}"));
        }
        set
    })
}

fn content() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("1"), 4 => Just("2"), 4 => Just("3"), 1 => Just("bad")]
}

pub struct World {
    protocol: Protocol,
    manners: Manners,
    session: Session,
    streams: u64,
    index: u64,
    set: ResourceSet,
    client: Client,
    inbox: VecDeque<Response>,
    /// After a reconnect a state-of-the-world server does not know what to keep for a while.
    forgetful: bool,
}

impl World {
    pub fn new(protocol: Protocol, manners: Manners) -> Self {
        let mut world = Self {
            protocol,
            manners,
            session: Session::new(protocol, 0, Limits::default()),
            streams: 0,
            index: 0,
            set: ResourceSet::default(),
            client: Client::new(protocol, manners),
            inbox: VecDeque::new(),
            forgetful: false,
        };
        world.offer(ResourceSet::default());
        world
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::Offer(resources) => self.offer(set(&resources.join(" "))),
            Step::Hear => drop(self.hear()),
            Step::Send => drop(self.send()),
            Step::Take => drop(self.take()),
            Step::Cut => self.reconnect(),
        }
    }

    /// Offers a last set without anything bad, and lets everything arrive.
    pub fn heal(&mut self) {
        let mut good = ResourceSet::default();
        for of in ResourceType::all() {
            for resource in self.set.iter(of) {
                let shown = crate::support::show(resource);
                match shown.strip_suffix("=bad") {
                    None => good.insert(resource.clone()),
                    Some(name) => good.insert(crate::support::resource(&format!(
                        "{}/{name}=healed{}",
                        of.kind().short,
                        refs(resource)
                    ))),
                }
            }
        }
        self.offer(good);
        self.settle();
    }

    pub fn assert_converged(&self) {
        for of in [Cluster, ClusterLoadAssignment, Listener, RouteConfiguration] {
            let wanted = self
                .set
                .iter(of)
                .filter(|resource| of.kind().wildcard || self.client.asked(of).contains(resource.name()));
            let wanted: BTreeMap<_, _> = wanted.map(|r| (r.name().clone(), r.clone())).collect();
            assert_eq!(self.client.held(of), &wanted, "{of:?}");
            assert!(self.session.is_settled(of), "{of:?} is not settled");
        }
        assert!(!self.client.is_warming(), "a cluster is not warm: {:?}", self.client);
        self.client.assert_no_dangling();
    }

    pub fn assert_quiet_when_nothing_changes(&mut self) {
        self.offer(self.set.clone());
        assert_eq!(self.session.poll_response(), None);
    }

    /// Delta is silent; state of the world repeats the types that it sends in part.
    pub fn assert_quiet_after_a_reconnect(&mut self) {
        self.reconnect();
        while let Some(response) = self.session.poll_response() {
            if response.resources.is_empty() && self.client.held(response.of).is_empty() {
                // Who holds nothing cannot tell that it has been here before.
                continue;
            }
            assert_eq!(self.protocol, Protocol::Sotw, "{response:?}");
            assert!(!response.of.kind().wildcard, "{response:?}");
        }
    }

    fn offer(&mut self, set: ResourceSet) {
        self.index += 1;
        self.set = set;
        self.session.offer(Offer { index: self.index, set: self.set.clone() });
    }

    fn hear(&mut self) -> bool {
        let request = self.client.outbox.pop_front();
        let heard = request.is_some();
        if let Some(request) = request {
            self.session.receive(request).unwrap();
        }
        heard
    }

    fn send(&mut self) -> bool {
        let response = self.session.poll_response();
        let sent = response.is_some();
        self.inbox.extend(response);
        sent
    }

    fn take(&mut self) -> bool {
        let Some(response) = self.inbox.pop_front() else {
            return false;
        };
        self.client.receive(response);
        if self.manners.are_envoys() && !self.forgetful {
            self.client.assert_no_dangling();
        }
        true
    }

    fn reconnect(&mut self) {
        self.streams += 1;
        self.inbox.clear();
        self.session = Session::new(self.protocol, self.streams, Limits::default());
        self.client.connect();
        self.forgetful = self.protocol == Protocol::Sotw;
        self.session.offer(Offer { index: self.index, set: self.set.clone() });
        // They arrive together: the stream task waits for them.
        while self.hear() {}
    }

    /// Lets everything arrive. Bounded: who still speaks after so long would speak for ever.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let moved = self.hear() | self.send() | self.take();
            if !moved {
                if !self.client.is_warming() {
                    self.forgetful = false;
                    return;
                }
                self.client.give_up_warming();
            }
        }
        panic!("they never stop talking");
    }
}

fn refs(resource: &weft_xds::set::Resource) -> String {
    let refs: Vec<_> =
        resource.refs().iter().map(|pointer| format!("{}/{}", pointer.of.kind().short, pointer.name)).collect();
    match refs.is_empty() {
        true => String::new(),
        false => format!(">{}", refs.join(",")),
    }
}
