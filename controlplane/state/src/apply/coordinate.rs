//! The places of nodes on the map of round trip times.

use weft_model::coordinate::NodeCoordinate;
use weft_model::{NodeName, Reply, Topic};

use super::Txn;

impl Txn {
    pub(super) fn coordinates_update(&mut self, places: &[NodeCoordinate]) -> Reply {
        for place in places {
            let Some((node, _)) = self.state.nodes.get_key_value(&place.node) else { continue };
            if self.state.coordinates.get(node).is_some_and(|former| former == place) {
                continue;
            }
            self.state.coordinates.insert(node.clone(), place.clone());
            self.touch(Topic::Coordinates);
        }
        Reply::Done
    }

    pub(super) fn remove_coordinate(&mut self, node: &NodeName) {
        if self.state.coordinates.remove(node).is_some() {
            self.touch(Topic::Coordinates);
        }
    }
}
