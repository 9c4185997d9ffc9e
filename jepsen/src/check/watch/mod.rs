//! C4: blocking queries. What they return is the state at the index they announce, they never sleep through a change,
//! and their index never goes below the one asked with.
//!
//! An operation `watch.wait` (or `catalog.wait`, `modes.wait`) has the input `{"target", "index", "wait_ms", "mode"}` and the answer
//! `{"index", "body"}`; the bodies are compared with the replayed journal.

pub mod target;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::target::{States, Target, states};
use super::slowness::Slowness;
use super::truth::Truth;
use super::verdict::{Checker, Finding, UNTOLD, Verdict};
use crate::history::{Band, BandState, Op, RunData};

/// C4.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// How long after its acknowledgement a change may take to wake a waiter, when nothing is wrong with its server.
    pub wake_ns: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Self { wake_ns: 3_000_000_000 }
    }
}

impl Checker for Watch {
    fn name(&self) -> &'static str {
        "C4-watch"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.history.iter().any(|op| op.call() == "wait")
    }

    fn check(&self, run: &RunData) -> Verdict {
        let mut findings = Vec::new();
        let mut judged = 0_u64;
        for workload in ["watch", "catalog", "modes"] {
            if run.of(workload).next().is_none() {
                continue;
            }
            let truth = match Truth::of(run, workload) {
                Ok(truth) => truth,
                Err(why) => return Verdict::Unknown(why),
            };
            findings.extend(truth.findings.clone());
            let acks = acks(run, workload);
            let mut replayed: BTreeMap<Target, States> = BTreeMap::new();
            for wait in run.of(workload).filter_map(Wait::parse) {
                let states = replayed.entry(wait.target.clone()).or_insert_with(|| states(&truth, &wait.target));
                findings.extend(self.judge(run, &wait, states, &acks));
                judged += 1;
            }
        }
        if judged == 0 && findings.is_empty() {
            return Verdict::Unknown("no blocking query was ever answered".to_owned());
        }
        Verdict::of(findings)
    }
}

/// A blocking query with its answer.
struct Wait<'a> {
    op: &'a Op,
    target: Target,
    asked: u64,
    wait_ns: u64,
    stale: bool,
    index: u64,
    body: BTreeMap<String, Value>,
}

impl<'a> Wait<'a> {
    fn parse(op: &'a Op) -> Option<Self> {
        if op.call() != "wait" {
            return None;
        }
        let answer = op.ok()?;
        let body = answer.get("body")?.as_object()?;
        Some(Self {
            op,
            target: Target::parse(op.input.get("target")?.as_str()?, &op.key)?,
            asked: op.input.get("index")?.as_u64()?,
            wait_ns: op.input.get("wait_ms")?.as_u64()? * 1_000_000,
            stale: op.input.get("mode").is_some_and(|mode| mode == "stale"),
            index: answer.get("index")?.as_u64()?,
            body: body.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    fn finding(&self, what: &str, text: String, because: Option<u64>) -> Finding {
        let text = format!("asked from {} on {}, answered {}: {text}", self.asked, self.op.server, self.index);
        Finding::new(what, &self.op.key, text, because.into_iter().chain([self.op.index]))
    }
}

/// When the change at an index was acknowledged, and by which operation.
fn acks(run: &RunData, workload: &str) -> BTreeMap<u64, (u64, u64)> {
    let acked = run.of(workload).filter(|op| op.input.get("id").is_some());
    acked.filter_map(|op| Some((op.ok()?.get("index")?.as_u64()?, (op.return_ns?, op.index)))).collect()
}

impl Watch {
    fn judge(
        &self,
        run: &RunData,
        wait: &Wait<'_>,
        states: &States,
        acks: &BTreeMap<u64, (u64, u64)>,
    ) -> Option<Finding> {
        let unseen = wait.index.max(wait.asked);
        self.goes_below(wait)
            .or_else(|| differs(wait, states))
            .or_else(|| stale(wait, states, acks, unseen))
            .or_else(|| self.slept(run, wait, states, acks, unseen))
            .or_else(|| self.slept(run, wait, states, acks, wait.asked).filter(|_| wait.asked > 1))
    }

    /// A smaller index is only for those who asked a server that lags, and only after the whole wait.
    fn goes_below(&self, wait: &Wait<'_>) -> Option<Finding> {
        let waited = wait.op.end_ns().saturating_sub(wait.op.invoke_ns) >= wait.wait_ns;
        let below = wait.index == 0 || (wait.index < wait.asked && !(wait.stale && waited));
        below.then(|| wait.finding("index-below-asked", "the index went back".to_owned(), None))
    }

    /// A change that was acknowledged long before the answer came, whether that shows it or not: the end of a wait shows what
    /// its waiter has slept through.
    fn slept(
        &self,
        run: &RunData,
        wait: &Wait<'_>,
        states: &States,
        acks: &BTreeMap<u64, (u64, u64)>,
        above: u64,
    ) -> Option<Finding> {
        let (next, acked_ns, writer) = change_above(states, acks, above)?;
        // What was there before the query is no wake-up.
        if acked_ns < wait.op.invoke_ns && next <= wait.index {
            return None;
        }
        let since = acked_ns.max(wait.op.invoke_ns);
        let late = wait.op.end_ns().saturating_sub(since);
        let allowed = self.wake_ns + run.config.election_ms * 1_000_000;
        if late <= allowed
            || late <= stretched(run, &wait.op.server, since, wait.op.end_ns(), allowed)
            || disturbed(run, &wait.op.server, since, wait.op.end_ns())
        {
            return None;
        }
        let text = format!("slept {} ms past the change at {next}", late / 1_000_000);
        let untold = hopeless(run, &wait.op.server, since, wait.op.end_ns());
        Some(wait.finding(if untold { UNTOLD } else { "lost-wake-up" }, text, Some(writer)))
    }
}

/// The first acknowledged change above an index: where it is, when it was acknowledged, and by which operation. One whose
/// writer heard nothing of it may have come at any time.
fn change_above(states: &States, acks: &BTreeMap<u64, (u64, u64)>, above: u64) -> Option<(u64, u64, u64)> {
    states.range(above + 1..).find_map(|(next, _)| acks.get(next).map(|(acked_ns, writer)| (*next, *acked_ns, *writer)))
}

/// An answer must show what was acknowledged before the query began, unless that asked for stale data.
fn stale(wait: &Wait<'_>, states: &States, acks: &BTreeMap<u64, (u64, u64)>, unseen: u64) -> Option<Finding> {
    let (next, acked_ns, writer) = change_above(states, acks, unseen)?;
    (acked_ns < wait.op.invoke_ns && !wait.stale).then(|| {
        let text = format!("the change at {next} was acknowledged before the query began");
        wait.finding("stale-answer", text, Some(writer))
    })
}

/// The body is the state at the announced index: that from the last change at or below it.
fn differs(wait: &Wait<'_>, states: &States) -> Option<Finding> {
    let (since, state) = states.range(..=wait.index).next_back()?;
    (*state != wait.body).then(|| {
        let text = format!("the state there (since {since}) is {state:?}, the body {:?}", wait.body);
        wait.finding("body-differs", text, None)
    })
}

/// What a slow machine excuses: not more than it shows in what the same server answered others meanwhile.
fn stretched(run: &RunData, server: &str, since: u64, end: u64, allowed: u64) -> u64 {
    let by_waiting = Slowness::of(run, since, end).stretch(allowed);
    let slowest = slowest_witness(run, server, since, end);
    slowest.map_or(by_waiting, |slowest| by_waiting.min(allowed + SLOWEST * slowest))
}

/// Whether the machine was so slow that nobody can tell what the server did, and nobody else got answers from it either.
fn hopeless(run: &RunData, server: &str, since: u64, end: u64) -> bool {
    Slowness::of(run, since, end).hopeless() && slowest_witness(run, server, since, end).is_none()
}

/// What the slowest of the others took whom that server answered in that time, when there are enough of them.
fn slowest_witness(run: &RunData, server: &str, since: u64, end: u64) -> Option<u64> {
    let prompt = run.history.iter().filter(|op| op.server == server && op.call() != "wait" && op.ok().is_some());
    // Those that were still under way in the end count, too: a server that stands still answers nobody until then.
    let meanwhile = prompt.filter(|op| op.invoke_ns < end && op.end_ns() > since);
    let took: Vec<u64> = meanwhile.map(|op| op.end_ns().min(end) - op.invoke_ns.max(since)).collect();
    took.iter().max().copied().filter(|_| took.len() >= WITNESSES)
}

/// So many answers say how fast a server was.
const WITNESSES: usize = 3;
/// A wake-up may come later by so many times what the slowest of them took.
const SLOWEST: u64 = 4;

/// Whether a fault was aimed at that server (or at nobody in particular) in that time, or at so many others at once that it
/// had no quorum.
fn disturbed(run: &RunData, server: &str, from: u64, to: u64) -> bool {
    // Readers that do not read are no excuse: nobody else may feel them.
    let counts = |band: &&Band| !matches!(band.state, BandState::Skipped(_)) && band.fault != "F17";
    let aimed = |band: &Band| {
        band.targets.iter().any(|target| target == server)
            || band.cut.iter().any(|link| link.from == server || link.to == server)
            || (band.targets.is_empty() && band.cut.is_empty())
    };
    let bands: Vec<&Band> = run.nemesis.iter().filter(counts).filter(|band| is_felt(band, from, to)).collect();
    bands.iter().any(|band| aimed(band) || lacks_quorum(run, &bands, band.start_ns.max(from)))
}

/// Whether a fault was there in that time, or had ended less than a second before.
fn is_felt(band: &Band, from: u64, to: u64) -> bool {
    band.start_ns <= to && band.end_ns.is_none_or(|end| end.saturating_add(1_000_000_000) >= from)
}

/// Whether faults hit so many servers at that moment that the others were no majority.
fn lacks_quorum(run: &RunData, bands: &[&Band], at: u64) -> bool {
    let felt = bands.iter().filter(|band| is_felt(band, at, at));
    let hit: BTreeSet<&String> = felt.flat_map(|band| &band.targets).collect();
    hit.len() * 2 >= run.config.servers.len()
}
