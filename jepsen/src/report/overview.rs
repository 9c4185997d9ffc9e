//! The whole run as a picture: what was answered in each second, above it the faults, one row a kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::html::escape;
use crate::history::{BandState, Outcome, RunData};

const SECOND: u64 = 1_000_000_000;
/// A second is so wide.
const WIDTH: u64 = 10;
const ROW: u64 = 14;
const BARS: u64 = 120;

/// How operations that began in one second ended: ok, fail, info.
type Second = [u64; 3];

/// The picture, or nothing for a run without operations.
#[must_use]
pub fn overview(run: &RunData) -> String {
    let seconds = seconds(run);
    let most = seconds.iter().map(|second| second.iter().sum::<u64>()).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for band in &run.nemesis {
        let next = rows.len() as u64;
        rows.entry(&band.fault).or_insert(next);
    }
    let top = rows.len() as u64 * ROW + 6;
    let (width, height) = (seconds.len() as u64 * WIDTH + 60, top + BARS + 24);
    let mut out = format!("<svg class=\"run\" width=\"{width}\" height=\"{height}\" font-size=\"10\">");
    for (what, ns) in [("faults", run.config.faults_ns), ("healed", run.config.heal_ns), ("end", run.config.end_ns)] {
        let x = across(ns);
        let _ = write!(
            out,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{0}\" stroke=\"#888\"/><text x=\"{x}\" y=\"{1}\">{what} {2} s</text>",
            top + BARS,
            height - 4,
            ns / SECOND
        );
    }
    faults(&mut out, run, &rows);
    for (at, second) in seconds.iter().enumerate() {
        bars(&mut out, at as u64 * WIDTH + 40, top + BARS, second, most);
    }
    let _ = writeln!(out, "<text x=\"0\" y=\"{}\">{most}/s</text></svg>", top + 10);
    out
}

fn across(ns: u64) -> u64 {
    40 + ns * WIDTH / SECOND
}

fn seconds(run: &RunData) -> Vec<Second> {
    let last = run.history.iter().map(|op| op.invoke_ns / SECOND).max().unwrap_or(0);
    let mut seconds = vec![Second::default(); usize::try_from(last).map_or(0, |last| last + 1)];
    for op in &run.history {
        let kind = match op.outcome {
            Outcome::Ok(_) => 0,
            Outcome::Fail(_) => 1,
            Outcome::Info(_) => 2,
        };
        if let Some(second) = usize::try_from(op.invoke_ns / SECOND).ok().and_then(|at| seconds.get_mut(at)) {
            second[kind] += 1;
        }
    }
    seconds
}

fn faults(out: &mut String, run: &RunData, rows: &BTreeMap<&str, u64>) {
    for (fault, row) in rows {
        let _ = write!(out, "<text x=\"0\" y=\"{}\">{}</text>", row * ROW + 11, escape(fault));
    }
    for band in run.nemesis.iter().filter(|band| !matches!(band.state, BandState::Skipped(_))) {
        let (from, to) = (across(band.start_ns), across(band.end_ns.unwrap_or(run.last_ns())));
        let color = if band.state == BandState::Installed { "#5b8fb9" } else { "#bbb" };
        let _ = write!(
            out,
            "<rect x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{color}\"><title>{}</title></rect>",
            rows[band.fault.as_str()] * ROW + 2,
            to.saturating_sub(from).max(2),
            ROW - 3,
            escape(&format!("{} {} {}", band.fault, band.what, band.targets.join(" ")))
        );
    }
}

fn bars(out: &mut String, x: u64, bottom: u64, second: &Second, most: u64) {
    let mut y = bottom;
    for (count, (what, color)) in second.iter().zip([("ok", "#8ccf8c"), ("fail", "#f2a6b8"), ("in doubt", "#f5c96b")]) {
        let height = count * BARS / most;
        y -= height;
        if height > 0 {
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" fill=\"{color}\"><title>{count} {what}</title></rect>",
                WIDTH - 1
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::Script;
    use crate::history::Band;

    #[test]
    fn each_second_and_each_fault_is_drawn() {
        assert!(overview(&RunData::default()).is_empty());
        let mut script = Script::default();
        for at in 0..4 {
            script.ok(at * SECOND, at * SECOND + 5, "register.write", "k", json!(at), json!(true));
        }
        let mut run = script.run(&["s1"]);
        run.nemesis = vec![Band {
            fault: "F1".to_owned(),
            what: "kill <all>".to_owned(),
            state: BandState::Installed,
            start_ns: SECOND,
            end_ns: Some(2 * SECOND),
            ..Band::default()
        }];
        let picture = overview(&run);
        assert_eq!(picture.matches("1 ok").count(), 4);
        assert!(picture.contains("kill &lt;all&gt;") && picture.contains("width=\"10\" height=\"11\""), "{picture}");
    }
}
