//! F14: leadership is given away; a follower misses so much that it needs a raft snapshot.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::json;

use super::stage::{Aim, Fault, Stage};
use crate::history::LeaderCase;
use crate::net::{Policy, since};

/// What is forced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Force {
    Transfer,
    /// One follower hears nothing until the log that it needs is purged.
    Snapshot,
}

impl Fault for Force {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Transfer => transfer(stage).await,
                Self::Snapshot => snapshot(stage).await,
            }
        })
    }
}

async fn transfer(stage: &mut Stage) -> Result<()> {
    let cluster = stage.scene.cluster.clone();
    let Some(leader) = cluster.leader().await else {
        stage.skip("nobody leads".to_owned());
        return Ok(());
    };
    stage.begin("leader transfer", std::slice::from_ref(&leader));
    stage.leader_case(LeaderCase::Hit);
    let asked = cluster.setup.system.transfer(cluster.address(&leader)?).await;
    let mut moved = false;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        moved = cluster.leader().await.is_some_and(|now| now != leader);
        if moved {
            break;
        }
    }
    stage.bites_if(asked.is_ok() && moved, json!({"asked": format!("{asked:?}"), "moved": moved}));
    Ok(())
}

async fn snapshot(stage: &mut Stage) -> Result<()> {
    let scene = stage.scene.clone();
    if !stage.claim("network") {
        return Ok(());
    }
    stage.aim = Aim::Follower;
    let Some(name) = stage.target().await else { return Ok(()) };
    let others: Vec<String> = scene.cluster.members().into_iter().filter(|other| *other != name).collect();
    let mut links = scene.links(std::slice::from_ref(&name), &others)?;
    links.extend(scene.links(&others, std::slice::from_ref(&name))?);
    let network = &scene.cluster.setup.network;
    let last = scene.cluster.view(&name).await.map_or(0, |view| view.number("LastLogIndex"));
    let before = network.counters();
    stage.begin("a follower hears nothing until its log is purged elsewhere", std::slice::from_ref(&name));
    links.iter().for_each(|link| network.set(*link, Policy::cut()));
    stage.cuts(&others, std::slice::from_ref(&name));
    let end = tokio::time::Instant::now() + stage.hold * 2;
    let mut purged = 0;
    while tokio::time::Instant::now() < end && purged <= last {
        tokio::time::sleep(Duration::from_millis(250)).await;
        for (_, view) in scene.cluster.views().await.into_iter().filter(|(other, _)| *other != name) {
            // What a raft snapshot holds is purged soon after.
            purged = purged.max(view.number("SnapshotIndex"));
        }
    }
    links.iter().for_each(|link| network.set(*link, Policy::default()));
    let seen = since(&before, &network.counters(), &links);
    stage.bites_if(purged > last && seen.dropped > 0, json!({"last": last, "purged_elsewhere": purged, "wire": seen}));
    Ok(())
}
