//! Where nodes are, and who is near whom.

use std::time::Duration;

use weft_model::coordinate::{Coordinate, NodeCoordinate};
use weft_model::{NodeName, Topic};

use super::StateView;

impl StateView<'_> {
    /// The places of all nodes that have one, by name.
    #[must_use]
    pub fn coordinates(&self) -> Vec<NodeCoordinate> {
        self.note(Topic::Coordinates);
        self.state.coordinates.values().cloned().collect()
    }

    /// The place of a node.
    #[must_use]
    pub fn coordinate(&self, node: &NodeName) -> Option<NodeCoordinate> {
        self.note(Topic::Coordinates);
        self.state.coordinates.get(node).cloned()
    }

    /// Puts what is near `from` first; what has no known place comes last, and equals stay as they are. Who asks is
    /// not concerned by places that move: they never rest.
    pub fn sort_by_distance<T>(&self, from: &NodeName, rows: &mut [T], node: impl Fn(&T) -> &NodeName) {
        let Some(origin) = self.state.coordinates.get(from) else { return };
        rows.sort_by_cached_key(|row| self.distance(&origin.coord, node(row)));
    }

    fn distance(&self, origin: &Coordinate, to: &NodeName) -> Duration {
        self.state.coordinates.get(to).map_or(Duration::MAX, |place| origin.distance(&place.coord))
    }
}
