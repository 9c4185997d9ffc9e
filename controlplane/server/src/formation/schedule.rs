//! When each address is greeted next: often at first, rarer when nobody answers, with jitter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// While the cluster is being formed, and afterwards.
const FORMING: Duration = Duration::from_millis(300);
const SETTLED: Duration = Duration::from_secs(3);

/// The addresses and their times.
pub(super) struct Schedule {
    entries: BTreeMap<String, Entry>,
    silent_max: Duration,
}

#[derive(Default)]
struct Entry {
    next: Duration,
    silences: u32,
    under_way: bool,
}

impl Schedule {
    /// Silent addresses are asked again after this time at the latest.
    pub(super) fn new(silent_max: Duration) -> Self {
        Self { entries: BTreeMap::new(), silent_max }
    }

    /// Which of the targets are to be greeted now. `share` is a draw between 0 and 1.
    pub(super) fn due(&mut self, targets: BTreeSet<String>, now: Duration, settled: bool, share: f64) -> Vec<String> {
        self.entries.retain(|address, _| targets.contains(address));
        let mut due = Vec::new();
        for address in targets {
            let entry = self.entries.entry(address.clone()).or_default();
            if entry.under_way || entry.next > now {
                continue;
            }
            let rest = if settled { SETTLED } else { FORMING };
            let rest = (rest * 2u32.saturating_pow(entry.silences.min(8))).min(self.silent_max.max(rest));
            entry.next = now + rest.mul_f64(0.75 + share / 2.0);
            entry.under_way = true;
            due.push(address);
        }
        due
    }

    /// How the last greeting went.
    pub(super) fn note(&mut self, address: &str, answered: bool) {
        if let Some(entry) = self.entries.get_mut(address) {
            entry.under_way = false;
            entry.silences = if answered { 0 } else { entry.silences + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_addresses_are_asked_less_and_less_and_for_ever() {
        let silent_max = Duration::from_secs(10);
        let mut schedule = Schedule::new(silent_max);
        let targets = BTreeSet::from(["a:1".to_owned()]);
        let (mut now, mut asked) = (Duration::ZERO, Vec::new());
        while now < Duration::from_secs(120) {
            for address in schedule.due(targets.clone(), now, false, 0.5) {
                schedule.note(&address, false);
                asked.push(now);
            }
            now += Duration::from_millis(100);
        }
        assert_eq!(asked[1] - asked[0], FORMING);
        assert!(asked[asked.len() - 1] > Duration::from_secs(109));
        schedule.note("a:1", true);
        let again = schedule.due(targets.clone(), now + silent_max * 2, false, 0.5);
        schedule.note("a:1", true);
        let soon = schedule.due(targets, now + silent_max * 2 + FORMING, false, 0.5);
        assert_eq!((again.len(), soon.len()), (1, 1));
    }
}
