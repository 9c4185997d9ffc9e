//! What all proxies share: each value is derived once a change, whoever asks first.

use std::sync::Arc;

use weft_model::config_entry::Protocol;
use weft_model::intention::DefaultPolicy;
use weft_model::{Datacenter, ServiceName};
use weft_state::StateView;

use crate::authz::{self, Authorization, Terms};
use crate::chain::{self, Chain, Target};
use crate::endpoints::{self, Endpoints};
use crate::memo::{Derived, Memo};
use crate::settings::{self, Settings};
use crate::trust::{self, Trust};

/// What this server's configuration says about the mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub datacenter: Datacenter,
    pub default_policy: DefaultPolicy,
}

/// How many values of a kind are kept that are in no use right now.
const ROOM: usize = 16_384;

/// The shared values. All of them note in the view what they were read from.
#[derive(Debug)]
pub struct Mesh {
    scope: Scope,
    chains: Memo<ServiceName, Chain>,
    endpoints: Memo<Target, Endpoints>,
    authorizations: Memo<(ServiceName, Protocol), Option<Authorization>>,
    settings: Memo<(), Settings>,
    trust: Memo<(), Option<Trust>>,
}

impl Mesh {
    /// A mesh that has derived nothing yet.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            chains: Memo::with_room(ROOM),
            endpoints: Memo::with_room(ROOM),
            authorizations: Memo::with_room(ROOM),
            settings: Memo::with_room(ROOM),
            trust: Memo::with_room(ROOM),
        }
    }

    /// What this server's configuration says.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How the callers of a service see it.
    pub fn chain(&self, view: &StateView<'_>, service: &ServiceName) -> Arc<Derived<Chain>> {
        self.chains.read(view, service, |view| chain::chain(view, service, &self.scope.datacenter))
    }

    /// The instances of a target.
    pub fn endpoints(&self, view: &StateView<'_>, target: &Target) -> Arc<Derived<Endpoints>> {
        self.endpoints.read(view, target, |view| endpoints::endpoints(view, target))
    }

    /// Who may call a service whose proxies speak `protocol`. `None` as long as nobody is trusted.
    pub fn authorization(
        &self,
        view: &StateView<'_>,
        service: &ServiceName,
        protocol: Protocol,
    ) -> Arc<Derived<Option<Authorization>>> {
        self.authorizations.read(view, &(service.clone(), protocol), |view| {
            let guard_paths = self.settings(view).value.http.normalize_path;
            let terms = Terms { default: self.scope.default_policy, protocol, guard_paths };
            let trust = self.trust(view);
            Some(authz::authz(view, service, terms, &trust.value.as_ref()?.domain))
        })
    }

    /// The settings of all proxies.
    pub fn settings(&self, view: &StateView<'_>) -> Arc<Derived<Settings>> {
        self.settings.read(view, &(), settings::settings)
    }

    /// Whom the mesh trusts; `None` before its CA exists.
    pub fn trust(&self, view: &StateView<'_>) -> Arc<Derived<Option<Trust>>> {
        self.trust.read(view, &(), trust::trust)
    }
}
