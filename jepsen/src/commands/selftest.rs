//! `selftest`: every mistake that is built in on purpose must be caught by the judge that is named for it, right systems
//! must pass, and wrong ones must not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::run::{Where, find};
use super::spaces;
use crate::check::{self, Verdict};
use crate::history::RunData;
use crate::proof::{MUTANTS, Proof};
use crate::runner::Backend;

/// Prove that the harness can fail
#[derive(Debug, Args)]
pub(super) struct Selftest {
    /// Only these, by their names
    #[arg(long, value_delimiter = ',')]
    mutants: Vec<String>,
    /// Only those of every change
    #[arg(long)]
    quick: bool,
    /// Also run etcd and Consul, and demand the right verdicts
    #[arg(long)]
    controls: bool,
    /// A weft that was built with the feature `mutants`; without it, it is built by cargo from this workspace
    #[arg(long, env = "WEFT_MUTANTS_BIN")]
    mutants_bin: Option<PathBuf>,
    /// How often a mutant may go unnoticed before the harness is called broken
    #[arg(long, default_value_t = 3)]
    runs: u64,
    /// How long faults come and go in each run
    #[arg(long, default_value_t = 25)]
    seconds: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    place: Where,
}

/// Other people's software, and what must be said about it.
struct Control {
    system: &'static str,
    scenario: &'static str,
    /// Whoever of these objects, objects.
    judges: &'static [&'static str],
    holds: bool,
}

const CONTROLS: [Control; 4] = [
    Control { system: "etcd", scenario: "control-power", judges: &["C2", "C11"], holds: true },
    // It loses what it acknowledged, or never answers again: then nobody can read what is lost.
    Control { system: "etcd-no-sync", scenario: "control-power", judges: &["C2", "C11"], holds: false },
    Control { system: "consul-consistent", scenario: "control-partition", judges: &["C1"], holds: true },
    Control { system: "consul-stale", scenario: "control-partition", judges: &["C1"], holds: false },
];

impl Selftest {
    pub(super) fn act(&self) -> Result<u8> {
        let mut lines = Vec::new();
        let mut broken = false;
        if self.controls {
            for control in &CONTROLS {
                let right = self.control(control)?;
                broken |= !right;
                let word = if right { "judged right" } else { "JUDGED WRONG" };
                lines.push(format!(
                    "{:<18} {:<18} {} {word}",
                    control.system,
                    control.scenario,
                    control.judges.join(" ")
                ));
            }
        }
        let wanted: Vec<&Proof> = MUTANTS.iter().filter(|proof| self.wants(proof)).collect();
        if !wanted.is_empty() {
            let program = self.program()?;
            for proof in wanted {
                let caught = self.mutant(proof, &program)?;
                broken |= caught.is_none();
                let word = caught.map_or("NOT CAUGHT".to_owned(), |run| format!("caught in run {run}"));
                lines.push(format!(
                    "{:<4} {:<18} {:<4} {word}: {}",
                    proof.mutant, proof.scenario, proof.judge, proof.mistake
                ));
            }
        }
        eprintln!("\nself-test");
        lines.iter().for_each(|line| eprintln!("  {line}"));
        Ok(u8::from(broken))
    }

    fn wants(&self, proof: &Proof) -> bool {
        if self.mutants.is_empty() {
            proof.every_change || !self.quick
        } else {
            self.mutants.iter().any(|name| name == proof.mutant)
        }
    }

    /// The run in which it was caught.
    fn mutant(&self, proof: &Proof, program: &Path) -> Result<Option<u64>> {
        for run in 1..=self.runs {
            let dir = self.dir(&format!("{}-{run}", proof.mutant))?;
            let extra = ["--mutant", proof.mutant, "--seconds", &self.seconds.to_string()].map(str::to_owned);
            let place = Where { weft: program.to_owned(), ..self.place.clone() };
            self.run(proof.scenario, self.seed + run, &dir, &extra, &place)?;
            if is_false(&dir, proof.judge)? {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    fn control(&self, control: &Control) -> Result<bool> {
        for run in 1..=self.runs {
            let dir = self.dir(&format!("{}-{run}", control.system))?;
            let extra = ["--system", control.system].map(str::to_owned);
            self.run(control.scenario, self.seed + run, &dir, &extra, &self.place)?;
            let each = |says: fn(&Path, &str) -> Result<bool>| {
                control.judges.iter().map(|judge| says(&dir, judge)).collect::<Result<Vec<bool>>>()
            };
            let said = each(is_false)?.contains(&true);
            if control.holds {
                return Ok(!said && !each(is_true)?.contains(&false));
            }
            if said {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn run(&self, scenario: &str, seed: u64, dir: &Path, extra: &[String], place: &Where) -> Result<u8> {
        let mut args: Vec<String> = ["run", scenario, "--seed", &seed.to_string(), "--dir"].map(str::to_owned).into();
        args.push(dir.display().to_string());
        args.extend(extra.iter().cloned());
        args.extend(place.args());
        spaces::again(&args, self.place.backend() == Backend::Root)
    }

    fn dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.place.out.join("selftest").join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// A weft that can make mistakes, built and put aside where no other build overwrites it.
    fn program(&self) -> Result<PathBuf> {
        if let Some(program) = &self.mutants_bin {
            return find(program).with_context(|| format!("no program {}", program.display()));
        }
        let built = Command::new("cargo")
            .args([
                "build",
                "--workspace",
                "--bin",
                "weft",
                "--features",
                "weft/mutants",
                "--message-format",
                "json-render-diagnostics",
            ])
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cargo")?;
        ensure!(built.status.success(), "the mutants did not build");
        let text = String::from_utf8_lossy(&built.stdout);
        let program = text.lines().filter_map(executable).next_back().context("cargo named no program")?;
        let copy = self.place.out.join("weft-mutants");
        std::fs::create_dir_all(&self.place.out)?;
        std::fs::copy(&program, &copy).with_context(|| program.display().to_string())?;
        // The program in its usual place is to be the honest one again.
        let again = Command::new("cargo").args(["build", "--workspace", "--bin", "weft"]).status()?;
        ensure!(again.success(), "weft did not build");
        Ok(copy.canonicalize()?)
    }
}

/// The program `weft` in a line of cargo's messages.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let path = PathBuf::from(message.get("executable")?.as_str()?);
    (path.file_name()? == "weft").then_some(path)
}

fn verdict(dir: &Path, judge: &str) -> Result<Option<Verdict>> {
    let run = RunData::load(dir)?;
    let named: Vec<_> =
        check::all().into_iter().filter(|checker| checker.name().split('-').next() == Some(judge)).collect();
    Ok(check::judge(&run, &named).pop().map(|judged| judged.verdict))
}

fn is_false(dir: &Path, judge: &str) -> Result<bool> {
    Ok(matches!(verdict(dir, judge)?, Some(Verdict::False(_))))
}

fn is_true(dir: &Path, judge: &str) -> Result<bool> {
    Ok(verdict(dir, judge)? == Some(Verdict::True))
}
