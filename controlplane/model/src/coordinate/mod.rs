//! Network coordinates: points whose distances are the times that messages take between nodes.

mod vivaldi;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::NodeName;

pub use vivaldi::Vivaldi;

/// How many axes a coordinate has besides its height.
pub const DIMENSIONS: usize = 8;

/// A node's place. All numbers are seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Coordinate {
    pub vec: Vec<f64>,
    /// How much the place can be trusted: 0 is certain.
    pub error: f64,
    /// What the measurements differ by from the distances, on the whole.
    pub adjustment: f64,
    /// The way from the node to where the axes begin: its access link.
    pub height: f64,
}

/// A node with its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeCoordinate {
    pub node: NodeName,
    pub segment: String,
    pub coord: Coordinate,
}

impl Default for Coordinate {
    /// The origin, where every node begins.
    fn default() -> Self {
        Self { vec: vec![0.0; DIMENSIONS], error: Self::ERROR_MAX, adjustment: 0.0, height: Self::HEIGHT_MIN }
    }
}

impl Coordinate {
    /// Nobody is surer to be wrong than this.
    pub const ERROR_MAX: f64 = 1.5;
    /// No access link is faster than this.
    pub const HEIGHT_MIN: f64 = 10.0e-6;

    /// Whether all numbers are numbers and there are as many as it takes.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let rest = [self.error, self.adjustment, self.height];
        self.vec.len() == DIMENSIONS && self.vec.iter().chain(&rest).all(|number| number.is_finite())
    }

    /// The estimated round trip time between two places.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Duration {
        let raw = self.raw_distance(other);
        let adjusted = raw + self.adjustment + other.adjustment;
        Duration::try_from_secs_f64(if adjusted > 0.0 { adjusted } else { raw }).unwrap_or(Duration::MAX)
    }

    /// Without the adjustments.
    #[must_use]
    pub fn raw_distance(&self, other: &Self) -> f64 {
        let squares = self.vec.iter().zip(&other.vec).map(|(a, b)| (a - b) * (a - b));
        squares.sum::<f64>().sqrt() + self.height + other.height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, height: f64, adjustment: f64) -> Coordinate {
        let mut place = Coordinate { height, adjustment, ..Coordinate::default() };
        place.vec[0] = x;
        place
    }

    #[test]
    fn the_distance_is_the_way_and_both_heights() {
        let (a, b) = (at(0.0, 0.001, 0.0), at(0.01, 0.002, 0.0));
        assert_eq!(a.distance(&b).as_micros(), 13_000);
        assert_eq!(a.distance(&at(0.01, 0.002, 0.001)).as_micros(), 14_000);
        let pulled_below_zero = at(0.01, 0.002, -1.0);
        assert_eq!(a.distance(&pulled_below_zero).as_micros(), 13_000);
    }

    #[test]
    fn only_numbers_are_valid() {
        assert!(Coordinate::default().is_valid());
        assert!(!at(f64::NAN, 0.0, 0.0).is_valid());
        assert!(!Coordinate { vec: vec![0.0], ..Coordinate::default() }.is_valid());
    }
}
