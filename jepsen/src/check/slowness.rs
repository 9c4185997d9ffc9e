//! How slow the machine was: a busy machine must not be taken for a broken server.
//!
//! Judges of time stretch what they allow by what the servers' threads waited for a processor, and by what a sync of our own
//! cost beside them. What is stretched is reported; beyond a limit nobody can judge times, and that is said.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::{RunData, Sample};

/// Beyond this the machine decides, not the servers.
pub const MOST_CPU: f64 = 6.0;
/// So many syncs one after the other there are in an election and the first write after it, with some to spare.
const SYNCS: u64 = 12;
/// A sync as quick as this is part of every limit already.
const QUICK_SYNC_NS: u64 = 10_000_000;

/// How slow the machine was in some time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Slowness {
    /// (running + waiting for a processor) / running, of all servers.
    pub cpu: f64,
    /// A small sync, the middle of three.
    pub sync_ns: u64,
}

impl Default for Slowness {
    fn default() -> Self {
        Self { cpu: 1.0, sync_ns: 0 }
    }
}

impl Slowness {
    /// What the samples from `from` to `to` say, and those next to them.
    #[must_use]
    pub fn of(run: &RunData, from_ns: u64, to_ns: u64) -> Self {
        let mut by_boot: BTreeMap<(&str, u64), Vec<&Sample>> = BTreeMap::new();
        let near = |sample: &&Sample| sample.ns + MARGIN_NS >= from_ns && sample.ns <= to_ns.saturating_add(MARGIN_NS);
        for sample in run.samples.iter().filter(near) {
            by_boot.entry((&sample.server, sample.boot)).or_default().push(sample);
        }
        let (mut ran, mut waited) = (0_u64, 0_u64);
        for pair in by_boot.values().flat_map(|samples| samples.windows(2)) {
            let grown = |field: fn(&Sample) -> Option<u64>| Some(field(pair[1])?.saturating_sub(field(pair[0])?));
            let (Some(run_ns), Some(wait_ns)) = (grown(|sample| sample.run_ns), grown(|sample| sample.wait_ns)) else {
                continue;
            };
            (ran, waited) = (ran + run_ns, waited + wait_ns);
        }
        let cpu = if ran == 0 { 1.0 } else { (ran + waited) as f64 / ran as f64 };
        let mut syncs: Vec<u64> = by_boot.values().flatten().filter_map(|sample| sample.sync_us).collect();
        syncs.sort_unstable();
        Self { cpu, sync_ns: syncs.get(syncs.len() / 2).copied().unwrap_or(0) * 1000 }
    }

    /// What a time that is enough on an idle machine becomes on this one.
    #[must_use]
    pub fn stretch(&self, ns: u64) -> u64 {
        let cpu = self.cpu.clamp(1.0, MOST_CPU);
        (ns as f64 * cpu) as u64 + self.sync_ns.saturating_sub(QUICK_SYNC_NS) * SYNCS
    }

    /// Whether the machine was so slow that no time says anything of a server.
    #[must_use]
    pub fn hopeless(&self) -> bool {
        self.cpu > MOST_CPU || self.sync_ns > 1_000_000_000
    }
}

/// Samples are taken each second.
const MARGIN_NS: u64 = 1_500_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn run(wait_each: u64, sync_us: u64) -> RunData {
        let sample = |at: u64| Sample {
            ns: at * SECOND,
            server: "a".to_owned(),
            boot: 1,
            run_ns: Some(at * 1000),
            wait_ns: Some(at * wait_each),
            sync_us: Some(sync_us),
            ..Sample::default()
        };
        RunData { samples: (0..20).map(sample).collect(), ..RunData::default() }
    }

    #[test]
    fn an_idle_machine_stretches_nothing() {
        let slow = Slowness::of(&run(0, 300), 0, 20 * SECOND);
        assert_eq!((slow.stretch(SECOND), slow.hopeless()), (SECOND, false));
        assert_eq!(Slowness::of(&RunData::default(), 0, SECOND), Slowness::default());
    }

    #[test]
    fn waiting_as_long_as_running_doubles_what_is_allowed() {
        let slow = Slowness::of(&run(1000, 60_000), 5 * SECOND, 10 * SECOND);
        assert_eq!(slow.stretch(SECOND), 2 * SECOND + 12 * 50_000_000);
    }

    #[test]
    fn there_is_an_end_to_patience() {
        let slow = Slowness::of(&run(50_000, 300), 0, 20 * SECOND);
        assert!(slow.hopeless());
        assert_eq!(slow.stretch(SECOND), 6 * SECOND);
    }

    #[test]
    fn a_restart_is_no_run_back_in_time() {
        let mut run = run(1000, 300);
        for sample in run.samples.iter_mut().skip(10) {
            (sample.boot, sample.run_ns, sample.wait_ns) = (2, Some(5), Some(5));
        }
        assert_eq!(Slowness::of(&run, 0, 20 * SECOND).cpu, 2.0);
    }
}
