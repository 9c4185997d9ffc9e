//! F1: processes die and come back.

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::json;

use super::stage::{Fault, Stage};

/// How many die.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kill {
    One,
    Majority,
    All,
}

impl Kill {
    pub(super) fn count(self, members: usize) -> usize {
        match self {
            Self::One => 1,
            Self::Majority => members / 2 + 1,
            Self::All => members,
        }
    }
}

impl Fault for Kill {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            let Some(targets) = stage.targets(self.count(cluster.members().len())).await else { return Ok(()) };
            stage.begin(format!("kill -9 {self:?}").to_lowercase(), &targets);
            futures::future::join_all(targets.iter().map(|name| cluster.kill(name, "killed by the nemesis"))).await;
            let dead = targets.iter().all(|name| !cluster.runs(name));
            stage.hold().await;
            targets.iter().try_for_each(|name| cluster.start(name))?;
            let up = stage.await_all(&targets).await;
            stage.bites_if(dead, json!({"killed": targets.len(), "back": up}));
            Ok(())
        })
    }
}
