//! One failing key as a picture: time runs down, a column a process, a bar an operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::html::{escape, seconds};
use crate::check::Finding;
use crate::check::linear::{Found, key_ops, search_key};
use crate::history::{Band, BandState, Op, Outcome, RunData};

/// More bars than this help nobody.
const MOST_BARS: usize = 10_000;

/// What the register's search says about operations of the key.
#[derive(Default)]
struct Placement {
    /// The place of an operation in the longest legal beginning.
    placed: BTreeMap<u64, usize>,
    stuck: Option<u64>,
}

/// The picture of a finding's key, and the id of its first error.
#[must_use]
pub fn timeline(run: &RunData, finding: &Finding, id: usize) -> String {
    let named: BTreeSet<u64> = finding.ops.iter().copied().collect();
    let concerns = |op: &&Op| (!finding.key.is_empty() && op.key == finding.key) || named.contains(&op.index);
    let mut ops: Vec<&Op> = run.history.iter().filter(concerns).collect();
    let all = ops.len();
    // The end of the story is what matters: the last bars are kept, and those that the finding names.
    if all > MOST_BARS {
        let skip = all - MOST_BARS;
        ops = ops
            .into_iter()
            .enumerate()
            .filter(|(at, op)| *at >= skip || named.contains(&op.index))
            .map(|(_, op)| op)
            .collect();
    }
    let (Some(from), Some(to)) =
        (ops.iter().map(|op| op.invoke_ns).min(), ops.iter().map(|op| op.return_ns.unwrap_or(op.invoke_ns)).max())
    else {
        return String::new();
    };
    let placement = place(run, finding);
    let scale = Scale::new(from, to, ops.len());
    let mut columns: BTreeMap<u64, usize> = BTreeMap::new();
    for op in &ops {
        let next = columns.len();
        columns.entry(op.process).or_insert(next);
    }
    let first = placement.stuck.or(finding.ops.last().copied());
    let mut out = String::new();
    let _ = write!(
        out,
        "<p><a href=\"#op-{id}-{}\">jump to the first error</a>; {} of {all} operations shown</p>",
        first.unwrap_or(0),
        ops.len()
    );
    let _ = write!(
        out,
        "<div class=\"line\" style=\"height:{}px;min-width:{}px\">",
        scale.height + 40,
        columns.len() * 18 + 20
    );
    for band in &run.nemesis {
        out.push_str(&band_box(band, &scale));
    }
    for op in &ops {
        out.push_str(&bar(op, columns[&op.process], &scale, &placement, &named, id));
    }
    out.push_str("</div>\n");
    out
}

fn place(run: &RunData, finding: &Finding) -> Placement {
    if finding.what != "not-linearizable" {
        return Placement::default();
    }
    let Ok(ops) = key_ops(run.of("register"), &finding.key) else { return Placement::default() };
    let Found::Stuck { prefix, stuck } = search_key(&ops, Instant::now() + Duration::from_secs(10)) else {
        return Placement::default();
    };
    let placed = prefix.iter().enumerate().map(|(at, op)| (ops[*op].0, at + 1)).collect();
    Placement { placed, stuck: Some(ops[stuck].0) }
}

/// From nanoseconds to pixels.
struct Scale {
    from: u64,
    span: u64,
    height: u64,
}

impl Scale {
    fn new(from: u64, to: u64, bars: usize) -> Self {
        let height = (bars as u64 * 10).clamp(300, 30_000);
        Self { from, span: (to - from).max(1), height }
    }

    fn top(&self, ns: u64) -> u64 {
        let part =
            u128::from(ns.saturating_sub(self.from).min(self.span)) * u128::from(self.height) / u128::from(self.span);
        u64::try_from(part).unwrap_or(self.height)
    }
}

fn band_box(band: &Band, scale: &Scale) -> String {
    let end = band.end_ns.unwrap_or(u64::MAX);
    if end < scale.from || band.start_ns > scale.from + scale.span {
        return String::new();
    }
    let (top, bottom) = (scale.top(band.start_ns), scale.top(end));
    let class = if band.state == BandState::Installed { "band" } else { "band skipped" };
    let text = escape(&format!("{} {} {}", band.fault, band.what, band.targets.join(" ")));
    format!(
        "<div class=\"{class}\" style=\"top:{top}px;height:{}px\" title=\"{text}\">{text}</div>",
        (bottom - top).max(2)
    )
}

fn bar(op: &Op, column: usize, scale: &Scale, placement: &Placement, named: &BTreeSet<u64>, id: usize) -> String {
    let mut class = match op.outcome {
        Outcome::Ok(_) => "bar ok",
        Outcome::Fail(_) => "bar fail",
        Outcome::Info(_) => "bar info",
    }
    .to_owned();
    let place = placement.placed.get(&op.index);
    if place.is_some() {
        class.push_str(" placed");
    }
    if placement.stuck == Some(op.index) {
        class.push_str(" stuck");
    } else if named.contains(&op.index) {
        class.push_str(" shown");
    }
    let top = scale.top(op.invoke_ns);
    let bottom = scale.top(op.return_ns.unwrap_or(u64::MAX));
    let label = place.map_or(String::new(), usize::to_string);
    format!(
        "<div class=\"{class}\" id=\"op-{id}-{}\" style=\"left:{}px;top:{top}px;height:{}px\" title=\"{}\">{label}</div>",
        op.index,
        column * 18 + 4,
        (bottom - top).max(4),
        escape(&tell(op, place.copied()))
    )
}

fn tell(op: &Op, place: Option<usize>) -> String {
    let end = op.return_ns.map_or("open".to_owned(), seconds);
    let place = place.map_or(String::new(), |place| format!("\nplaced as number {place}"));
    let (term, index) = (
        op.term.map_or(String::new(), |term| format!(" term {term}")),
        op.log_index.map_or(String::new(), |index| format!(" index {index}")),
    );
    format!(
        "op {} by process {} on {}\n{} {} {}\n{} to {end}\n{:?}{term}{index}{place}",
        op.index,
        op.process,
        op.server,
        op.kind,
        op.key,
        op.input,
        seconds(op.invoke_ns),
        op.outcome
    )
}
