//! `index.html`: one file, no network.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::html::{STYLE, escape, row, seconds};
use super::overview::overview;
use super::results::Results;
use super::timeline::timeline;
use crate::check::{Finding, Verdict};
use crate::history::RunData;

/// Pictures are big: so many failing keys get one.
const MOST_TIMELINES: usize = 12;
/// So many findings of one judge are listed.
const MOST_FINDINGS: usize = 200;

/// The page.
#[must_use]
pub fn page(run: &RunData, results: &Results, story: Option<&str>) -> String {
    let title =
        format!("{} seed {} on {}", or(&run.config.scenario, "run"), run.config.seed, or(&run.config.system, "weft"));
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head><body>\n<h1>{0}: {1}</h1>\n",
        escape(&title),
        ["true", "FALSE", "unknown"][usize::from(results.exit.min(2))]
    );
    verdicts(&mut out, results);
    if let Some(story) = story {
        let _ = writeln!(out, "<h2>Story</h2><pre>{}</pre>", escape(story));
    }
    let _ = writeln!(out, "<h2>Run</h2><div class=\"line\">{}</div>", overview(run));
    machine(&mut out, results);
    operations(&mut out, results);
    faults(&mut out, run);
    markers(&mut out, run);
    timelines(&mut out, run, results);
    let config = serde_json::to_string_pretty(&run.config).unwrap_or_default();
    let _ = writeln!(out, "<h2>Configuration</h2><pre>{}</pre></body></html>", escape(&config));
    out
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn verdicts(out: &mut String, results: &Results) {
    out.push_str("<h2>Verdicts</h2><table><tr><th>judge</th><th>verdict</th><th>why</th></tr>\n");
    for judged in &results.verdicts {
        let (class, why) = match &judged.verdict {
            Verdict::True => ("true", String::new()),
            Verdict::Unknown(why) => ("unknown", escape(why)),
            Verdict::False(findings) => ("false", findings.iter().take(MOST_FINDINGS).map(finding).collect()),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"{class}\">{class}</td><td>{why}</td></tr>",
            escape(&judged.checker)
        );
    }
    out.push_str("</table>\n");
}

fn finding(finding: &Finding) -> String {
    let ops: Vec<String> = finding.ops.iter().map(u64::to_string).collect();
    format!(
        "<div><b>{}</b> {} {} (ops {})</div>",
        escape(&finding.what),
        escape(&finding.key),
        escape(&finding.text),
        ops.join(" ")
    )
}

fn machine(out: &mut String, results: &Results) {
    out.push_str("<h2>Machine</h2><table><tr><th>when</th><th>waiting for a processor made servers slower by</th><th>a small sync took</th></tr>\n");
    for (when, slow) in ["under faults", "after the healing"].into_iter().zip(results.slowness) {
        out.push_str(&row(&[when, &format!("{:.2}", slow.cpu), &seconds(slow.sync_ns)]));
    }
    out.push_str("</table>\n");
}

fn operations(out: &mut String, results: &Results) {
    out.push_str("<h2>Operations</h2><table><tr><th>kind</th><th>ok</th><th>fail</th><th>info</th><th>ok under faults</th></tr>\n");
    for (kind, count) in &results.operations {
        out.push_str(&row(&[
            kind,
            &count.ok.to_string(),
            &count.fail.to_string(),
            &count.info.to_string(),
            &count.ok_under_faults.to_string(),
        ]));
    }
    out.push_str("</table>\n");
}

fn faults(out: &mut String, run: &RunData) {
    out.push_str("<h2>Faults</h2><table><tr><th>fault</th><th>what</th><th>on</th><th>from</th><th>to</th><th>state</th><th>leader</th><th>observed</th></tr>\n");
    for band in &run.nemesis {
        let to = band.end_ns.map_or("the end".to_owned(), seconds);
        let state = format!("{:?}", band.state);
        let leader = format!("{:?}", band.leader);
        let cells = [
            &band.fault,
            &band.what,
            &band.targets.join(" "),
            &seconds(band.start_ns),
            &to,
            &state,
            &leader,
            &band.observed.to_string(),
        ];
        out.push_str(&row(&cells.map(String::as_str)));
    }
    out.push_str("</table>\n");
}

fn markers(out: &mut String, run: &RunData) {
    if run.markers.is_empty() {
        return;
    }
    out.push_str("<h2>Markers</h2><table>\n");
    for marker in run.markers.iter().take(MOST_FINDINGS) {
        out.push_str(&row(&[&seconds(marker.ns), &format!("{:?}", marker.kind), &marker.what]));
    }
    out.push_str("</table>\n");
}

fn timelines(out: &mut String, run: &RunData, results: &Results) {
    let mut drawn: BTreeSet<&str> = BTreeSet::new();
    let findings = results.verdicts.iter().filter_map(|judged| match &judged.verdict {
        Verdict::False(findings) => Some(findings),
        Verdict::True | Verdict::Unknown(_) => None,
    });
    for (id, finding) in findings.flatten().filter(|finding| !finding.ops.is_empty()).enumerate() {
        if drawn.len() >= MOST_TIMELINES {
            return;
        }
        if drawn.insert(&finding.key) {
            let _ = writeln!(
                out,
                "<h2>{} {}</h2><p>{}</p>",
                escape(&finding.what),
                escape(&finding.key),
                escape(&finding.text)
            );
            out.push_str(&timeline(run, finding, id));
        }
    }
}
