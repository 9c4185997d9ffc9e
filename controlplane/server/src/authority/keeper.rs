//! Keeps one service's leaf: from the disk or fresh, renewed ahead of its end, replaced when another
//! root signs. The old leaf stays in use until there is a new one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use weft_api::host::{AuthorityError, IssuedLeaf};
use weft_ca::renewal::Schedule;
use weft_model::{ServiceName, Topic};
use weft_state::{StateView, Store, Subscription};

use super::issue::issue;
use super::leaves::{Shared, WeakShared};
use super::limit::{REFUSAL, Turn};
use crate::clock::now;

/// The longest sleep: the wall clock may be set while we sleep.
const SLEEP_MAX: Duration = Duration::from_secs(600);
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What watchers of a leaf see.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) issued: Option<IssuedLeaf>,
    /// Why there is none, or no newer one.
    pub(super) failure: Option<AuthorityError>,
}

/// The task of one leaf.
pub(super) struct Keeper {
    pub(super) service: ServiceName,
    pub(super) shared: WeakShared,
    pub(super) slot: watch::Sender<Slot>,
}

impl Keeper {
    /// Runs until the last handle on the leaves is gone, or nobody wants this one any more.
    pub(super) async fn run(self, store: Arc<Store>) {
        let mut roots = store.subscribe(BTreeSet::from([Topic::Ca]));
        drop(store);
        let Some(mut schedule) = self.begin(&mut roots).await else { return };
        loop {
            let Some(shared) = self.shared.upgrade() else { return };
            if let Some(ca) = StateView::new(&shared.store.current()).ca()
                && let Some(active) = ca.value.active_root()
            {
                schedule.note_active_root(&active.id, now(), shared.jitter());
            }
            if schedule.is_due(now()) {
                if shared.let_go_if_idle(&self.service, &self.slot) {
                    return self.forget(&shared).await;
                }
                drop(shared);
                match self.renew().await {
                    Some(renewed) => schedule = renewed,
                    None => schedule.note_failure(now(), rand::random()),
                }
                continue;
            }
            drop(shared);
            let pause = schedule.due_at().since(now()).min(SLEEP_MAX);
            tokio::select! {
                () = sleep(pause) => {}
                _ = roots.changed() => {}
            }
        }
    }

    /// The first leaf, however long it takes.
    async fn begin(&self, roots: &mut Subscription) -> Option<Schedule> {
        if let Some(issued) = self.load(&*self.shared.upgrade()?).await {
            let schedule = Schedule::of(&issued.leaf, rand::random());
            self.show(issued);
            return Some(schedule);
        }
        let mut pause = RETRY_FIRST;
        loop {
            if let Some(schedule) = self.renew().await {
                return Some(schedule);
            }
            // The last handle on the leaves may be gone.
            drop(self.shared.upgrade()?);
            tokio::select! {
                () = sleep(pause) => {}
                _ = roots.changed() => {}
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    async fn load(&self, shared: &Shared) -> Option<IssuedLeaf> {
        let disk = shared.disk.clone()?;
        let ca = StateView::new(&shared.store.current()).ca()?.value;
        let (service, datacenter) = (self.service.clone(), shared.datacenter.clone());
        tokio::task::spawn_blocking(move || disk.load(&service, &datacenter, &ca, now())).await.ok()?
    }

    /// Waits until this server may sign one more. Who asks for the leaf meanwhile gets a refusal when that is not soon.
    async fn turn(&self) -> Option<Turn> {
        let limit = self.shared.upgrade()?.limit.clone();
        let allowed = || Some(self.shared.upgrade()?.allowance());
        let late = || {
            tracing::debug!(service = %self.service, "its new leaf waits for its turn: CSRMaxPerSecond, CSRMaxConcurrent");
            let failure = Some(AuthorityError::Unavailable(REFUSAL.to_owned()));
            self.slot.send_modify(|slot| slot.failure = failure);
        };
        limit.turn(allowed, late).await
    }

    /// A new leaf, shown to its watchers and kept; `None` when there is none, which is logged.
    async fn renew(&self) -> Option<Schedule> {
        let _turn = self.turn().await?;
        let shared = &*self.shared.upgrade()?;
        match issue(&shared.store, &shared.keys, &shared.datacenter, &self.service).await {
            Ok(mut issued) => {
                if let Some(former) = &self.slot.borrow().issued {
                    issued.create_index = former.create_index;
                }
                self.save(shared, &issued).await;
                let schedule = Schedule::of(&issued.leaf, rand::random());
                self.show(issued);
                Some(schedule)
            }
            Err(failure) => {
                tracing::warn!(service = %self.service, error = %failure, "no new leaf could be issued");
                self.slot.send_modify(|slot| slot.failure = Some(failure));
                None
            }
        }
    }

    async fn save(&self, shared: &Shared, issued: &IssuedLeaf) {
        let Some(disk) = shared.disk.clone() else { return };
        let issued = issued.clone();
        let saved = tokio::task::spawn_blocking(move || disk.save(&issued)).await;
        if let Err(error) = saved.map_err(std::io::Error::other).flatten() {
            // It is served all the same; after a restart there will be another one.
            tracing::warn!(service = %self.service, %error, "the leaf could not be kept on the disk");
        }
    }

    async fn forget(&self, shared: &Shared) {
        let Some(disk) = shared.disk.clone() else { return };
        let service = self.service.clone();
        // What stays there is not served without being asked for, and then it is looked at anew.
        drop(tokio::task::spawn_blocking(move || disk.remove(&service)).await);
    }

    fn show(&self, issued: IssuedLeaf) {
        self.slot.send_modify(|slot| *slot = Slot { issued: Some(issued), failure: None });
    }
}
