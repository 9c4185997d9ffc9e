//! Everything about one proxy at one point in time, as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_state::StateView;

use crate::authz::Authorization;
use crate::chain::Target;
use crate::endpoints::Endpoints;
use crate::memo::Derived;
use crate::plan::{self, Part, Plan, ProxyId};
use crate::settings::Settings;
use crate::trust::Trust;
use crate::{Mesh, Notice};

/// What there is to say about a proxy now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a plan, and peers can be verified.
    Ready,
    /// There is no such sidecar in the catalog.
    Unregistered,
    /// There is no certificate authority yet.
    Untrusted,
}

/// One proxy with all that its resources are made of.
#[derive(Clone, Debug)]
pub struct ProxySnapshot {
    pub plan: Plan,
    pub trust: Trust,
    pub settings: Arc<Derived<Settings>>,
    /// Of the public listener, where there is one.
    pub authorization: Option<Arc<Derived<Option<Authorization>>>>,
    pub endpoints: BTreeMap<Target, Arc<Derived<Endpoints>>>,
}

impl ProxySnapshot {
    /// The snapshot of a proxy.
    ///
    /// # Errors
    /// The standing of a proxy that has none.
    pub fn of(mesh: &Mesh, view: &StateView<'_>, proxy: &ProxyId) -> Result<Self, Standing> {
        let plan = plan::plan(mesh, view, proxy).ok_or(Standing::Unregistered)?;
        let trust = mesh.trust(view).value.clone().ok_or(Standing::Untrusted)?;
        let mut snapshot =
            Self { trust, settings: mesh.settings(view), authorization: None, endpoints: BTreeMap::new(), plan };
        for part in &snapshot.plan.parts {
            match part {
                Part::Inbound(inbound) => {
                    snapshot.authorization = Some(mesh.authorization(view, &inbound.service, inbound.protocol));
                }
                Part::Endpoints(target) => {
                    snapshot.endpoints.insert(target.clone(), mesh.endpoints(view, target));
                }
                Part::Roots | Part::LocalApp(_) | Part::Outbound(_) | Part::Cluster(_) => {}
            }
        }
        Ok(snapshot)
    }

    /// All notices, those of shared values included.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let shared = self.authorization.iter().filter_map(|derived| derived.value.as_ref());
        let shared = shared.flat_map(|authorization| &authorization.notices);
        let endpoints = self.endpoints.values().flat_map(|derived| &derived.value.notices);
        let mut all: Vec<_> = self.plan.notices.iter().chain(&self.settings.value.notices).cloned().collect();
        all.extend(shared.chain(endpoints).cloned());
        all
    }
}
