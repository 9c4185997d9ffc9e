//! A client agent's own state: its node with what is registered here. Writes are ordered by one task, kept on the
//! disk, then shown, then answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::secret::Secret;
use weft_model::{Command, Envelope, NodeName, RequestId};
use weft_state::{Applied, Proposal, ProposeError, State, StateView, Store, apply};

use super::keep::{Folder, Kept, Key};
use crate::acl::Acl;
use crate::clock::now;
use crate::keep::Durability;

/// Results of checks are written this long after they came, together with all that came meanwhile: a restart begins
/// with them, and learns better soon.
const RESULTS_AFTER: Duration = Duration::from_secs(1);

/// As many writes share one look at the disk.
const TOGETHER: usize = 256;

/// The tokens that services and checks were registered with. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<BTreeMap<Key, Secret>>>);

impl Tokens {
    pub(super) fn note(&self, registration: &Registration, token: &Secret) {
        let services = registration.services.iter().map(|service| Key::Service(service.service.id.clone()));
        let checks = registration.checks.iter().map(Key::of);
        let mut tokens = self.0.lock();
        for key in services.chain(checks) {
            // A check that is added to a service does not change who the service belongs to.
            let is_added = registration.services.is_empty() && tokens.contains_key(&key) && token.is_empty();
            if !is_added {
                tokens.insert(key, token.clone());
            }
        }
    }

    pub(super) fn of(&self, key: &Key) -> Secret {
        self.0.lock().get(key).cloned().unwrap_or_default()
    }

    /// The token that is shown for what belongs to `key`: its own, or what the agent has for such.
    pub(super) fn shown(&self, key: &Key, acl: &Acl) -> Secret {
        let tokens = [self.of(key), acl.registration_token()];
        tokens.into_iter().find(|token| !token.is_empty()).unwrap_or_else(|| acl.agent_token())
    }

    fn forget(&self, key: &Key) {
        self.0.lock().remove(key);
    }
}

/// Orders the writes of the local state.
pub(super) struct Orderer {
    store: Arc<Store>,
    proposals: mpsc::Receiver<Proposal>,
    node: NodeName,
    folder: Folder,
    tokens: Tokens,
    state: Arc<State>,
    sequence: u64,
    /// Results that are not on the disk yet, and when they are to be.
    results: BTreeSet<Key>,
    due: Option<Instant>,
}

impl Orderer {
    /// The local state with all that was kept, and the task that orders its writes. Blocks.
    pub(super) fn open(node: &Node, folder: Folder, tokens: Tokens) -> anyhow::Result<(Arc<Store>, Self)> {
        let mut state = State::default();
        let mut sequence = 0;
        let mut put = |registration: Registration| {
            sequence += 1;
            let outcome = apply(&state, sequence, &envelope(sequence, Command::Register(Box::new(registration))));
            if let Err(error) = &outcome.reply {
                tracing::warn!(%error, "something that was registered here is left out");
            }
            state = outcome.state;
        };
        put(Registration { node: node.clone(), ..Registration::default() });
        for Kept { service, mut checks, token } in folder.load()? {
            checks.iter_mut().for_each(|check| check.node = node.name.clone());
            let service = service.map(|service| ServiceRegistration { service, ..ServiceRegistration::default() });
            let services = service.into_iter().collect();
            let registration =
                Registration { node: node.clone(), skip_node_update: true, services, checks, keep_status: false };
            tokens.note(&registration, &token);
            put(registration);
        }
        let (store, proposals) = Store::new(state);
        let state = store.current();
        let (shown, node) = (Arc::clone(&store), node.name.clone());
        let (results, due) = (BTreeSet::new(), None);
        Ok((shown, Self { store, proposals, node, folder, tokens, state, sequence, results, due }))
    }

    /// Runs for ever. What was not written when it is dropped are results of checks.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let due = self.due;
            tokio::select! {
                taken = self.proposals.recv_many(&mut batch, TOGETHER) => match taken {
                    0 => return,
                    _ => self.order(std::mem::take(&mut batch)).await,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.write_results().await,
            }
        }
    }

    async fn order(&mut self, batch: Vec<Proposal>) {
        let mut waiting = Vec::new();
        let mut changed = BTreeSet::new();
        let before = Arc::clone(&self.state);
        for Proposal { command, reply } in batch {
            self.sequence += 1;
            let keys = keys(&command, &StateView::new(&self.state), &self.node);
            let is_result = matches!(command, Command::UpdateCheck { .. });
            let outcome = apply(&self.state, self.sequence, &envelope(self.sequence, command));
            self.state = Arc::new(outcome.state);
            if outcome.reply.is_ok() && !outcome.changed.0.is_empty() {
                if is_result { self.results.extend(keys) } else { changed.extend(keys) }
            }
            waiting.push((reply, self.sequence, outcome.reply, Arc::clone(&self.state), outcome.changed));
        }
        if let Err(error) = self.write(changed, Durability::Synced).await {
            tracing::error!(%error, "what is registered here cannot be kept");
            self.state = before;
            return waiting.into_iter().for_each(|(reply, ..)| answer(reply, Err(error.clone())));
        }
        if !self.results.is_empty() && self.due.is_none() {
            self.due = Some(Instant::now() + RESULTS_AFTER);
        }
        for (reply, index, outcome, state, changes) in waiting {
            self.store.publish(state, &changes);
            answer(reply, Ok(Applied { index, reply: outcome }));
        }
    }

    async fn write(&mut self, keys: BTreeSet<Key>, durability: Durability) -> Result<(), ProposeError> {
        if keys.is_empty() {
            return Ok(());
        }
        let view = StateView::new(&self.state);
        let kept = |key: Key| {
            let kept = Kept::of(&key, &view, &self.node, self.tokens.of(&key));
            (key, kept)
        };
        let changes: BTreeMap<_, _> = keys.into_iter().map(kept).collect();
        for key in changes.keys() {
            self.results.remove(key);
        }
        let folder = self.folder.clone();
        let written = spawn_blocking(move || folder.save(&changes, durability).map(|()| changes)).await;
        let lost = |why: String| ProposeError::Unavailable(format!("the data directory cannot be written: {why}"));
        let changes = written.map_err(|error| lost(error.to_string()))?.map_err(|error| lost(error.to_string()))?;
        // Nobody may bring it back with a token of before.
        changes.into_iter().filter(|(_, kept)| kept.is_none()).for_each(|(key, _)| self.tokens.forget(&key));
        Ok(())
    }

    async fn write_results(&mut self) {
        self.due = None;
        let results = std::mem::take(&mut self.results);
        if let Err(error) = self.write(results, Durability::Replaceable).await {
            tracing::warn!(%error, "results of checks are not kept");
        }
    }
}

fn answer(reply: oneshot::Sender<Result<Applied, ProposeError>>, outcome: Result<Applied, ProposeError>) {
    // Whoever asked may have gone.
    drop(reply.send(outcome));
}

fn envelope(sequence: u64, command: Command) -> Envelope {
    // One task proposes, and none of it is sent twice.
    Envelope { id: RequestId { origin: 1, sequence }, settled: sequence, at: now(), command }
}

/// The files that a write concerns.
fn keys(command: &Command, view: &StateView<'_>, node: &NodeName) -> BTreeSet<Key> {
    if let Command::Register(registration) = command {
        let services = registration.services.iter().map(|service| Key::Service(service.service.id.clone()));
        return services.chain(registration.checks.iter().map(Key::of)).collect();
    }
    if let Command::Deregister { target: Target::Service(id), .. } = command {
        let services = view.node_services(node).into_iter();
        let gone = services.filter(|service| service.value.id == *id || service.value.sidecar_of.as_ref() == Some(id));
        return gone.map(|service| Key::Service(service.value.id.clone())).collect();
    }
    // Nothing else is written to an agent's own state.
    let (Command::Deregister { target: Target::Check(id), .. } | Command::UpdateCheck { check: id, .. }) = command
    else {
        return BTreeSet::new();
    };
    view.check(node, id).map(|check| Key::of(&check.value)).into_iter().collect()
}
