//! F13: servers join and leave while the rest of the world goes wrong, too.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::json;

use super::scene::Scene;
use super::stage::{Fault, Stage};
use super::table::START;

/// What happens to the membership.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    /// A new server joins, an old one is removed.
    Replace,
    /// An old one loses its disk and comes back under a new id.
    Wipe,
}

/// So many servers there are at most in one run.
const MOST: usize = 9;

impl Fault for Member {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // Whoever joins is refused while its clock is far from the others'.
            if !stage.claim("membership") || !stage.claim("clocks") {
                return Ok(());
            }
            match self {
                Self::Replace => replace(stage).await,
                Self::Wipe => wipe(stage).await,
            }
        })
    }
}

async fn replace(stage: &mut Stage) -> Result<()> {
    let scene = stage.scene.clone();
    let cluster = &scene.cluster;
    if cluster.known() >= MOST {
        return wipe(stage).await;
    }
    let Some(gone) = stage.target().await else { return Ok(()) };
    let before = voters(&scene).await.unwrap_or(0);
    let new = cluster.add()?;
    if !stage.claim(&new) {
        return Ok(());
    }
    stage.begin("a new server joins, an old one is removed", &[new.clone(), gone.clone()]);
    cluster.start(&new)?;
    stage.await_up(&new, START).await;
    let joined = await_voters(&scene, before + 1, Duration::from_secs(30)).await;
    let place = cluster.place(&gone)?;
    // It ends by itself as soon as it hears of it, which may be before whoever asked hears that it is done.
    cluster.excuse(&gone, "it is being removed from the members");
    let mut removed = Err("nobody leads".to_owned());
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while removed.is_err() && tokio::time::Instant::now() < end {
        if let Some(leader) = cluster.leader().await {
            removed = cluster.setup.system.remove(cluster.address(&leader)?, &place).await;
            // The answer to an earlier wish may have been lost, or autopilot was quicker: it is out.
            if removed.as_ref().is_err_and(|why| why.contains("was not found in the Raft configuration")) {
                removed = Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    if removed.is_ok() {
        // It may speak on for a while: a removed server must not disturb.
        cluster.excuse(&gone, "removed from the members");
        stage.hold().await;
        cluster.retire(&gone);
        cluster.kill(&gone, "removed from the members").await;
    } else {
        cluster.accuse(&gone);
    }
    stage.bites_if(joined && removed.is_ok(), json!({"joined": joined, "removed": format!("{removed:?}")}));
    Ok(())
}

async fn wipe(stage: &mut Stage) -> Result<()> {
    let Some(name) = stage.target().await else { return Ok(()) };
    let scene = stage.scene.clone();
    if !may_lose_one(&scene).await {
        stage.skip("no voter can be spared for good".to_owned());
        return Ok(());
    }
    let before = voters(&scene).await.unwrap_or(0);
    stage.begin("a server loses its disk and comes back as a new one", std::slice::from_ref(&name));
    scene.cluster.kill(&name, "its disk is lost").await;
    scene.cluster.wipe(&name, &["--rejoin-as-new"])?;
    scene.cluster.start(&name)?;
    let up = stage.await_up(&name, START).await;
    stage.hold().await;
    let whole = await_voters(&scene, before, Duration::from_secs(40)).await;
    stage.bites_if(up, json!({"up": up, "voters_again": whole}));
    Ok(())
}

/// What the leader knows of those who vote.
struct Voters {
    living: usize,
    all: usize,
    /// Those of before a change and those after it each decide for themselves.
    changing: bool,
}

impl Voters {
    async fn of(scene: &Scene) -> Option<Self> {
        let views = scene.cluster.views().await;
        let ids: Vec<u64> = views.values().map(|view| view.number("ID")).collect();
        let leader = views.into_values().filter(|view| view.leads).max_by_key(|view| view.term)?;
        let all = leader.voters();
        let living = all.iter().filter(|id| ids.contains(id)).count();
        Some(Self { living, all: all.len(), changing: leader.is("Changing") })
    }
}

/// How many voters that live the leader knows.
pub(super) async fn voters(scene: &Scene) -> Option<usize> {
    Some(Voters::of(scene).await?.living)
}

/// Whether one voter may lose its disk: those that are left must be a quorum by themselves, or nobody can help the cluster.
pub(super) async fn may_lose_one(scene: &Scene) -> bool {
    Voters::of(scene).await.is_some_and(|voters| !voters.changing && can_spare(voters.living, voters.all))
}

fn can_spare(living: usize, all: usize) -> bool {
    living > all / 2 + 1
}

/// Waits until there are so many living voters; `true` if there are.
pub(super) async fn await_voters(scene: &Scene, wanted: usize, patience: Duration) -> bool {
    let deadline = tokio::time::Instant::now() + patience;
    while tokio::time::Instant::now() < deadline {
        if voters(scene).await.is_some_and(|count| count >= wanted) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::can_spare;

    #[test]
    fn a_quorum_must_be_left() {
        assert!(can_spare(3, 3) && can_spare(4, 5) && can_spare(5, 5));
        assert!(!can_spare(2, 3) && !can_spare(2, 2) && !can_spare(1, 1) && !can_spare(3, 4) && !can_spare(0, 0));
    }
}
