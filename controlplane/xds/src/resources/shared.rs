//! What streams share: each part is built once a change, whoever needs it first, and sent many times.

use std::sync::Arc;

use weft_mesh::memo::{Derived, Memo};
use weft_mesh::plan::{Plan, ProxyId, plan};
use weft_mesh::{Mesh, Part, Scope};
use weft_state::{State, StateView};

use super::part::{self, Built};

/// A part as built, with what it was read from.
pub type Compiled = Arc<Derived<Built>>;

/// The mesh and everything built of it that some stream holds.
#[derive(Debug)]
pub struct SharedResources {
    mesh: Mesh,
    parts: Memo<Part, Built>,
}

/// How many parts are kept that no stream holds.
const ROOM: usize = 256;

impl SharedResources {
    /// Nothing built yet.
    #[must_use]
    pub fn new(scope: Scope) -> Arc<Self> {
        Arc::new(Self { mesh: Mesh::new(scope), parts: Memo::with_room(ROOM) })
    }

    /// The values behind the resources.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// How many parts were built so far, by all streams together.
    #[must_use]
    pub fn builds(&self) -> u64 {
        self.parts.computed()
    }

    pub(super) fn plan(&self, state: &State, proxy: &ProxyId) -> Derived<Option<Plan>> {
        let view = StateView::new(state);
        let value = plan(&self.mesh, &view, proxy);
        Derived { value, reads: view.reads() }
    }

    pub(super) fn part(&self, state: &State, part: &Part) -> Compiled {
        self.parts.get(state, part, |view| part::build(&self.mesh, view, part))
    }
}
