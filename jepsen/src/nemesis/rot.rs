//! F11, F12: files of a stopped server are damaged, or end in a torn write.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::seq::IndexedRandom;
use serde_json::json;

use super::member::{await_voters, may_lose_one, voters};
use super::stage::{Fault, Stage};
use super::table::START;
use crate::disk::rot::{DAMAGES, Damage, KINDS, Kind, damage, files, tear};
use crate::history::MarkerKind;

/// What the disk did to the files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rot {
    /// Damage that must be noticed, or repaired from the others.
    Damaged,
    /// Damage in the midst of the write-ahead log only: the server must refuse to start.
    Wal,
    /// The same on the one server that, besides one that is down, has what a third has missed: those two together must
    /// not go on without it.
    Behind,
    /// A write that the power cut: the server must start.
    Torn,
}

impl Fault for Rot {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // A minority only: nothing else may be missing.
            if !stage.claim("membership") || !stage.claim("clocks") {
                return Ok(());
            }
            if matches!(self, Self::Behind) {
                return behind(stage).await;
            }
            let Some(name) = stage.target().await else { return Ok(()) };
            if !matches!(self, Self::Torn) && !may_lose_one(&stage.scene).await {
                stage.skip("no voter can be spared for good".to_owned());
                return Ok(());
            }
            let before = voters(&stage.scene).await.unwrap_or(0);
            stage.begin(format!("rot: {self:?}").to_lowercase(), std::slice::from_ref(&name));
            stage.scene.cluster.kill(&name, "killed for its disk to rot").await;
            let done = self.spoil(stage, &name)?;
            stage.scene.cluster.start(&name)?;
            if !matches!(self, Self::Torn) {
                stage.scene.cluster.excuse(&name, "its files are damaged");
            }
            let up = stage.await_up(&name, START).await;
            let refused = !stage.scene.cluster.runs(&name);
            if matches!(self, Self::Torn) && !up {
                let what = format!("{name} does not start after a torn write");
                stage.scene.recorder.mark(MarkerKind::Unexpected, what);
            }
            if refused || !up {
                replace(stage, &name).await?;
            }
            let hold = stage.hold;
            tokio::time::sleep(hold).await;
            // It may notice later, when it reads that file: that is allowed, too.
            if !stage.scene.cluster.runs(&name) {
                replace(stage, &name).await?;
            }
            let whole = await_voters(&stage.scene, before, Duration::from_secs(40)).await;
            stage.scene.cluster.accuse(&name);
            stage.bites_if(done.is_some(), json!({"damage": done, "refused": refused, "voters_again": whole}));
            Ok(())
        })
    }
}

impl Rot {
    fn spoil(self, stage: &mut Stage, name: &str) -> Result<Option<String>> {
        let data = stage.scene.cluster.place(name)?.data;
        match self {
            Self::Torn => tear(&data, &mut stage.rng),
            Self::Wal | Self::Behind => {
                let Some(path) = files(&data, Kind::Wal).pop() else { return Ok(None) };
                damage(&path, Damage::Flip, &mut stage.rng)
            }
            Self::Damaged => {
                let kinds: Vec<Kind> = KINDS.into_iter().filter(|kind| !files(&data, *kind).is_empty()).collect();
                let (Some(kind), Some(how)) = (kinds.choose(&mut stage.rng), DAMAGES.choose(&mut stage.rng)) else {
                    return Ok(None);
                };
                let found = files(&data, *kind);
                let Some(path) = found.choose(&mut stage.rng) else { return Ok(None) };
                damage(path, *how, &mut stage.rng)
            }
        }
    }
}

/// One of three misses some writes; then all are down, and the files of one that has them are damaged. Without the
/// third, who has everything, there may be no quorum.
async fn behind(stage: &mut Stage) -> Result<()> {
    let cluster = stage.scene.cluster.clone();
    let Some(all) = stage.targets(3).await else { return Ok(()) };
    let [whole, late, damaged] = all.as_slice() else {
        stage.skip("three servers are wanted".to_owned());
        return Ok(());
    };
    if cluster.members().len() != 3 || !may_lose_one(&stage.scene).await {
        stage.skip("no voter can be spared for good".to_owned());
        return Ok(());
    }
    let before = voters(&stage.scene).await.unwrap_or(0);
    stage.begin("rot: behind", &all);
    cluster.kill(late, "killed to miss something").await;
    tokio::time::sleep(MISSED).await;
    futures::future::join_all([whole, damaged].map(|name| cluster.kill(name, "killed for a disk to rot"))).await;
    let done = Rot::Behind.spoil(stage, damaged)?;
    [late, damaged].into_iter().try_for_each(|name| cluster.start(name))?;
    cluster.excuse(damaged, "its files are damaged");
    let up = stage.await_up(damaged, START).await;
    stage.await_up(late, START).await;
    // Long enough for those two to elect one of them and to take writes, if they do.
    tokio::time::sleep(stage.hold + MISSED).await;
    cluster.start(whole)?;
    stage.await_up(whole, START).await;
    let refused = !cluster.runs(damaged);
    if refused || !up {
        cluster.await_leader(START).await?;
        replace(stage, damaged).await?;
    }
    let again = await_voters(&stage.scene, before, Duration::from_secs(40)).await;
    cluster.accuse(damaged);
    stage.bites_if(done.is_some(), json!({"damage": done, "refused": refused, "voters_again": again}));
    Ok(())
}

/// For how long the late one misses writes, and how long those without the whole one may try.
const MISSED: Duration = Duration::from_millis(2500);

/// The operator's answer to a server that refuses its disk: out with it, and in again as a new one.
async fn replace(stage: &Stage, name: &str) -> Result<()> {
    let cluster = &stage.scene.cluster;
    cluster.kill(name, "its files are damaged").await;
    cluster.wipe(name, &["--rejoin-as-new"])?;
    cluster.start(name)?;
    stage.await_up(name, START).await;
    cluster.accuse(name);
    Ok(())
}
