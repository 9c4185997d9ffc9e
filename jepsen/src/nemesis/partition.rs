//! F3, F4: links between servers, or between clients and a server, carry nothing, or refuse.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::seq::SliceRandom;
use serde_json::json;

use super::stage::{Aim, Fault, Stage};
use crate::history::LeaderCase;
use crate::net::{CLIENTS, Pair, Policy, since};

/// Which links.
#[derive(Clone, Copy, Debug)]
pub(super) enum Partition {
    /// Two halves, the leader in the smaller one or in the larger one; sometimes one server alone.
    Halves,
    /// Everyone sees the two neighbours only: no two see the same majority.
    Ring,
    /// Two halves that share one server.
    Bridge,
    /// One server hears but is not heard, or speaks but does not hear.
    OneWay,
    /// One server's links refuse.
    Reset,
    /// The same, on and off: whatever is connected anew is soon lost again.
    Flap,
    /// Clients do not reach one server.
    Clients,
}

/// How long flapping links refuse, and how long they do not.
const FLAP: Duration = Duration::from_millis(150);

/// What is cut: groups of names, from whom to whom.
struct Cut {
    what: &'static str,
    pairs: Vec<(Vec<String>, Vec<String>)>,
    case: LeaderCase,
    targets: Vec<String>,
}

impl Partition {
    fn draw(self, stage: &mut Stage, leader: Option<&String>, mut names: Vec<String>) -> Cut {
        names.shuffle(&mut stage.rng);
        // The leader first or last: the first are the smaller side.
        if let Some(at) = leader.and_then(|leader| names.iter().position(|name| name == leader)) {
            let end = names.len() - 1;
            names.swap(at, if stage.aim == Aim::Leader { 0 } else { end });
        }
        let hit = match (leader, stage.aim) {
            (None, _) => LeaderCase::Unknown,
            (Some(_), Aim::Leader) => LeaderCase::Hit,
            (Some(_), Aim::Follower) => LeaderCase::Spared,
        };
        match self {
            Self::Halves => {
                let alone = stage.toss(0.3);
                let (few, many) = names.split_at(if alone { 1 } else { (names.len() - 1) / 2 });
                let what = if alone { "partition: one alone" } else { "partition: halves" };
                Cut { what, pairs: both(few, many), case: hit, targets: few.to_vec() }
            }
            Self::Ring => {
                Cut { what: "partition: ring", pairs: ring(&names), case: LeaderCase::Unknown, targets: names }
            }
            Self::Bridge => {
                let middle = names.len() / 2;
                let what = "partition: bridge";
                Cut {
                    what,
                    pairs: both(&names[..middle], &names[middle + 1..]),
                    case: LeaderCase::Unknown,
                    targets: names,
                }
            }
            Self::OneWay => {
                let (one, rest) = (names[..1].to_vec(), names[1..].to_vec());
                let deaf = stage.toss(0.5);
                let what =
                    if deaf { "one-way cut: speaks but does not hear" } else { "one-way cut: hears but is not heard" };
                let pair = if deaf { (rest, one.clone()) } else { (one.clone(), rest) };
                Cut { what, pairs: vec![pair], case: hit, targets: one }
            }
            Self::Reset | Self::Flap => Cut {
                what: if matches!(self, Self::Flap) {
                    "links of one server flap"
                } else {
                    "links of one server refuse"
                },
                pairs: both(&names[..1], &names[1..]),
                case: hit,
                targets: names[..1].to_vec(),
            },
            Self::Clients => {
                Cut { what: "clients cut off", pairs: Vec::new(), case: hit, targets: names[..1].to_vec() }
            }
        }
    }
}

fn both(one: &[String], other: &[String]) -> Vec<(Vec<String>, Vec<String>)> {
    vec![(one.to_vec(), other.to_vec()), (other.to_vec(), one.to_vec())]
}

/// Cuts everything but neighbours. Of three servers all are neighbours: one link goes, so that two see only the third.
fn ring(names: &[String]) -> Vec<(Vec<String>, Vec<String>)> {
    let count = names.len();
    if count == 3 {
        return both(&names[..1], &names[1..2]);
    }
    let near = |a: usize, b: usize| a.abs_diff(b) == 1 || a.abs_diff(b) == count - 1;
    let far = |a: usize| (0..count).filter(move |b| *b != a && !near(a, *b)).map(|b| names[b].clone()).collect();
    (0..count).map(|a| (vec![names[a].clone()], far(a))).collect()
}

impl Fault for Partition {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let scene = stage.scene.clone();
            if !stage.claim("network") {
                return Ok(());
            }
            let names = scene.cluster.members();
            let leader = scene.cluster.leader().await;
            if names.len() < 3 {
                stage.skip("fewer than three members".to_owned());
                return Ok(());
            }
            let cut = self.draw(stage, leader.as_ref(), names);
            let mut links: Vec<Pair> = Vec::new();
            for (from, to) in &cut.pairs {
                links.extend(scene.links(from, to)?);
            }
            if matches!(self, Self::Clients) {
                let number = scene.number(&cut.targets[0])?;
                links.extend([(CLIENTS, number), (number, CLIENTS)]);
            }
            let policy = if matches!(self, Self::Reset | Self::Flap) { Policy::reset() } else { Policy::cut() };
            let network = &scene.cluster.setup.network;
            let before = network.counters();
            stage.begin(cut.what, &cut.targets);
            stage.leader_case(cut.case);
            let set = |policy: &Policy| links.iter().for_each(|link| network.set(*link, policy.clone()));
            cut.pairs.iter().for_each(|(from, to)| stage.cuts(from, to));
            let end = tokio::time::Instant::now() + stage.hold;
            while matches!(self, Self::Flap) && tokio::time::Instant::now() < end {
                set(&policy);
                tokio::time::sleep(FLAP).await;
                set(&Policy::default());
                tokio::time::sleep(FLAP).await;
            }
            set(&policy);
            tokio::time::sleep_until(end).await;
            set(&Policy::default());
            let seen = since(&before, &network.counters(), &links);
            stage.bites_if(seen.harmed() > 0, json!(seen));
            // Time for connections to come back before the next fault.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (1..=count).map(|at| format!("s{at}")).collect()
    }

    #[test]
    fn in_a_ring_everyone_keeps_two_neighbours() {
        for (one, cut) in ring(&names(5)) {
            assert_eq!((one.len(), cut.len()), (1, 2));
        }
        let cut = ring(&names(3));
        assert_eq!(cut.len(), 2);
        assert_eq!(cut[0], (vec!["s1".to_owned()], vec!["s2".to_owned()]));
    }
}
