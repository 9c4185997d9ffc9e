//! What a judge may say.

use serde::{Deserialize, Serialize};

use crate::history::RunData;

/// Unknown is not a pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The promise held in this run.
    True,
    /// It did not, and here is where.
    False(Vec<Finding>),
    /// The run does not tell, for the reason given.
    Unknown(String),
}

/// One broken promise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// A short name of the anomaly, e.g. `not-linearizable`, `G1c`, `lost`.
    pub what: String,
    pub key: String,
    /// In words, with the values that contradict each other.
    pub text: String,
    /// Indexes of the operations that show it, the decisive one last.
    pub ops: Vec<u64>,
}

/// The name of a missed time for which the machine, too slow to tell, may be to blame as well as the server.
pub const UNTOLD: &str = "untold";

/// A judge.
pub trait Checker: Send + Sync {
    /// Its number in the reference and what it looks at, e.g. `C1-linearizable`.
    fn name(&self) -> &'static str;
    /// Whether this run has anything for it to look at.
    fn concerns(&self, run: &RunData) -> bool;
    /// Judges the run.
    fn check(&self, run: &RunData) -> Verdict;
}

/// One judge's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub checker: String,
    pub verdict: Verdict,
    pub took_ms: u64,
}

/// Lets every judge that the run concerns (and its config allows) speak.
#[must_use]
pub fn judge(run: &RunData, checkers: &[Box<dyn Checker>]) -> Vec<Judged> {
    let wanted = &run.config.checkers;
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|prefix| name.starts_with(prefix.as_str()));
    let heard = checkers.iter().filter(|checker| asked(checker.name()) && checker.concerns(run));
    heard
        .map(|checker| {
            let begin = std::time::Instant::now();
            let verdict = checker.check(run);
            let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            Judged { checker: checker.name().to_owned(), verdict, took_ms }
        })
        .collect()
}

/// 0: all true; 1: something is false; 2: nothing is false, but something is unknown or nobody spoke.
#[must_use]
pub fn exit_code(judged: &[Judged]) -> u8 {
    if judged.iter().any(|judged| matches!(judged.verdict, Verdict::False(_))) {
        return 1;
    }
    u8::from(judged.is_empty() || judged.iter().any(|judged| matches!(judged.verdict, Verdict::Unknown(_)))) * 2
}

impl Verdict {
    /// True without findings, else false; unknown when no finding tells more than that a time was missed.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        let (untold, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.what == UNTOLD);
        match untold.into_iter().next() {
            Some(first) if findings.is_empty() => Self::Unknown(format!("{}: {}", first.key, first.text)),
            None if findings.is_empty() => Self::True,
            Some(_) | None => Self::False(findings),
        }
    }
}

impl Finding {
    /// A finding about a key.
    #[must_use]
    pub fn new(what: &str, key: &str, text: impl Into<String>, ops: impl IntoIterator<Item = u64>) -> Self {
        Self { what: what.to_owned(), key: key.to_owned(), text: text.into(), ops: ops.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(verdict: Verdict) -> Judged {
        Judged { checker: "C0".to_owned(), verdict, took_ms: 0 }
    }

    #[test]
    fn unknown_is_not_a_pass_and_false_beats_unknown() {
        assert_eq!(exit_code(&[said(Verdict::True)]), 0);
        assert_eq!(exit_code(&[said(Verdict::True), said(Verdict::Unknown(String::new()))]), 2);
        assert_eq!(exit_code(&[said(Verdict::Unknown(String::new())), said(Verdict::False(Vec::new()))]), 1);
        assert_eq!(exit_code(&[]), 2);
    }

    #[test]
    fn what_cannot_be_told_is_unknown_and_hides_nothing() {
        let untold = || Finding::new(UNTOLD, "k", "late", []);
        assert_eq!(Verdict::of(vec![untold()]), Verdict::Unknown("k: late".to_owned()));
        let lost = Finding::new("lost", "k", "gone", []);
        assert_eq!(Verdict::of(vec![untold(), lost.clone()]), Verdict::False(vec![lost]));
        assert_eq!(Verdict::of(Vec::new()), Verdict::True);
    }
}
