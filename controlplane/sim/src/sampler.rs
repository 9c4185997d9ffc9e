//! Looks at all servers all the time: what must hold at every moment is checked here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weft_raft::Role;
use weft_state::State;

use crate::cluster::Cluster;
use crate::invariants::{committed, leaders};
use crate::server::Server;

const EVERY: Duration = Duration::from_millis(20);

/// How many looks pass until states are compared, which takes longer.
const DEEP_EVERY: u32 = 3;

/// How many states are kept to be compared with.
const STATES: usize = 64;

pub(crate) struct Sampler {
    cluster: Arc<Cluster>,
    leaders: leaders::Leaders,
    pub(crate) committed: committed::Committed,
    /// The newest index that each run of a server has shown.
    shown: HashMap<(u64, u64), u64>,
    states: BTreeMap<u64, (u64, Arc<State>)>,
}

impl Sampler {
    pub(crate) fn new(cluster: &Arc<Cluster>) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            leaders: leaders::Leaders::default(),
            committed: committed::Committed::default(),
            shown: HashMap::new(),
            states: BTreeMap::new(),
        }
    }

    /// Looks until the future is done.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut looks = 0u32;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = sleep(EVERY) => {}
            }
            looks = looks.wrapping_add(1);
            self.look(looks.is_multiple_of(DEEP_EVERY));
        }
    }

    pub(crate) fn terms(&self) -> u64 {
        self.leaders.terms()
    }

    pub(crate) fn look(&mut self, deep: bool) {
        self.cluster.bury();
        for server in self.cluster.servers() {
            let status = server.raft.status();
            if status.role == Role::Leader {
                self.leaders.note(&self.cluster, status.term, server.id);
            }
            self.monotonic(&server);
            if deep {
                let platter = self.cluster.disks[&server.id].lock();
                self.committed.note(&self.cluster, server.id, status.applied_index, |index| platter.entry(index));
                drop(platter);
                self.same_state(&server);
            }
        }
    }

    /// I4: what a server shows never goes back.
    fn monotonic(&mut self, server: &Server) {
        let index = server.store.current().index();
        let before = self.shown.insert((server.id, server.boot), index).unwrap_or(0);
        if index < before {
            self.cluster.violated("I4", format!("server {} went from index {before} back to {index}", server.id));
        }
    }

    /// I12: the same index is the same state.
    fn same_state(&mut self, server: &Server) {
        let state = server.store.current();
        match self.states.get(&state.index()) {
            Some((by, known)) if !Arc::ptr_eq(known, &state) && **known != *state => {
                let what = format!("servers {by} and {} differ at index {}", server.id, state.index());
                self.cluster.violated("I12", what);
            }
            Some(_) => {}
            None => {
                self.states.insert(state.index(), (server.id, state));
                if self.states.len() > STATES {
                    self.states.pop_first();
                }
            }
        }
    }
}
