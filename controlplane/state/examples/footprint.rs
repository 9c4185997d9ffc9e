//! What the state costs: memory an instance and a key, time to apply, encode, decode and hash.
//!
//! `cargo run --release -p weft-state --example footprint [instances] [keys]`

// It measures, and decides nothing.
#![allow(clippy::disallowed_methods)]

use std::time::Instant;

use weft_model::catalog::{Node, Service};
use weft_model::health::{Check, CheckStatus, Definition};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{Command, Envelope, KvOp, RequestId, Timestamp};
use weft_state::{State, apply};

fn main() {
    let mut counts = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let (instances, keys) = (counts.next().unwrap_or(100_000), counts.next().unwrap_or(100_000));

    let mut log = Log::default();
    let before = resident();
    let start = Instant::now();
    for number in 0..instances {
        log.write(instance(number));
    }
    report("an instance", instances, before, start);
    measure(&log.state);
    one_key(&mut log);

    let mut log = Log::default();
    let before = resident();
    let start = Instant::now();
    for number in 0..keys {
        log.write(Command::Kv(KvOp::set(format!("some/prefix/key-{number}"), vec![b'v'; 32])));
    }
    report("a key of 20 bytes with 32", keys, before, start);
    measure(&log.state);
    one_key(&mut log);
    let mut log = Log::default();
    for number in 0..100 {
        log.write(Command::Kv(KvOp::set(format!("some/prefix/key-{number}"), vec![b'v'; 32])));
    }
    one_key(&mut log);
}

#[derive(Default)]
struct Log {
    state: State,
}

impl Log {
    /// Applies a command as it comes out of the log.
    fn write(&mut self, command: Command) {
        let index = self.state.index() + 1;
        let id = RequestId { origin: 1, sequence: index };
        let envelope = Envelope { id, settled: index.saturating_sub(64), at: Timestamp(0), command };
        let bytes = rmp_serde::to_vec_named(&envelope).expect("plain data");
        let envelope: Envelope = rmp_serde::from_slice(&bytes).expect("just written");
        let outcome = apply(&self.state, index, &envelope);
        outcome.reply.expect("accepted");
        self.state = outcome.state;
    }
}

fn one_key(log: &mut Log) {
    let start = on_cpu();
    for number in 0..20_000u32 {
        log.write(Command::Kv(KvOp::set("some/prefix/key-50", number.to_string())));
    }
    println!("  one changed key: {:.2} us CPU", (on_cpu() - start) / 20_000.0 / 1e3);
}

fn measure(state: &State) {
    let start = Instant::now();
    let bytes = state.encode();
    let encoded = start.elapsed();
    let before = resident();
    let start = Instant::now();
    let decoded = State::decode(&bytes).expect("just written");
    let took = start.elapsed();
    let memory = (resident() - before) / 1e6;
    let start = Instant::now();
    let hash = decoded.hash();
    println!(
        "  {:.1} MB encoded in {encoded:?}, decoded in {took:?} to {memory:.1} MB, hashed in {:?} to {:02x}…",
        bytes.len() as f64 / 1e6,
        start.elapsed(),
        hash[0],
    );
}

fn report(what: &str, count: u64, before: f64, start: Instant) {
    println!(
        "{what}: {:.0} bytes, {:?} to apply",
        (resident() - before) / count as f64,
        start.elapsed() / u32::try_from(count).expect("few")
    );
}

/// Nanoseconds that this thread has run.
fn on_cpu() -> f64 {
    let schedule = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    schedule.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).expect("a number")
}

/// Resident memory in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("a number");
    pages * 4096.0
}

/// Twenty on a node, one check each.
fn instance(number: u64) -> Command {
    let node = Node { name: format!("node-{}", number / 20).into(), address: "10.0.0.1".into(), ..Node::default() };
    let name = format!("service-{}", number % 1000);
    let id = format!("{name}-{number}");
    let service = Service { id: id.clone().into(), name: name.into(), port: 8080, ..Service::default() };
    let check = Check {
        node: node.name.clone(),
        id: format!("{id}-check").into(),
        name: "alive".into(),
        status: CheckStatus::Passing,
        notes: String::new(),
        output: String::new(),
        service_id: id.into(),
        service_name: "".into(),
        service_tags: vec![],
        kind: String::new(),
        definition: Definition::default(),
        definition_public: true,
    };
    let services = vec![ServiceRegistration { service, ..ServiceRegistration::default() }];
    Command::Register(Box::new(Registration { node, services, checks: vec![check], ..Registration::default() }))
}
