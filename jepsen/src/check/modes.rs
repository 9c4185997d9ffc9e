//! C7: every read mode keeps its own promise. Whatever the mode, the value is that of the announced index; a server's index
//! never goes back; stale answers say honestly how old they are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::slowness::Slowness;
use super::truth::Truth;
use super::verdict::{Checker, Finding, UNTOLD, Verdict};
use super::watch::target::{States, Target, states};
use crate::history::{Band, BandState, Op, RunData};

/// C7.
#[derive(Clone, Copy, Debug, Default)]
pub struct Modes;

impl Checker for Modes {
    fn name(&self) -> &'static str {
        "C7-read-modes"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("modes").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let truth = match Truth::of(run, "modes") {
            Ok(truth) => truth,
            Err(why) => return Verdict::Unknown(why),
        };
        let mut reads: Vec<Read<'_>> = run.of("modes").filter_map(Read::parse).collect();
        reads.sort_by_key(|read| read.op.end_ns());
        let mut findings = truth.findings.clone();
        let mut replayed: BTreeMap<&str, States> = BTreeMap::new();
        for read in &reads {
            let key = &read.op.key;
            let states = replayed.entry(key).or_insert_with(|| states(&truth, &Target::Key(key.clone())));
            findings.extend(read.differs(states));
            findings.extend(read.too_old());
            findings.extend(read.dishonest(run));
        }
        findings.extend(goes_back(run, &reads, true));
        findings.extend(goes_back(run, &reads, false));
        findings.extend(misses(run, &reads));
        if reads.is_empty() && findings.is_empty() {
            return Verdict::Unknown("nothing was ever read".to_owned());
        }
        Verdict::of(findings)
    }
}

/// An answered read.
struct Read<'a> {
    op: &'a Op,
    mode: &'a str,
    max_stale_ms: Option<u64>,
    index: u64,
    value: Option<&'a str>,
    modified: Option<u64>,
    contact_ms: Option<u64>,
}

impl<'a> Read<'a> {
    fn parse(op: &'a Op) -> Option<Self> {
        let answer = op.ok().filter(|_| op.call() == "read")?;
        Some(Self {
            op,
            mode: op.input.get("mode")?.as_str()?,
            max_stale_ms: op.input.get("max_stale_ms").and_then(Value::as_u64),
            index: answer.get("index")?.as_u64()?,
            value: answer.get("value").and_then(Value::as_str),
            modified: answer.get("modified").and_then(Value::as_u64),
            contact_ms: answer.get("contact_ms").and_then(Value::as_u64),
        })
    }

    fn stale(&self) -> bool {
        self.mode == "stale"
    }

    fn finding(&self, what: &str, text: String, because: Option<u64>) -> Finding {
        let text = format!("{} read on {} at index {}: {text}", self.mode, self.op.server, self.index);
        Finding::new(what, &self.op.key, text, because.into_iter().chain([self.op.index]))
    }

    fn differs(&self, states: &States) -> Option<Finding> {
        let (_, state) = states.range(..=self.index).next_back()?;
        let expected = state.get(&self.op.key);
        let same = match (expected, self.value) {
            (None, None) => true,
            (Some(pair), Some(value)) => pair[0] == value && self.modified.is_none_or(|modified| pair[1] == modified),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let text = || format!("the log has {expected:?}, the answer {:?} modified at {:?}", self.value, self.modified);
        (!same).then(|| self.finding("value-not-of-index", text(), None))
    }

    fn too_old(&self) -> Option<Finding> {
        let (max, contact) = (self.max_stale_ms?, self.contact_ms?);
        (contact > max).then(|| self.finding("max-stale-exceeded", format!("{contact} ms old, {max} allowed"), None))
    }

    /// A server that could hear nobody for so long cannot have heard a leader more lately.
    fn dishonest(&self, run: &RunData) -> Option<Finding> {
        let contact_ms = self.contact_ms.filter(|_| self.stale() && self.max_stale_ms.is_none())?;
        // A leader may believe in itself for two election timeouts after it was cut off.
        let slack_ms = 1_000 + 2 * run.config.election_ms.max(1_600);
        let cut =
            run.nemesis.iter().find(|band| band.covers(self.op.invoke_ns) && deafens(run, band, &self.op.server))?;
        let deaf_ms = (self.op.invoke_ns - cut.start_ns) / 1_000_000;
        let dishonest = |slack_ms| contact_ms + slack_ms < deaf_ms;
        if !dishonest(slack_ms) {
            return None;
        }
        let slow = Slowness::of(run, cut.start_ns, self.op.invoke_ns);
        dishonest(slow.stretch(slack_ms * 1_000_000) / 1_000_000).then(|| {
            let text = format!("says it heard the leader {contact_ms} ms ago, but was cut off for {deaf_ms} ms");
            self.finding(if slow.hopeless() { UNTOLD } else { "contact-dishonest" }, text, None)
        })
    }
}

/// Whether the fault let nothing through to that server from any other.
fn deafens(run: &RunData, band: &Band, server: &str) -> bool {
    let mut others = run.config.servers.iter().filter(|other| *other != server).peekable();
    band.state == BandState::Installed
        && others.peek().is_some()
        && others.all(|other| band.cut.iter().any(|link| link.from == *other && link.to == server))
}

/// The index of one server (or of all linearizable reads) only grows. Overlapping reads may be answered in any order.
/// A server that was started again may lag behind its former self until it has caught up.
fn goes_back(run: &RunData, reads: &[Read<'_>], stale: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut highest: BTreeMap<&str, Vec<&Read<'_>>> = BTreeMap::new();
    for read in reads.iter().filter(|read| read.stale() == stale && read.max_stale_ms.is_none()) {
        let place = if stale { read.op.server.as_str() } else { "" };
        let earlier = highest.entry(place).or_default();
        // Sorted by their end: the highest that was over before this one began.
        let over = earlier.partition_point(|other| other.op.end_ns() < read.op.invoke_ns);
        if let Some(other) = over.checked_sub(1).map(|at| earlier[at]).filter(|other| other.index > read.index) {
            let restarted = stale
                && run
                    .exits
                    .iter()
                    .any(|exit| exit.server == place && exit.ns >= other.op.invoke_ns && exit.ns <= read.op.end_ns());
            if !restarted {
                findings.push(read.finding(
                    "index-went-back",
                    format!("{} was announced before", other.index),
                    Some(other.op.index),
                ));
            }
        }
        if earlier.last().is_none_or(|last| last.index <= read.index) {
            earlier.push(read);
        }
    }
    findings
}

/// A linearizable read shows every count that was acknowledged before it began. Values only grow.
fn misses(run: &RunData, reads: &[Read<'_>]) -> Vec<Finding> {
    let counted = |op: &Op| op.input.pointer("/changes/0/value")?.as_str()?.parse::<u64>().ok();
    let mut acked: Vec<(u64, u64, u64)> = run
        .of("modes")
        .filter(|op| op.call() == "write" && op.ok().is_some())
        .filter_map(|op| Some((op.return_ns?, counted(op)?, op.index)))
        .collect();
    acked.sort_unstable();
    let missing = reads.iter().filter(|read| !read.stale()).filter_map(|read| {
        let over = acked.partition_point(|(end_ns, ..)| *end_ns < read.op.invoke_ns);
        let (_, due, writer) = *acked.get(over.checked_sub(1)?)?;
        let found = read.value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        (found < due).then(|| {
            read.finding("stale-read", format!("{due} was acknowledged before, {found} was read"), Some(writer))
        })
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::{Script, whats};
    use crate::history::{Exit, Link};

    const MS: u64 = 1_000_000;

    /// Count 1 at index 10 (time 10), 2 at index 20 (time 20).
    fn script() -> Script {
        let mut script = Script::default();
        for at in [1_u64, 2] {
            let changes = json!([{"kv": "c", "value": at.to_string()}]);
            script.ok(
                at * 10,
                at * 10 + 1,
                "modes.write",
                "c",
                json!({"id": at, "changes": changes}),
                json!({"index": at * 10}),
            );
        }
        let journal = json!([[10, 1, [{"kv": "c", "value": "1"}]], [20, 2, [{"kv": "c", "value": "2"}]]]);
        script.ok(u64::MAX / 2, u64::MAX / 2 + 1, "modes.journal", "", Value::Null, journal);
        script
    }

    fn read(script: &mut Script, at: u64, mode: &str, index: u64, value: &str, contact_ms: u64) {
        let answer = json!({"index": index, "value": value, "modified": index, "contact_ms": contact_ms});
        script.ok(at, at + 1, "modes.read", "c", json!({"mode": mode}), answer);
    }

    fn verdict(build: impl FnOnce(&mut Script)) -> Verdict {
        let mut script = script();
        build(&mut script);
        Modes.check(&script.run(&["s1", "s2"]))
    }

    #[test]
    fn old_but_true_is_fine_for_stale_reads_only() {
        assert_eq!(verdict(|script| read(script, 30, "stale", 10, "1", 0)), Verdict::True);
        assert_eq!(whats(&verdict(|script| read(script, 30, "default", 10, "1", 0))), ["stale-read"]);
    }

    #[test]
    fn the_value_must_be_that_of_the_index() {
        assert_eq!(whats(&verdict(|script| read(script, 30, "stale", 10, "2", 0))), ["value-not-of-index"]);
    }

    #[test]
    fn an_index_that_goes_back_is_seen_unless_the_server_was_started_again() {
        let back = |script: &mut Script| {
            read(script, 30, "stale", 20, "2", 0);
            read(script, 40, "stale", 10, "1", 0);
        };
        assert_eq!(whats(&verdict(back)), ["index-went-back"]);
        let mut script = script();
        back(&mut script);
        let mut run = script.run(&["s1", "s2"]);
        run.exits = vec![Exit { ns: 35, server: "s1".to_owned(), expected: true, ..Exit::default() }];
        assert_eq!(Modes.check(&run), Verdict::True);
    }

    #[test]
    fn an_answer_older_than_allowed_is_seen() {
        let answer = json!({"index": 20, "value": "2", "modified": 20, "contact_ms": 1500});
        let too_old = |script: &mut Script| {
            script.ok(30, 31, "modes.read", "c", json!({"mode": "stale", "max_stale_ms": 1000}), answer);
        };
        assert_eq!(whats(&verdict(too_old)), ["max-stale-exceeded"]);
    }

    #[test]
    fn a_server_that_is_cut_off_must_say_so() {
        let run = |contact_ms| {
            let mut script = script();
            read(&mut script, 20_000 * MS, "stale", 20, "2", contact_ms);
            let mut run = script.run(&["s1", "s2"]);
            let cut = vec![Link { from: "s2".to_owned(), to: "s1".to_owned() }];
            run.nemesis = vec![Band { cut, state: BandState::Installed, start_ns: 1_000 * MS, ..Band::default() }];
            run
        };
        assert_eq!(whats(&Modes.check(&run(0))), ["contact-dishonest"]);
        assert_eq!(Modes.check(&run(18_000)), Verdict::True);
    }
}
