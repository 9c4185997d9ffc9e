//! Answers that many ask for, written out once for all of them: as long as nothing changes that they were made of, and only
//! for those who may see the same. Thousands of waiters who are woken by one change cost one evaluation.

use std::cmp::Ordering;
use std::sync::Arc;

use weft_mesh::memo::Memo;
use weft_model::acl::Authorizer;
use weft_state::StateView;

use crate::answer::{Layout, Outcome, Written};
use crate::call::Call;
use crate::query::Query;
use crate::route::Route;

/// Longer ones are made anew for each request: many of them would take more memory than they save time.
const MOST_BYTES: usize = 64 * 1024;
/// How many of them are kept while nobody asks.
const ROOM: usize = 32;
/// Parameters that do not change what is answered, only when, or to whom it is allowed.
const NOT_OF_THE_ANSWER: &[&str] =
    &["index", "wait", "stale", "consistent", "max_stale", "cached", "token", "dc", "max-age"];

/// The answers of the routes that share a pattern.
pub(crate) struct Shared(Memo<Asked, Option<Common>>);

/// All that an answer is made of besides the state.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    path: &'static str,
    rest: String,
    query: Query,
    layout: Layout,
    sees: Sees,
}

/// An answer that fits everybody who asks for it.
struct Common {
    written: Written,
    /// Something was left out that they may not see.
    hidden: bool,
}

/// What somebody may see; `None`: everything. Equal only when it is the same value: it is kept here, so that no other can
/// take its place in memory.
#[derive(Clone)]
struct Sees(Option<Arc<Authorizer>>);

impl Default for Shared {
    fn default() -> Self {
        Self(Memo::with_room(ROOM))
    }
}

impl Shared {
    /// What `view` answers, maybe as it was written for somebody else.
    pub(crate) fn answer(
        &self,
        route: &Route,
        call: &Call,
        state: &StateView<'_>,
        view: fn(&Call, &StateView<'_>) -> Outcome,
    ) -> Outcome {
        // What is nearest to a client agent is its own affair.
        if !route.shared || (call.node.is_some() && call.query.has("near")) {
            return view(call, state);
        }
        let asked = Asked {
            path: route.path,
            rest: call.rest.clone(),
            query: call.query.without(NOT_OF_THE_ANSWER),
            layout: call.layout,
            sees: Sees::of(call, state)?,
        };
        let found = self.0.read(state, &asked, |state| {
            let written = view(call, state).ok()?.write_out(call.layout)?;
            (written.len() <= MOST_BYTES).then(|| Common { written, hidden: call.marks.has_hidden() })
        });
        match &found.value {
            Some(common) => {
                call.marks.repeat(common.hidden);
                Ok(common.written.again())
            }
            None => view(call, state),
        }
    }
}

impl Sees {
    fn of(call: &Call, state: &StateView<'_>) -> Result<Self, crate::refusal::Refusal> {
        if !call.host.access.enabled() {
            return Ok(Self(None));
        }
        call.bearer(state.state()).map(|bearer| Self(Some(bearer.authorizer)))
    }

    fn place(&self) -> Option<*const Authorizer> {
        self.0.as_ref().map(Arc::as_ptr)
    }
}

impl PartialEq for Sees {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Sees {}

impl PartialOrd for Sees {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sees {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}
