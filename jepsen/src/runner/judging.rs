//! The verdict on a run's folder, and how it is told.

use std::path::Path;

use anyhow::Result;

use crate::check::{self, Judged, Verdict};
use crate::history::{BandState, RunData};
use crate::report::{self, results};

/// Judges a folder, writes its report and returns the exit code of the verdict.
///
/// # Errors
/// When the folder is no run's, or the report cannot be written.
pub fn judge_dir(dir: &Path) -> Result<u8> {
    let run = RunData::load(dir)?;
    let judged = check::judge(&run, &check::all());
    report::write(dir, &run, &judged)?;
    eprint!("{}", summary(&run, &judged));
    eprintln!("  report: {}", dir.join("index.html").display());
    Ok(check::exit_code(&judged))
}

/// A few lines for people.
#[must_use]
pub fn summary(run: &RunData, judged: &[Judged]) -> String {
    let ok = run.history.iter().filter(|op| op.ok().is_some()).count();
    let doubtful = run.history.iter().filter(|op| op.doubtful()).count();
    let faults = run.nemesis.iter().filter(|band| band.state == BandState::Installed).count();
    let mut text = format!("  {} operations, {ok} ok, {doubtful} in doubt, {faults} faults\n", run.history.len());
    let [under, after] = results::slowness(run);
    text.push_str(&format!(
        "  the machine: {:.1}x slower under faults, {:.1}x afterwards; a sync {:.1} and {:.1} ms\n",
        under.cpu,
        after.cpu,
        under.sync_ns as f64 / 1e6,
        after.sync_ns as f64 / 1e6
    ));
    for one in judged {
        let said = match &one.verdict {
            Verdict::True => "true".to_owned(),
            Verdict::Unknown(why) => format!("unknown: {why}"),
            Verdict::False(findings) => {
                let shown =
                    findings.iter().take(3).map(|found| format!("{} {}: {}", found.what, found.key, found.text));
                let shown: Vec<String> = shown.map(|text| text.chars().take(300).collect()).collect();
                format!("FALSE ({}): {}", findings.len(), shown.join(" | "))
            }
        };
        text.push_str(&format!("  {:<18} {said}\n", one.checker));
    }
    text
}
