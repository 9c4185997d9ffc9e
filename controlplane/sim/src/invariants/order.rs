//! I4: an index is never used twice, and rises: what is asked after an answer gets a higher one.

use std::collections::BTreeSet;

use crate::cluster::Cluster;
use crate::history::{Events, Outcome, Span};

pub(crate) fn check(cluster: &Cluster, events: &Events) {
    let registers = events.registers.iter().filter_map(|register| Some((register.index?, register.span)));
    let issues = events.issues.iter().filter_map(|issue| match issue.outcome {
        Outcome::Done((index, _)) => Some((index, issue.span)),
        Outcome::Failed | Outcome::Unknown => None,
    });
    let mut all: Vec<(u64, Span)> = registers.chain(issues).filter(|(index, _)| *index > 0).collect();
    let mut used = BTreeSet::new();
    for (index, _) in &all {
        if !used.insert(*index) {
            cluster.violated("I4", format!("index {index} was given to two writes"));
        }
    }
    // In the order of the answers, each must lie above all that were answered before it was asked.
    all.sort_by_key(|(_, span)| span.asked);
    let mut by_answer = all.clone();
    by_answer.sort_by_key(|(_, span)| span.answered);
    let mut highest = 0;
    let mut answered = by_answer.iter().peekable();
    for (index, span) in &all {
        while let Some((before, _)) = answered.next_if(|(_, before)| before.answered < span.asked) {
            highest = highest.max(*before);
        }
        if *index <= highest {
            cluster.violated("I4", format!("a write got index {index} after one with {highest} had been answered"));
        }
    }
}
