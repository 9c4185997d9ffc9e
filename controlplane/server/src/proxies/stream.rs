//! One stream's view: compiled when something that it was made from has changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use weft_api::access::AccessControl as _;
use weft_mesh::{ProxyId, Standing};
use weft_model::acl::AclTable;
use weft_model::secret::Secret;
use weft_model::{ServiceName, Topic};
use weft_state::Subscription;
use weft_xds::resources::ProxyCompiler;
use weft_xds::session::Offer;
use weft_xds::source::{self, Refusal};

use super::Shared;
use super::horizon::Horizon;
use crate::authority::LeafWatch;

/// In a burst of changes, sets are made this far apart, or as far as making one takes several times
/// over. After quiet, a change is served at once.
const PACE: Duration = Duration::from_millis(4);
const PACE_SHARE: u32 = 3;

/// See [`source::Subscription`].
pub(crate) struct ProxyStream {
    shared: Arc<Shared>,
    proxy: ProxyId,
    token: Secret,
    compiler: ProxyCompiler,
    changes: Subscription,
    /// What has changed since the compiler's last update.
    fired: BTreeSet<Topic>,
    leaf: LeafWatch,
    /// Whose leaf is watched, and which one the compiler has.
    bears: (ServiceName, u64),
    /// When to compile next, if there is a reason to.
    due: Option<Instant>,
    /// Not before this.
    rested: Instant,
    horizon: Horizon,
    /// The index of a set that was just handed over: the horizon follows when it has arrived.
    handed: Option<u64>,
}

impl ProxyStream {
    pub(super) fn new(
        shared: Arc<Shared>,
        proxy: ProxyId,
        token: Secret,
        service: ServiceName,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            compiler: ProxyCompiler::new(Arc::clone(&shared.resources), proxy.clone()),
            changes: shared.store.subscribe(BTreeSet::new()),
            fired: BTreeSet::new(),
            leaf: watch_leaf(&shared, &service)?,
            bears: (service, 0),
            due: Some(Instant::now()),
            rested: Instant::now(),
            horizon: Horizon::default(),
            handed: None,
            shared,
            proxy,
            token,
        })
    }

    /// The set as of now, if it differs from the last one, or why the stream ends.
    fn compile(&mut self) -> Result<Option<Offer>, Refusal> {
        let started = Instant::now();
        self.due = None;
        let state = self.shared.store.current();
        let update = self.compiler.update(&state, &std::mem::take(&mut self.fired));
        if self.compiler.standing() == Standing::Unregistered {
            return Err(Refusal::UnknownProxy(self.proxy.id.as_str().to_owned()));
        }
        // The token may be gone, or may do less than it could; and the proxy may stand for another service.
        self.shared.admit(&state, &self.token, &self.proxy)?;
        let is_new = update.resources | self.follow_leaf()?;
        self.rested = Instant::now() + (started.elapsed() * PACE_SHARE).max(PACE);
        if update.topics {
            self.watch_topics(state.index());
        }
        match self.compiler.resources().filter(|_| is_new) {
            Some(set) => {
                self.handed = Some(state.index());
                Ok(Some(Offer { index: state.index(), set: set.clone() }))
            }
            None => {
                self.horizon.note(self.compiler.topics(), state.index());
                Ok(None)
            }
        }
    }

    /// Hands the compiler the leaf of the service that the proxy stands for now. Tells whether that
    /// made a new set.
    fn follow_leaf(&mut self) -> Result<bool, Refusal> {
        if let Some(service) = self.compiler.service()
            && *service != self.bears.0
        {
            self.leaf = watch_leaf(&self.shared, service)?;
            self.bears = (service.clone(), 0);
        }
        match self.leaf.current().filter(|issued| issued.index != self.bears.1) {
            Some(issued) => {
                self.bears.1 = issued.index;
                Ok(self.compiler.set_leaf(&issued.leaf).resources)
            }
            None => Ok(false),
        }
    }

    /// Waits for other topics. What happened to them before wakes nobody, so it is looked for here.
    fn watch_topics(&mut self, compiled_at: u64) {
        let mut topics = BTreeSet::clone(self.compiler.topics());
        if self.shared.acl.enabled() {
            topics.extend([AclTable::Tokens, AclTable::Policies, AclTable::Roles].map(Topic::Acl));
        }
        self.changes.watch(topics.clone());
        let newest = self.shared.store.current();
        let missed = topics.iter().filter(|topic| newest.touched_at(topic) > compiled_at);
        self.fired.extend(missed.cloned());
        if !self.fired.is_empty() {
            self.due = Some(self.rested);
        }
    }
}

impl source::Subscription for ProxyStream {
    async fn changed(&mut self) -> Result<Offer, Refusal> {
        // Whoever asks again has taken note of the last set.
        if let Some(index) = self.handed.take() {
            self.horizon.note(self.compiler.topics(), index);
        }
        loop {
            if let Some(due) = self.due {
                sleep_until(due).await;
                if let Some(offer) = self.compile()? {
                    return Ok(offer);
                }
                continue;
            }
            tokio::select! {
                fired = self.changes.changed() => self.fired.extend(fired),
                () = self.leaf.changed() => {}
            }
            self.due = Some(self.rested);
        }
    }

    fn horizon(&self) -> Option<source::Horizon> {
        Some(self.horizon.ask(&self.shared.store))
    }
}

fn watch_leaf(shared: &Shared, service: &ServiceName) -> Result<LeafWatch, Refusal> {
    shared.authority.watch(service.clone()).map_err(|error| Refusal::Unavailable(error.to_string()))
}
