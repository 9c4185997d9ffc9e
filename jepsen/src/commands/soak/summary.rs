//! What a soak has seen so far: `soak.jsonl`, a line a run, and `summary.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::Drawn;
use crate::check::{self, Verdict};
use crate::commands::ci::{word, worst};
use crate::history::{BandState, RunData};

/// How one run went.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Outcome {
    /// As a run's, but that coverage is judged over the whole soak: one short run need not have seen every fault.
    pub(super) code: u8,
    operations: usize,
    acknowledged: usize,
    doubtful: usize,
    /// Installed faults by number.
    faults: BTreeMap<String, usize>,
    /// Starts of processes after the first.
    restarts: usize,
    /// By judge.
    verdicts: BTreeMap<String, String>,
}

impl Outcome {
    /// Reads it from the run's folder.
    pub(super) fn of(dir: &Path, code: u8) -> Self {
        let Ok(run) = RunData::load(dir) else { return Self { code: code.max(2), ..Self::default() } };
        let judged = if code == 0 { Vec::new() } else { check::judge(&run, &check::all()) };
        let verdicts = judged.iter().map(|one| {
            let said = match &one.verdict {
                Verdict::True => "true".to_owned(),
                Verdict::Unknown(why) => format!("unknown: {why}"),
                Verdict::False(findings) => format!("false: {}", findings.first().map_or("", |found| &found.what)),
            };
            (one.checker.clone(), said)
        });
        let but_coverage: Vec<_> = judged.iter().filter(|one| one.checker != "coverage").cloned().collect();
        let mut faults = BTreeMap::new();
        for band in run.nemesis.iter().filter(|band| band.state == BandState::Installed) {
            *faults.entry(band.fault.clone()).or_default() += 1;
        }
        Self {
            code: if code == 2 { check::exit_code(&but_coverage) } else { code },
            operations: run.history.len(),
            acknowledged: run.history.iter().filter(|op| op.ok().is_some()).count(),
            doubtful: run.history.iter().filter(|op| op.doubtful()).count(),
            faults,
            restarts: run.exits.iter().filter(|exit| exit.why != "the run is over").count(),
            verdicts: verdicts.collect(),
        }
    }
}

/// The sum of all runs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    seed: u64,
    pub(super) runs: usize,
    operations: usize,
    acknowledged: usize,
    doubtful: usize,
    restarts: usize,
    faults: BTreeMap<String, usize>,
    workloads: BTreeMap<String, usize>,
    /// How many runs ended with which verdict.
    verdicts: BTreeMap<String, usize>,
    /// Number, seed and verdict of the runs that are not true.
    failed: Vec<(usize, u64, String)>,
    #[serde(skip)]
    codes: Vec<u8>,
}

impl Summary {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            runs: 0,
            operations: 0,
            acknowledged: 0,
            doubtful: 0,
            restarts: 0,
            faults: BTreeMap::new(),
            workloads: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            failed: Vec::new(),
            codes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, drawn: &Drawn, outcome: &Outcome) {
        self.runs += 1;
        self.operations += outcome.operations;
        self.acknowledged += outcome.acknowledged;
        self.doubtful += outcome.doubtful;
        self.restarts += outcome.restarts;
        for (fault, count) in &outcome.faults {
            *self.faults.entry(fault.clone()).or_default() += count;
        }
        for workload in &drawn.workloads {
            *self.workloads.entry((*workload).to_owned()).or_default() += 1;
        }
        *self.verdicts.entry(word(outcome.code).to_owned()).or_default() += 1;
        if outcome.code != 0 {
            self.failed.push((self.runs, drawn.seed, word(outcome.code).to_owned()));
        }
        self.codes.push(outcome.code);
    }

    /// The worst of all runs.
    pub(super) fn code(&self) -> u8 {
        worst(self.codes.iter().copied())
    }

    /// Writes what is known now: a soak that is ended early leaves its sums.
    pub(super) fn write(&self, home: &Path, drawn: &Drawn, outcome: &Outcome) -> Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(home.join("soak.jsonl"))?;
        writeln!(file, "{}", json!({"run": self.runs, "drawn": drawn, "outcome": outcome}))?;
        Ok(std::fs::write(home.join("summary.json"), serde_json::to_vec_pretty(self)?)?)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, usize>| {
            counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "soak of seed {}: {} runs: {}", self.seed, self.runs, list(&self.verdicts))?;
        writeln!(
            f,
            "  {} operations, {} acknowledged, {} in doubt",
            self.operations, self.acknowledged, self.doubtful
        )?;
        writeln!(f, "  {} restarts; faults: {}", self.restarts, list(&self.faults))?;
        writeln!(f, "  workloads: {}", list(&self.workloads))?;
        for (run, seed, verdict) in &self.failed {
            writeln!(f, "  run {run} of seed {seed}: {verdict}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_false_run_makes_the_soak_false_and_is_named() {
        let drawn = Drawn { seed: 9, servers: 3, workloads: vec!["set"], faults: vec!["kill"] };
        let mut summary = Summary::new(1);
        assert_eq!(summary.code(), 2);
        summary.add(&drawn, &Outcome { operations: 10, restarts: 2, ..Outcome::default() });
        assert_eq!(summary.code(), 0);
        summary.add(&drawn, &Outcome { code: 1, operations: 5, ..Outcome::default() });
        assert_eq!((summary.code(), summary.operations, summary.restarts), (1, 15, 2));
        assert!(summary.to_string().contains("run 2 of seed 9: FALSE"));
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_no_pass() {
        assert_eq!(Outcome::of(Path::new("/nonexistent"), 0).code, 2);
    }
}
