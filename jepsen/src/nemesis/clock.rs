//! F6: servers' clocks jump, run wrong, or both by turns. Never the host's.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::stage::{Fault, Stage};
use crate::shim::Clock;

/// What the clock does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bend {
    /// The wall clock is suddenly minutes or hours off.
    Jump,
    /// The wall clock runs too fast or too slow.
    Skew,
    /// The wall clock jumps to and fro.
    Strobe,
    /// The monotonic clock runs wrong by up to two in a hundred: what real quartz never exceeds.
    Drift,
}

const SECOND: i64 = 1_000_000_000;

impl Fault for Bend {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            if !stage.claim("clocks") {
                return Ok(());
            }
            let count = if stage.toss(0.5) { 1 } else { cluster.members().len().div_ceil(2) };
            let Some(targets) = stage.targets(count).await else { return Ok(()) };
            let mut shims = Vec::new();
            for name in &targets {
                shims.push(cluster.shim(name).context("no shim")?);
            }
            let before: u64 = shims.iter().filter_map(|shim| shim.seen().ok()).map(|seen| seen.bent).sum();
            let seconds = stage.rng.random_range(2..7200) * if stage.toss(0.5) { 1 } else { -1 };
            let rate = stage.rng.random_range(1000..20_000) * if stage.toss(0.5) { 1 } else { -1 };
            match self {
                Self::Jump => {
                    stage.begin(format!("wall clock jumps by {seconds} s"), &targets);
                    shims.iter().try_for_each(|shim| shim.bend(Clock::Wall, seconds * SECOND, 0))?;
                    stage.hold().await;
                }
                Self::Skew => {
                    stage.begin(format!("wall clock is {} % wrong", rate / 400), &targets);
                    shims.iter().try_for_each(|shim| shim.bend(Clock::Wall, 0, rate * 25))?;
                    stage.hold().await;
                }
                Self::Drift => {
                    stage.begin(format!("monotonic clock is {rate} in a million wrong"), &targets);
                    shims.iter().try_for_each(|shim| shim.bend(Clock::Monotonic, shim.gained()?, rate))?;
                    stage.hold().await;
                }
                Self::Strobe => {
                    stage.begin(format!("wall clock strobes by {seconds} s"), &targets);
                    let end = tokio::time::Instant::now() + stage.hold;
                    let mut off = true;
                    while tokio::time::Instant::now() < end {
                        let offset = if off { seconds * SECOND } else { 0 };
                        shims.iter().try_for_each(|shim| shim.bend(Clock::Wall, offset, 0))?;
                        off = !off;
                        tokio::time::sleep(Duration::from_millis(150)).await;
                    }
                }
            }
            shims.iter().try_for_each(|shim| shim.heal())?;
            let after: u64 = shims.iter().filter_map(|shim| shim.seen().ok()).map(|seen| seen.bent).sum();
            stage.bites_if(after > before, json!({"bent_readings": after - before}));
            Ok(())
        })
    }
}
