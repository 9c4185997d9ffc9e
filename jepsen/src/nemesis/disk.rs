//! F8, F9, F10: syncs that fail, hang or take long, and disks that are full.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::stage::{Fault, Stage};
use super::table::START;
use crate::disk::Ballast;
use crate::history::MarkerKind;
use crate::shim::Syncs;

/// What the disk does.
#[derive(Clone, Copy, Debug)]
pub(super) enum BadDisk {
    /// Syncs fail with EIO: the server must end.
    SyncError,
    /// Syncs do not return for a while.
    SyncHang,
    /// Syncs take long.
    Slow,
    /// No room is left for a while: acknowledgements must stop, nothing may be lost.
    Full,
}

impl Fault for BadDisk {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(name) = stage.target().await else { return Ok(()) };
            match self {
                Self::SyncError => sync_error(stage, &name).await,
                Self::SyncHang => shimmed(stage, &name, "syncs hang", Syncs::Hang).await,
                Self::Slow => {
                    let ms = stage.rng.random_range(20..250);
                    shimmed(stage, &name, &format!("syncs take {ms} ms longer"), Syncs::Slow(ms * 1000)).await
                }
                Self::Full => full(stage, &name).await,
            }
        })
    }
}

async fn sync_error(stage: &mut Stage, name: &str) -> Result<()> {
    let cluster = stage.scene.cluster.clone();
    let shim = cluster.shim(name).context("no shim")?;
    let before = shim.seen()?.failed;
    cluster.excuse(name, "its syncs fail");
    stage.begin("syncs fail", &[name.to_owned()]);
    shim.syncs(Syncs::Fail)?;
    let ended = stage.await_end(name, stage.hold.max(Duration::from_secs(5))).await;
    let failed = shim.seen()?.failed - before;
    shim.syncs(Syncs::Work)?;
    if ended {
        cluster.start(name)?;
        stage.await_up(name, START).await;
    } else if failed > 0 {
        stage.scene.recorder.mark(MarkerKind::Unexpected, format!("{name} runs on after {failed} failed syncs"));
    }
    cluster.accuse(name);
    stage.bites_if(failed > 0, json!({"failed_syncs": failed, "ended": ended}));
    Ok(())
}

async fn shimmed(stage: &mut Stage, name: &str, what: &str, syncs: Syncs) -> Result<()> {
    let shim = stage.scene.cluster.shim(name).context("no shim")?;
    let before = shim.seen()?;
    stage.begin(what, &[name.to_owned()]);
    shim.syncs(syncs)?;
    stage.hold().await;
    shim.syncs(Syncs::Work)?;
    let after = shim.seen()?;
    let touched = after.hung + after.slowed - before.hung - before.slowed;
    stage.bites_if(touched > 0, json!({"syncs": touched}));
    Ok(())
}

async fn full(stage: &mut Stage, name: &str) -> Result<()> {
    let cluster = stage.scene.cluster.clone();
    let disk = cluster.disk(name)?;
    // A server may end, or hold still and go on when there is room again.
    cluster.excuse(name, "its disk is full");
    stage.begin("disk full", &[name.to_owned()]);
    let seen = if disk.has_power() {
        let path = disk.path().to_owned();
        let ballast = tokio::task::spawn_blocking(move || Ballast::fill(&path)).await??;
        stage.hold().await;
        json!({"bytes_taken": ballast.bytes})
    } else {
        let shim = cluster.shim(name).context("no shim")?;
        let before = shim.seen()?.refused;
        shim.full(true)?;
        stage.hold().await;
        shim.full(false)?;
        json!({"writes_refused": shim.seen()?.refused - before})
    };
    let ended = !cluster.runs(name);
    // It may also notice only now; what it does with room again is what counts.
    if stage.await_end(name, Duration::from_millis(500)).await {
        cluster.start(name)?;
    }
    stage.await_up(name, START).await;
    cluster.accuse(name);
    let bites = seen.as_object().is_some_and(|seen| seen.values().any(|count| count.as_u64() > Some(0)));
    stage.bites_if(bites, json!({"seen": seen, "ended": ended}));
    Ok(())
}
