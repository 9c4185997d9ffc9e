//! F15: all servers are restarted in order, one after the other, as an upgrade does.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rustix::process::Signal;
use serde_json::json;

use super::stage::{Fault, Stage};
use super::table::START;
use crate::history::LeaderCase;

/// SIGTERM, start, next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rolling;

impl Fault for Rolling {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            let members = cluster.members();
            for name in &members {
                if !stage.claim(name) {
                    return Ok(());
                }
            }
            stage.begin("rolling restart", &members);
            stage.leader_case(LeaderCase::Hit);
            let mut back = 0;
            for name in &members {
                cluster.end(name, Signal::TERM, "stopped in order", Duration::from_secs(20)).await;
                cluster.start(name)?;
                back += usize::from(stage.await_up(name, START).await);
                let _ = cluster.await_leader(Duration::from_secs(10)).await;
            }
            stage.bites_if(back == members.len(), json!({"restarted": back}));
            Ok(())
        })
    }
}
