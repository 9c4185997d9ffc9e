//! An agent's place on the map of round trip times. Now and then it times a handshake with a server; where
//! that moves it, it says so in the catalog. Nearest-first answers are made of it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use weft_model::catalog::Node;
use weft_model::coordinate::{Coordinate, DIMENSIONS, NodeCoordinate, Vivaldi};
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{Command, NodeName};
use weft_state::{Instance, StateView, Store};

use crate::node::SERVER_SERVICE;

/// Between two measurements; some jitter comes on top.
const PAUSE: Duration = Duration::from_secs(15);
/// An answer that takes longer tells of trouble, not of distance.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds. Who moves less need not tell: it is far below what differs between sites.
const NOTABLE_MOVE: f64 = 0.000_2;
/// Of the error.
const NOTABLE_TRUST: f64 = 0.1;

/// What the catalog says of places, to one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Places {
    /// Whether it has that node.
    pub(crate) is_registered: bool,
    pub(crate) own: Option<Coordinate>,
    /// The other servers that are alive.
    pub(crate) servers: Vec<Place>,
}

/// A server, where it can be reached, and its place if it has told one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub(crate) node: NodeName,
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) place: Option<Coordinate>,
}

impl Places {
    /// As the state has them.
    pub(crate) fn of(view: &StateView<'_>, node: &NodeName) -> Self {
        let place = |node: &NodeName| view.coordinate(node).map(|place| place.coord);
        let is_alive = |node: &NodeName| {
            view.check(node, &SERF_HEALTH.into()).is_some_and(|check| check.value.status != CheckStatus::Critical)
        };
        let servers = view.instances(&SERVER_SERVICE.into()).into_iter();
        let others = servers.filter(|server| {
            let (own, service) = (&server.node.value.name, &server.service.value);
            own != node && service.id == SERVER_SERVICE && service.port != 0 && is_alive(own)
        });
        let server = |server: Instance| {
            let Node { name, address, .. } = &*server.node.value;
            Place { node: name.clone(), address: address.clone(), port: server.service.value.port, place: place(name) }
        };
        Self { is_registered: view.node(node).is_some(), own: place(node), servers: others.map(server).collect() }
    }
}

/// Where places are read and told.
pub(crate) trait Map: Send + Sync {
    /// `None`: they cannot be read now.
    fn places(&self, node: &NodeName) -> impl Future<Output = Option<Places>> + Send;

    /// Tells this node's; whether it may.
    fn tell(&self, own: NodeCoordinate) -> impl Future<Output = bool> + Send;
}

/// That of a server.
pub(crate) struct CatalogMap {
    pub(crate) store: Arc<Store>,
}

impl Map for CatalogMap {
    async fn places(&self, node: &NodeName) -> Option<Places> {
        Some(Places::of(&StateView::new(&self.store.current()), node))
    }

    async fn tell(&self, own: NodeCoordinate) -> bool {
        if let Err(error) = self.store.propose(Command::CoordinatesUpdate(vec![own])).await {
            tracing::debug!(%error, "this server's place was not told");
        }
        true
    }
}

/// What it takes to find the place of one node.
pub(crate) struct Coordinates<M> {
    pub(crate) map: M,
    pub(crate) node: NodeName,
}

impl<M: Map> Coordinates<M> {
    /// Measures for as long as the agent runs.
    pub(crate) async fn run(self) {
        let mut vivaldi = Vivaldi::default();
        let mut known = false;
        loop {
            let mut is_heard = true;
            if let Some(places) = self.map.places(&self.node).await {
                if let Some(stored) = places.own.as_ref().filter(|_| !known) {
                    vivaldi = Vivaldi::at(stored.clone());
                }
                known |= places.own.is_some();
                measure(&mut vivaldi, &places.servers).await;
                if places.is_registered && places.own.is_none_or(|stored| is_notable(&stored, vivaldi.place())) {
                    let (node, coord) = (self.node.clone(), vivaldi.place().clone());
                    is_heard = self.map.tell(NodeCoordinate { node, segment: String::new(), coord }).await;
                }
            }
            let pause = if known || !is_heard { PAUSE } else { Duration::from_secs(1) };
            sleep(pause.mul_f64(rand::random_range(1.0..1.25))).await;
        }
    }
}

/// Moves by the distance of one of the others.
async fn measure(vivaldi: &mut Vivaldi, others: &[Place]) {
    vivaldi.retain(|node| others.iter().any(|other| other.node == *node));
    if others.is_empty() {
        return;
    }
    let other = &others[rand::random_range(0..others.len())];
    let (Some(place), Some(rtt)) = (&other.place, round_trip(other).await) else { return };
    let direction: [f64; DIMENSIONS] = std::array::from_fn(|_| rand::random_range(-0.5..0.5));
    vivaldi.measured(&other.node, place, rtt, &direction);
}

/// The time of a TCP handshake: one round trip.
async fn round_trip(other: &Place) -> Option<Duration> {
    let begun = Instant::now();
    let connected = timeout(PATIENCE, TcpStream::connect((other.address.as_str(), other.port))).await;
    let took = begun.elapsed();
    connected.ok()?.ok().map(|_| took)
}

fn is_notable(stored: &Coordinate, now: &Coordinate) -> bool {
    let parts = stored.vec.iter().zip(&now.vec).map(|(a, b)| a - b);
    let heights = [stored.height - now.height, stored.adjustment - now.adjustment];
    let moved = parts.chain(heights).map(|part| part * part).sum::<f64>().sqrt();
    moved > NOTABLE_MOVE || (stored.error - now.error).abs() > NOTABLE_TRUST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_move_worth_telling_is_told() {
        let stored = Coordinate::default();
        let mut now = stored.clone();
        assert!(!is_notable(&stored, &now));
        now.vec[3] += NOTABLE_MOVE / 2.0;
        assert!(!is_notable(&stored, &now));
        now.height += 2.0 * NOTABLE_MOVE;
        assert!(is_notable(&stored, &now));
        assert!(is_notable(&stored, &Coordinate { error: 0.5, ..stored.clone() }));
    }
}
