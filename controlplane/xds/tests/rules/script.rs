//! Scripts that drive a session, read like the protocol's own examples.
//!
//!     delta | sotw                     which face; the first line
//!     offer 3 | cds/a=1>eds/a eds/a=1  the whole set at index 3
//!     offer +eds/a=2 -cds/b            the next index, the set before with these changes
//!     > cds +a +b -c                   a delta request: subscribe and unsubscribe
//!     > cds a b                        a state-of-the-world request: the list
//!     > cds ack=n1 | nack=n1:reason    a verdict (reason: no spaces), alone or with names
//!     > eds +a held:a=1                what is kept from an earlier stream: that version of eds/a
//!     > cds version:offered            state of the world: the version of what is offered now
//!     > cds ; eds +a                   two requests before anything is sent
//!     < n1 cds a=1 b=2 -c              a response: its nonce, its type, resources, removals
//!     settled cds eds                  these types and no others are settled
//!
//! After each input all responses are taken; those and no others must follow it.

use std::collections::HashMap;

use weft_xds::session::{Change, Fault, Limits, Offer, Protocol, Request, Response, Session, Verdict};
use weft_xds::set::{ResourceSet, ResourceType, Version};

use crate::support::{kind, resource, set, show};

/// Runs a script; panics with its line where it does not hold.
pub fn script(text: &str) {
    script_within(text, Limits::default());
}

/// Runs a script with other limits.
pub fn script_within(text: &str, limits: Limits) {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (_, face) = lines.next().expect("a script is not empty");
    let protocol = match face {
        "delta" => Protocol::Delta,
        "sotw" => Protocol::Sotw,
        other => panic!("{other:?} is no protocol"),
    };
    let mut run = Run::new(protocol, limits);
    let mut expected = Vec::new();
    let mut input: Option<(usize, &str)> = None;
    for (at, line) in lines {
        match line.strip_prefix('<') {
            Some(response) => expected.push(response.trim().to_owned()),
            None => {
                run.check(input, &mut expected);
                run.input(at, line);
                input = Some((at, line));
            }
        }
    }
    run.check(input, &mut expected);
}

struct Run {
    protocol: Protocol,
    session: Session,
    set: ResourceSet,
    index: u64,
    /// The script's nonces, `n1` on, and the session's.
    nonces: Vec<String>,
    responses: Vec<Response>,
}

impl Run {
    fn new(protocol: Protocol, limits: Limits) -> Self {
        Self {
            protocol,
            session: Session::new(protocol, 7, limits),
            set: ResourceSet::default(),
            index: 0,
            nonces: Vec::new(),
            responses: Vec::new(),
        }
    }

    fn input(&mut self, at: usize, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "offer" => self.offer(rest),
            ">" => {
                for request in rest.split(';') {
                    self.request(at, request.trim());
                }
            }
            "settled" => self.settled(at, rest),
            other => panic!("line {at}: {other:?} is no input"),
        }
        while let Some(response) = self.session.poll_response() {
            self.nonces.push(response.nonce.clone());
            self.responses.push(response);
        }
    }

    fn offer(&mut self, rest: &str) {
        match rest.split_once('|') {
            Some((index, whole)) => {
                self.index = index.trim().parse().expect("an index");
                self.set = set(whole);
            }
            None => {
                self.index += 1;
                rest.split_whitespace().for_each(|change| self.change(change));
            }
        }
        self.session.offer(Offer { index: self.index, set: self.set.clone() });
    }

    fn change(&mut self, change: &str) {
        match change.strip_prefix('-') {
            Some(path) => {
                let (of, name) = path.split_once('/').expect("type/name");
                assert!(self.set.remove(kind(of), name), "{path} is not there");
            }
            None => self.set.insert(resource(change.trim_start_matches('+'))),
        }
    }

    fn request(&mut self, at: usize, text: &str) {
        let mut words = text.split_whitespace();
        let of = kind(words.next().expect("a type"));
        let mut request = Words::default();
        for word in words {
            self.word(of, word, &mut request);
        }
        let change = match self.protocol {
            Protocol::Delta => {
                Change::Delta { subscribe: request.plus, unsubscribe: request.minus, initial: request.held }
            }
            Protocol::Sotw => Change::Sotw { names: request.names, version: request.version },
        };
        let nacks = request.fault.is_some();
        let verdict = self.session.receive(Request { of, nonce: request.nonce, fault: request.fault, change });
        let verdict = verdict.unwrap_or_else(|overload| panic!("line {at}: {overload}"));
        let nacked = matches!(verdict, Some(Verdict::Nacked(_)));
        assert!(!nacked || nacks, "line {at}: a NACK was made up");
    }

    fn word(&self, of: ResourceType, word: &str, request: &mut Words) {
        if let Some(nonce) = word.strip_prefix("ack=") {
            request.nonce = self.nonce(nonce);
        } else if let Some(rest) = word.strip_prefix("nack=") {
            let (nonce, message) = rest.split_once(':').expect("nonce:reason");
            request.nonce = self.nonce(nonce);
            request.fault = Some(Fault { code: 3, message: message.to_owned() });
        } else if let Some(held) = word.strip_prefix("held:") {
            let (name, content) = held.split_once('=').expect("name=content");
            let known = resource(&format!("{}/{name}={content}", of.kind().short));
            let same = self.set.get(of, name).filter(|r| show(r) == held);
            let version = same.map_or(known.version(), |r| r.version());
            request.held.insert(name.to_owned(), version.to_string());
        } else if let Some(version) = word.strip_prefix("version:") {
            request.version = match version {
                "offered" => self.set.version(of).to_string(),
                other => Version::of(other.as_bytes()).to_string(),
            };
        } else if let Some(name) = word.strip_prefix('+') {
            request.plus.push(name.to_owned());
        } else if let Some(name) = word.strip_prefix('-') {
            request.minus.push(name.to_owned());
        } else {
            request.names.push(word.to_owned());
        }
    }

    /// `n2` is the second response's nonce; anything else stands for itself.
    fn nonce(&self, word: &str) -> String {
        let number = word.strip_prefix('n').and_then(|n| n.parse::<usize>().ok());
        let known = number.and_then(|n| self.nonces.get(n - 1));
        known.cloned().unwrap_or_else(|| word.to_owned())
    }

    fn settled(&self, at: usize, rest: &str) {
        let settled: Vec<_> = ResourceType::all()
            .filter(|of| self.session.asks_for(*of) && self.session.is_settled(*of))
            .map(|of| of.kind().short)
            .collect();
        assert_eq!(settled.join(" "), rest, "line {at}: settled types");
    }

    fn check(&mut self, input: Option<(usize, &str)>, expected: &mut Vec<String>) {
        let first = self.nonces.len() - self.responses.len();
        let responses = self.responses.drain(..).enumerate();
        let shown: Vec<_> = responses.map(|(n, response)| print(first + n + 1, &response)).collect();
        if let Some((at, line)) = input {
            assert_eq!(&shown, expected, "after line {at}: {line}");
        }
        expected.clear();
    }
}

#[derive(Default)]
struct Words {
    nonce: String,
    fault: Option<Fault>,
    plus: Vec<String>,
    minus: Vec<String>,
    names: Vec<String>,
    held: HashMap<String, String>,
    version: String,
}

fn print(number: usize, response: &Response) -> String {
    let mut parts = vec![format!("n{number}"), response.of.kind().short.to_owned()];
    parts.extend(response.resources.iter().map(|r| show(r)));
    parts.extend(response.removed.iter().map(|name| format!("-{name}")));
    parts.join(" ")
}
