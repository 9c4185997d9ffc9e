//! F2: processes stop where they are, and go on as if no time had passed.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::json;

use super::stage::{Fault, Stage};

/// SIGSTOP and SIGCONT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause;

impl Fault for Pause {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            let members = cluster.members().len();
            let count = if stage.toss(0.25) { members / 2 + 1 } else { 1 };
            let Some(targets) = stage.targets(count).await else { return Ok(()) };
            // Shorter than an election, about as long, and longer than anything that waits for it.
            let long = stage.toss(0.5);
            let pause = if long { stage.hold } else { Duration::from_millis(300) };
            stage.begin(format!("pause for {} ms", pause.as_millis()), &targets);
            targets.iter().for_each(|name| cluster.pause(name, true));
            tokio::time::sleep(Duration::from_millis(20)).await;
            let stopped = targets.iter().filter(|name| state(&cluster, name) == Some('T')).count();
            tokio::time::sleep(pause).await;
            targets.iter().for_each(|name| cluster.pause(name, false));
            stage.bites_if(stopped == targets.len(), json!({"stopped": stopped}));
            Ok(())
        })
    }
}

/// The state letter of a process.
fn state(cluster: &crate::cluster::Cluster, name: &str) -> Option<char> {
    let (pid, ..) = cluster.incarnation(name)?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}
