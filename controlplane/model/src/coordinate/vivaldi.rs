//! How a node finds its place: every measured round trip pulls it towards where it should be, or pushes it away
//! (Vivaldi, with heights and adjustments as in serf). What is random is the caller's.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Coordinate, DIMENSIONS};
use crate::names::NodeName;

/// How fast trust follows what is measured.
const ERROR_RATE: f64 = 0.25;
/// How far one measurement moves the node.
const FORCE_RATE: f64 = 0.25;
/// How many measurements an adjustment is made of.
const ADJUSTMENTS: usize = 20;
/// Of so many measurements of one node the middle one counts.
const FILTERED: usize = 3;
/// How weakly the origin pulls, lest all nodes drift away together.
const GRAVITY: f64 = 150.0;
/// No two different places are nearer.
const NEXT_TO_NOTHING: f64 = 1.0e-6;

/// A node that looks for its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vivaldi {
    place: Coordinate,
    differences: VecDeque<f64>,
    measured: BTreeMap<NodeName, VecDeque<f64>>,
}

impl Vivaldi {
    /// A node that was at this place when it was last heard of.
    #[must_use]
    pub fn at(place: Coordinate) -> Self {
        Self { place, ..Self::default() }
    }

    /// Where the node is.
    #[must_use]
    pub fn place(&self) -> &Coordinate {
        &self.place
    }

    /// Forgets what was measured of nodes that are gone.
    pub fn retain(&mut self, known: impl Fn(&NodeName) -> bool) {
        self.measured.retain(|node, _| known(node));
    }

    /// A round trip to `other` took `rtt`. `direction` says where to go when both are in one place.
    pub fn measured(&mut self, node: &NodeName, other: &Coordinate, rtt: Duration, direction: &[f64; DIMENSIONS]) {
        if !other.is_valid() {
            return;
        }
        let rtt = self.filtered(node, rtt.as_secs_f64()).max(NEXT_TO_NOTHING);
        self.follow(other, rtt, direction);
        self.adjust(other, rtt);
        self.fall(direction);
        if !self.place.is_valid() {
            *self = Self::default();
        }
    }

    fn filtered(&mut self, node: &NodeName, rtt: f64) -> f64 {
        let recent = self.measured.entry(node.clone()).or_default();
        recent.push_back(rtt);
        if recent.len() > FILTERED {
            recent.pop_front();
        }
        let mut sorted: Vec<f64> = recent.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    fn follow(&mut self, other: &Coordinate, rtt: f64, direction: &[f64; DIMENSIONS]) {
        let distance = self.place.distance(other).as_secs_f64();
        let wrongness = (distance - rtt).abs() / rtt;
        let weight = self.place.error / (self.place.error + other.error).max(NEXT_TO_NOTHING);
        let share = ERROR_RATE * weight;
        self.place.error = (wrongness * share + self.place.error * (1.0 - share)).min(Coordinate::ERROR_MAX);
        self.push(FORCE_RATE * weight * (rtt - distance), other, direction);
    }

    /// Moves away from `other` by so much, or towards it.
    fn push(&mut self, force: f64, other: &Coordinate, direction: &[f64; DIMENSIONS]) {
        let difference: Vec<f64> = self.place.vec.iter().zip(&other.vec).map(|(own, other)| own - other).collect();
        let apart = length(&difference);
        let is_apart = apart > NEXT_TO_NOTHING;
        let (way, scale) = if is_apart { (&difference[..], apart) } else { (&direction[..], length(direction)) };
        if scale > NEXT_TO_NOTHING {
            for (own, part) in self.place.vec.iter_mut().zip(way) {
                *own += part / scale * force;
            }
        }
        if is_apart {
            let height = (self.place.height + other.height) * force / apart + self.place.height;
            self.place.height = height.max(Coordinate::HEIGHT_MIN);
        }
    }

    fn adjust(&mut self, other: &Coordinate, rtt: f64) {
        self.differences.push_back(rtt - self.place.raw_distance(other));
        if self.differences.len() > ADJUSTMENTS {
            self.differences.pop_front();
        }
        let window = u32::try_from(ADJUSTMENTS).map_or(1.0, f64::from);
        self.place.adjustment = self.differences.iter().sum::<f64>() / (2.0 * window);
    }

    fn fall(&mut self, direction: &[f64; DIMENSIONS]) {
        let origin = Coordinate::default();
        let distance = origin.distance(&self.place).as_secs_f64();
        self.push(-(distance / GRAVITY).powi(2), &origin, direction);
    }
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same numbers in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(self.0 >> 33).unwrap_or(0)) / f64::from(u32::MAX >> 1)
        }
    }

    #[test]
    fn nodes_find_the_places_that_their_round_trips_tell() {
        // Two sites with 40 ms between them, 1 ms inside.
        let site = |node: usize| node % 2;
        let rtt = |a: usize, b: usize| Duration::from_micros(if site(a) == site(b) { 1_000 } else { 40_000 });
        let mut dice = Dice(7);
        let mut nodes: Vec<Vivaldi> = (0..6).map(|_| Vivaldi::default()).collect();
        let names: Vec<NodeName> = (0..6).map(|node| format!("n{node}").into()).collect();
        for round in 0..3_000 {
            let (a, b) = (round % 6, (round / 6 + round + 1) % 6);
            if a != b {
                let other = nodes[b].place().clone();
                let direction = std::array::from_fn(|_| dice.roll() - 0.5);
                nodes[a].measured(&names[b], &other, rtt(a, b), &direction);
            }
        }
        for a in 0..6 {
            for b in (0..6).filter(|b| *b != a) {
                let (told, real) = (nodes[a].place().distance(nodes[b].place()), rtt(a, b));
                let off = told.as_secs_f64() - real.as_secs_f64();
                assert!(off.abs() < 0.004, "from {a} to {b}: {told:?} and not {real:?}");
            }
            assert!(nodes[a].place().error < 0.5, "{}", nodes[a].place().error);
        }
    }

    #[test]
    fn one_slow_answer_is_not_believed() {
        let mut node = Vivaldi::default();
        let (other, direction) = (Coordinate::default(), [1.0; DIMENSIONS]);
        for _ in 0..50 {
            node.measured(&"a".into(), &other, Duration::from_millis(2), &direction);
        }
        let before = node.place().clone();
        node.measured(&"a".into(), &other, Duration::from_secs(2), &direction);
        assert!(before.distance(node.place()) < Duration::from_millis(10));
        node.retain(|_| false);
        assert!(node.measured.is_empty());
    }
}
