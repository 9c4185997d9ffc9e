//! C10: processes end as expected, say nothing of a panic, and give back what they took.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::verdict::{Checker, Finding, Verdict};
use crate::history::{RunData, Sample};

/// C10.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process;

/// Words that no log of a healthy server has.
const ALARMS: [&str; 6] =
    ["panicked at", "RUST_BACKTRACE", "AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "stack overflow"];

/// What a process holds, and how much more of it the end may have than the beginning.
type Measure = (&'static str, fn(&Sample) -> Option<u64>, fn(u64) -> u64);

const MEASURES: [Measure; 5] = [
    ("open files", |sample| sample.fds, |base| base + base / 2 + 40),
    ("threads", |sample| sample.threads, |base| base + base / 2 + 16),
    ("tasks", |sample| sample.tasks, |base| base + base / 2 + 60),
    ("resident bytes", |sample| sample.rss_bytes, |base| base * 2 + (192 << 20)),
    ("disk bytes", |sample| sample.disk_bytes, |base| base * 2 + (256 << 20)),
];

impl Checker for Process {
    fn name(&self) -> &'static str {
        "C10-process"
    }

    fn concerns(&self, _: &RunData) -> bool {
        true
    }

    fn check(&self, run: &RunData) -> Verdict {
        let mut findings = Vec::new();
        for (name, path) in &run.logs {
            match alarm(path) {
                Ok(Some((line, text))) => {
                    findings.push(Finding::new("alarm-in-log", name, format!("line {line}: {text}"), []))
                }
                Ok(None) => {}
                Err(error) => return Verdict::Unknown(format!("log {name}: {error}")),
            }
        }
        for exit in run.exits.iter().filter(|exit| !exit.expected) {
            let text = format!(
                "ended by itself at {} ns: code {:?}, signal {:?} {}",
                exit.ns, exit.code, exit.signal, exit.why
            );
            findings.push(Finding::new("unexpected-exit", &exit.server, text, []));
        }
        findings.extend(grown(run));
        Verdict::of(findings)
    }
}

fn alarm(path: &Path) -> std::io::Result<Option<(usize, String)>> {
    for (at, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
        let line = line?;
        let text = String::from_utf8_lossy(&line);
        if ALARMS.iter().any(|word| text.contains(word)) {
            return Ok(Some((at + 1, text.chars().take(400).collect())));
        }
    }
    Ok(None)
}

/// Compares the quiet before the faults with the quiet after the healing, within what may differ between two
/// starts of a process.
fn grown(run: &RunData) -> Vec<Finding> {
    let mut by_server: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in &run.samples {
        by_server.entry(&sample.server).or_default().push(sample);
    }
    let mut findings = Vec::new();
    for (server, samples) in by_server {
        let before: Vec<&Sample> = samples.iter().copied().filter(|sample| sample.ns < run.config.faults_ns).collect();
        let after: Vec<&Sample> =
            samples.iter().copied().filter(|sample| sample.ns >= run.config.end_ns && run.config.end_ns > 0).collect();
        for (what, measure, allowed) in MEASURES {
            let most = before.iter().filter_map(|sample| measure(sample)).max();
            let least = after.iter().filter_map(|sample| measure(sample)).min();
            let (Some(most), Some(least)) = (most, least) else { continue };
            if least > allowed(most) {
                let text = format!(
                    "{what}: {most} before the faults, still {least} after the end (allowed {})",
                    allowed(most)
                );
                findings.push(Finding::new("not-given-back", server, text, []));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;

    use super::*;
    use crate::check::testing::whats;
    use crate::history::Exit;

    #[test]
    fn a_panic_in_a_log_is_seen() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "all is well").unwrap();
        let mut run = RunData::default();
        run.logs.insert("a.log".to_owned(), log.path().to_owned());
        assert_eq!(Process.check(&run), Verdict::True);
        writeln!(log, "thread 'main' panicked at src/x.rs:1").unwrap();
        assert_eq!(whats(&Process.check(&run)), ["alarm-in-log"]);
    }

    #[test]
    fn an_exit_that_nobody_wanted_is_seen() {
        let exit = |expected| Exit { server: "a".to_owned(), expected, ..Exit::default() };
        let run = |expected| RunData { exits: vec![exit(expected)], ..RunData::default() };
        assert_eq!(Process.check(&run(true)), Verdict::True);
        assert_eq!(whats(&Process.check(&run(false))), ["unexpected-exit"]);
    }

    #[test]
    fn tasks_must_come_back_to_the_baseline() {
        let sample = |ns, tasks| Sample { ns, server: "a".to_owned(), tasks: Some(tasks), ..Sample::default() };
        let mut run = RunData::default();
        (run.config.faults_ns, run.config.end_ns) = (10, 100);
        run.samples = vec![sample(1, 100), sample(50, 5000), sample(101, 120)];
        assert_eq!(Process.check(&run), Verdict::True);
        run.samples.pop();
        run.samples.push(sample(101, 900));
        assert_eq!(whats(&Process.check(&run)), ["not-given-back"]);
    }
}
