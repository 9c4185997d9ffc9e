//! This server's place on the map of round trip times. Now and then it times a handshake with another server; where
//! that moves it, it says so in the catalog. Nearest-first answers are made of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use weft_api::host::{Cluster, Member, MemberStatus};
use weft_model::coordinate::{Coordinate, DIMENSIONS, NodeCoordinate, Vivaldi};
use weft_model::{Command, NodeName};
use weft_state::{StateView, Store};

/// Between two measurements; some jitter comes on top.
const PAUSE: Duration = Duration::from_secs(15);
/// An answer that takes longer tells of trouble, not of distance.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds. Who moves less need not tell: it is far below what differs between sites.
const NOTABLE_MOVE: f64 = 0.000_2;
/// Of the error.
const NOTABLE_TRUST: f64 = 0.1;

/// What it takes to find the place of one node.
pub(crate) struct Coordinates {
    pub(crate) store: Arc<Store>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) node: NodeName,
}

impl Coordinates {
    /// Measures for as long as the agent runs.
    pub(crate) async fn run(self) {
        let mut vivaldi = Vivaldi::default();
        let mut known = false;
        loop {
            let stored = StateView::new(&self.store.current()).coordinate(&self.node).map(|place| place.coord);
            if let Some(stored) = stored.as_ref().filter(|_| !known) {
                vivaldi = Vivaldi::at(stored.clone());
            }
            known |= stored.is_some();
            self.measure(&mut vivaldi).await;
            if self.is_registered() && stored.is_none_or(|stored| is_notable(&stored, vivaldi.place())) {
                self.tell(vivaldi.place()).await;
            }
            let pause = if known { PAUSE } else { Duration::from_secs(1) };
            sleep(pause.mul_f64(rand::random_range(1.0..1.25))).await;
        }
    }

    fn is_registered(&self) -> bool {
        StateView::new(&self.store.current()).node(&self.node).is_some()
    }

    async fn measure(&self, vivaldi: &mut Vivaldi) {
        let mut others = self.cluster.members();
        others.retain(|member| member.name != self.node && member.status == MemberStatus::Alive);
        vivaldi.retain(|node| others.iter().any(|member| member.name == *node));
        if others.is_empty() {
            return;
        }
        let other = others.swap_remove(rand::random_range(0..others.len()));
        let place = StateView::new(&self.store.current()).coordinate(&other.name);
        let (Some(place), Some(rtt)) = (place, round_trip(&other).await) else { return };
        let direction: [f64; DIMENSIONS] = std::array::from_fn(|_| rand::random_range(-0.5..0.5));
        vivaldi.measured(&other.name, &place.coord, rtt, &direction);
    }

    async fn tell(&self, place: &Coordinate) {
        let own = NodeCoordinate { node: self.node.clone(), segment: String::new(), coord: place.clone() };
        if let Err(error) = self.store.propose(Command::CoordinatesUpdate(vec![own])).await {
            tracing::debug!(%error, "this server's place was not told");
        }
    }
}

/// The time of a TCP handshake: one round trip.
async fn round_trip(member: &Member) -> Option<Duration> {
    let begun = Instant::now();
    let connected = timeout(PATIENCE, TcpStream::connect((member.address.as_str(), member.port))).await;
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
