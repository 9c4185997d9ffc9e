//! F7: the power fails, under one server, some, or all at once. What was not synced is gone.

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::stage::{Fault, Stage};

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
            targets.iter().for_each(|name| cluster.excuse(name, "the power failed"));
            let mut cut = 0;
            for name in &targets {
                cluster.disk(name)?.cut_power()?;
                cut += 1;
            }
            futures::future::join_all(targets.iter().map(|name| cluster.kill(name, "the power failed"))).await;
            for name in &targets {
                let disk = cluster.disk(name)?;
                tokio::task::spawn_blocking(move || disk.power_on()).await??;
            }
            let pause = stage.hold / 4;
            tokio::time::sleep(pause).await;
            targets.iter().try_for_each(|name| cluster.start(name))?;
            let up = stage.await_all(&targets).await;
            stage.bites(json!({"file_systems_cut": cut, "back": up, "dirty_bytes_of_the_machine": unsynced}));
            // A while of load before the next fault: only what was acknowledged can be lost.
            tokio::time::sleep(stage.hold).await;
            Ok(())
        })
    }
}

/// What the machine holds that is not on any disk yet.
fn dirty_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let row = text.lines().find_map(|line| line.strip_prefix("Dirty:"))?;
    row.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}
