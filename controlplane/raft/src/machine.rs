//! The state machine: committed entries in, published states out.
//!
//! ```text
//! entries ─> apply ─> State, Changes ─> Store::publish ─> answers
//! ```
//!
//! The order is the promise: an entry is safe on a quorum before it comes here, its effect is
//! visible before its proposer hears of it. The state lives in memory; the disk has the log and
//! the raft snapshots.

use std::io;
use std::sync::Arc;

use futures::{Stream, TryStreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use weft_model::Command;
use weft_model::failpoint;
use weft_model::mutant::{Mutant, active};
use weft_state::{Changes, State, Store, apply, rows};

use crate::answer::Answer;
use crate::blocking::blocking;
use crate::hashes::Hashes;
use crate::progress::Progress;
use crate::snapshot::{Folder, SnapshotFile, pays};
use crate::types::{Entry, LogId, Snapshot, SnapshotMeta, StoredMembership, Types};

/// How many entries at most become visible at once, so that the first of them need not wait for
/// all that are committed.
const VISIBLE_TOGETHER: usize = 1024;

/// The applied state and where it stands in the log.
pub(crate) struct Machine {
    store: Arc<Store>,
    snapshots: Arc<Folder>,
    state: Arc<State>,
    applied: Option<LogId>,
    membership: StoredMembership,
    progress: Arc<Progress>,
    hashes: Arc<Hashes>,
}

impl Machine {
    /// A machine that stands at a raft snapshot, or at the beginning. Its state is published.
    pub(crate) fn new(
        store: Arc<Store>,
        snapshots: Arc<Folder>,
        start: Option<(SnapshotMeta, State)>,
        progress: Arc<Progress>,
        hashes: Arc<Hashes>,
    ) -> Self {
        let (meta, state) = start.unwrap_or_default();
        let machine = Self {
            store,
            snapshots,
            state: Arc::new(state),
            applied: meta.last_log_id,
            membership: meta.last_membership,
            progress,
            hashes,
        };
        machine.show(&Changes::default());
        machine
    }

    fn apply_one(&mut self, entry: Entry, changes: &mut Changes) -> io::Result<Answer> {
        let answer = match entry.payload {
            EntryPayload::Blank => None,
            EntryPayload::Membership(membership) => {
                failpoint::hit("apply.membership");
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
                None
            }
            EntryPayload::Normal(request) => {
                let (index, envelope) = (entry.log_id.index, request.envelope()?);
                let outcome = apply(&self.state, index, &envelope);
                self.state = Arc::new(outcome.state);
                self.check(index, &envelope.command);
                changes.extend(outcome.changed);
                Some(outcome.reply)
            }
        };
        self.applied = Some(entry.log_id);
        Ok(Answer(answer))
    }

    /// Takes or compares the hash of the state, where the log says so.
    fn check(&self, index: u64, command: &Command) {
        if *command == Command::Mark {
            self.hashes.take(index, &self.state);
        } else if let Command::Verify { index, hash } = command {
            self.hashes.compare(*index, *hash);
        }
    }

    /// Whether enough has been applied since the last raft snapshot for one of a state of this size.
    fn is_worth_a_snapshot(&self) -> bool {
        let last = self.snapshots.last().map_or(0, |last| last.index);
        let since = self.applied.map_or(0, |applied| applied.index).saturating_sub(last);
        pays(since, rows(&self.state))
    }

    fn show(&self, changes: &Changes) {
        self.store.publish(Arc::clone(&self.state), changes);
        self.progress.note_applied(self.applied.map_or(0, |applied| applied.index));
    }

    /// First visible, then answered.
    fn publish(&self, changes: &mut Changes, answers: &mut Vec<(ApplyResponder<Types>, Answer)>) {
        self.show(&std::mem::take(changes));
        failpoint::hit("apply.shown");
        for (responder, answer) in answers.drain(..) {
            responder.send(answer);
        }
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        let mut changes = Changes::default();
        let mut answers = Vec::new();
        let mut unseen = 0;
        while let Some((entry, responder)) = entries.try_next().await? {
            failpoint::hit("apply.entry");
            let answer = self.apply_one(entry, &mut changes)?;
            answers.extend(responder.map(|responder| (responder, answer)));
            unseen += 1;
            if unseen == VISIBLE_TOGETHER {
                self.publish(&mut changes, &mut answers);
                unseen = 0;
                tokio::task::yield_now().await;
            }
        }
        self.publish(&mut changes, &mut answers);
        Ok(())
    }

    /// Nothing applied means nothing to write, unless openraft insists. And a new raft snapshot lets the
    /// log be purged behind it: not below one that is just being sent, or its receiver would need the
    /// next one at once, and so on for ever.
    async fn try_create_snapshot_builder(&mut self, force: bool) -> Option<Builder> {
        let wanted = self.progress.take_demand() || self.is_worth_a_snapshot();
        let allowed = force || self.applied.is_some() && self.progress.transfers() == 0;
        if force || wanted && allowed { Some(self.get_snapshot_builder().await) } else { None }
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        let meta = SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() };
        Builder { meta, state: Arc::clone(&self.state), snapshots: Arc::clone(&self.snapshots) }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, file: SnapshotFile) -> io::Result<()> {
        let (snapshots, wanted) = (Arc::clone(&self.snapshots), meta.clone());
        let before = Arc::clone(&self.state);
        let installing = move || {
            let state = snapshots.install(&wanted, file)?;
            let changes = state.changes_since(&before);
            Ok((state, changes))
        };
        let (state, changes) = blocking(installing).await?;
        failpoint::hit("snapshot.switch");
        let before = std::mem::replace(&mut self.state, Arc::new(state));
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.show(&changes);
        // A big one takes a while to take apart.
        blocking(move || {
            drop(before);
            Ok(())
        })
        .await
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let snapshots = Arc::clone(&self.snapshots);
        let current = blocking(move || snapshots.current()).await?;
        Ok(current.map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// A held state on its way into a file. Apply goes on meanwhile.
pub(crate) struct Builder {
    meta: SnapshotMeta,
    state: Arc<State>,
    snapshots: Arc<Folder>,
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let (meta, state, snapshots) = (self.meta.clone(), Arc::clone(&self.state), Arc::clone(&self.snapshots));
        let snapshot = if active(Mutant::M8) {
            let (later, held, folder) = (meta.clone(), Arc::clone(&state), Arc::clone(&snapshots));
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                blocking(move || folder.save(&later, &held)).await.map(drop)
            });
            blocking(move || snapshots.unsaved(&meta, &state)).await?
        } else {
            blocking(move || snapshots.save(&meta, &state)).await?
        };
        Ok(Snapshot { meta: self.meta.clone(), snapshot })
    }
}
