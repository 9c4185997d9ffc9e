//! Where answers come from: the state, how new it is, and who may see what of it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use weft_model::acl::{Authorizer, Labelled, Need, Wanted};
use weft_state::{Instance, State, Store};

/// What a handler reads. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    pub store: Arc<Store>,
    pub freshness: Arc<dyn Freshness>,
    pub sight: Arc<dyn Sight>,
}

/// How new this agent's state is.
pub trait Freshness: Send + Sync {
    /// For how long no working leader has been heard of.
    fn silence(&self) -> Duration;

    /// Waits until the state is as new as the call; `false` when nobody shows that they lead.
    fn catch_up(&self) -> BoxFuture<'_, bool>;
}

/// Whose eyes DNS sees with: requests carry no token, so all of them are answered for the agent's own.
pub trait Sight: Send + Sync {
    /// What may be seen of this state; `None`: everything.
    fn authorizer(&self, state: &State) -> Option<Arc<Authorizer>>;
}

/// The sight of an agent without access control.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everything;

impl Sight for Everything {
    fn authorizer(&self, _: &State) -> Option<Arc<Authorizer>> {
        None
    }
}

/// What one answer may show.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a>(pub(crate) Option<&'a Authorizer>);

impl Seen<'_> {
    pub(crate) fn node(self, name: &str) -> bool {
        self.may(Labelled::Node, name)
    }

    pub(crate) fn instance(self, instance: &Instance) -> bool {
        let (node, service) = (instance.node.value.name.as_str(), instance.service.value.name.as_str());
        self.node(node) && self.service(service)
    }

    pub(crate) fn service(self, name: &str) -> bool {
        self.may(Labelled::Service, name)
    }

    fn may(self, resource: Labelled, name: &str) -> bool {
        self.0.is_none_or(|authorizer| authorizer.allows(&Need::Of(resource, name.to_owned(), Wanted::Read)))
    }
}
