//! The run in numbers and verdicts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::check::slowness::Slowness;
use crate::check::{Judged, exit_code};
use crate::history::{Band, Marker, Outcome, RunConfig, RunData};

/// `results.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// 0 true, 1 false, 2 unknown.
    pub exit: u8,
    pub config: RunConfig,
    pub verdicts: Vec<Judged>,
    /// Over the faults, and after the healing: what limits of time were stretched by.
    pub slowness: [Slowness; 2],
    /// By kind of operation.
    pub operations: BTreeMap<String, Count>,
    pub faults: Vec<Band>,
    pub markers: Vec<Marker>,
}

/// How operations of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub ok: u64,
    pub fail: u64,
    pub info: u64,
    /// Those of `ok` that began between the first fault and the healing.
    pub ok_under_faults: u64,
}

impl Results {
    /// Gathers a run and its verdicts.
    #[must_use]
    pub fn of(run: &RunData, judged: &[Judged]) -> Self {
        let mut operations: BTreeMap<String, Count> = BTreeMap::new();
        for op in &run.history {
            let count = operations.entry(op.kind.clone()).or_default();
            match op.outcome {
                Outcome::Ok(_) => {
                    count.ok += 1;
                    let under = (run.config.faults_ns..run.config.heal_ns).contains(&op.invoke_ns);
                    count.ok_under_faults += u64::from(under);
                }
                Outcome::Fail(_) => count.fail += 1,
                Outcome::Info(_) => count.info += 1,
            }
        }
        Self {
            exit: exit_code(judged),
            config: run.config.clone(),
            verdicts: judged.to_vec(),
            slowness: slowness(run),
            operations,
            faults: run.nemesis.clone(),
            markers: run.markers.clone(),
        }
    }
}

/// Over the faults, and after the healing.
#[must_use]
pub fn slowness(run: &RunData) -> [Slowness; 2] {
    let config = &run.config;
    [(config.faults_ns, config.heal_ns), (config.heal_ns, config.end_ns)].map(|(from, to)| Slowness::of(run, from, to))
}
