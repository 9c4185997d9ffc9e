//! F7: the power fails, under one server, some, or all at once. What was not synced is gone.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::stage::{Fault, Stage};
use crate::cluster::Cluster;

/// Whose power.
#[derive(Clone, Copy, Debug)]
pub(super) enum Power {
    Some,
    All,
}

impl Fault for Power {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            let members = cluster.members().len();
            let count = match self {
                Self::Some => stage.rng.random_range(1..members.max(2)),
                Self::All => members,
            };
            let Some(targets) = stage.targets(count).await else { return Ok(()) };
            stage.begin(format!("power cut of {}", targets.len()), &targets);
            let unsynced = dirty_bytes();
            // Power that comes back may fail again at once: that is when servers vote.
            let again = matches!(self, Self::All) && stage.toss(0.6);
            let mut cut = fail(stage, &cluster, &targets).await?;
            if again {
                stage.await_all(&targets).await;
                let election = Duration::from_millis(stage.rng.random_range(200..2500));
                tokio::time::sleep(election).await;
                cut += fail(stage, &cluster, &targets).await?;
            }
            let up = stage.await_all(&targets).await;
            stage.bites(json!({"file_systems_cut": cut, "back": up, "dirty_bytes_of_the_machine": unsynced}));
            // A while of load before the next fault: only what was acknowledged can be lost.
            tokio::time::sleep(stage.hold).await;
            Ok(())
        })
    }
}

/// Cuts the power of these servers, and gives it back; how many file systems were cut.
async fn fail(stage: &Stage, cluster: &Cluster, targets: &[String]) -> Result<usize> {
    targets.iter().for_each(|name| cluster.excuse(name, "the power failed"));
    // Stopped first, so that nothing is said any more: a sync that is under way while ext4 is shut down is reported as done,
    // though what it was to write is gone.
    targets.iter().for_each(|name| cluster.pause(name, true));
    for name in targets {
        cluster.disk(name)?.cut_power()?;
    }
    futures::future::join_all(targets.iter().map(|name| cluster.kill(name, "the power failed"))).await;
    for name in targets {
        let disk = cluster.disk(name)?;
        tokio::task::spawn_blocking(move || disk.power_on()).await??;
    }
    tokio::time::sleep(stage.hold / 4).await;
    targets.iter().try_for_each(|name| cluster.start(name))?;
    Ok(targets.len())
}

/// What the machine holds that is not on any disk yet.
fn dirty_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let row = text.lines().find_map(|line| line.strip_prefix("Dirty:"))?;
    row.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}
