//! The heartbeat: the servers hear that this agent is there, and it hears which servers there are.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use weft_model::secret::Secret;

use super::servers::{Connection, Lost, Servers};
use crate::clients::message::{BEAT, Beat, Welcome};

/// The pause between two; after six seconds of silence the agent counts as failed.
const EVERY: Duration = Duration::from_millis(1500);

/// The pause after a failure.
const AGAIN: Duration = Duration::from_millis(250);

const ANSWER_MAX: Duration = Duration::from_millis(1500);

/// For how long a server may be without a leader before another one is tried, which may have one.
const OUT_OF_TOUCH: Duration = Duration::from_secs(3);

/// Runs for ever.
pub(super) async fn run(servers: Servers) {
    let mut in_touch = Instant::now();
    let beat = Beat { node: servers.node().name.clone() };
    loop {
        let Ok(connection) = servers.connection().await else {
            sleep(AGAIN).await;
            continue;
        };
        match once(&servers, &connection, &beat).await {
            Ok(welcome) if welcome.in_touch => in_touch = Instant::now(),
            Ok(_) if in_touch.max(connection.since).elapsed() > OUT_OF_TOUCH => {
                tracing::warn!(server = connection.address, "the server has lost its leader: trying another one");
                servers.abandon(&connection);
                continue;
            }
            Ok(_) => {}
            Err(lost) => {
                tracing::debug!(%lost, "a heartbeat was lost");
                servers.abandon(&connection);
                sleep(AGAIN).await;
                continue;
            }
        }
        sleep(EVERY.mul_f64(0.9 + 0.1 * rand::random::<f64>())).await;
    }
}

async fn once(servers: &Servers, connection: &Connection, beat: &Beat) -> Result<Welcome, Lost> {
    let welcome: Welcome = connection.ask(BEAT, beat, &Secret::default(), ANSWER_MAX).await?;
    servers.note(&welcome);
    Ok(welcome)
}
