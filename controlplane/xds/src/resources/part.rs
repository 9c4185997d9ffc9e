//! One part of a plan as resources.

use std::sync::Arc;

use weft_mesh::{Mesh, Notice, Part, names};
use weft_state::StateView;

use super::{cluster, endpoint, listener, route, secret};
use crate::set::Resource;

/// What was made of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    pub resources: Vec<Arc<Resource>>,
    pub notices: Vec<Notice>,
}

/// Builds a part. A function of the part and of what it reads through the view: nothing in it knows
/// which proxy it is for. Without a trusted root there is nothing to build.
#[must_use]
pub fn build(mesh: &Mesh, view: &StateView<'_>, part: &Part) -> Built {
    let trust = mesh.trust(view);
    let Some(trust) = trust.value.as_ref() else { return Built::default() };
    match part {
        Part::Roots => Built::of([secret::roots(&trust.roots_pem)]),
        Part::LocalApp(app) => Built::of([cluster::local_app(app)]),
        Part::Inbound(inbound) => {
            let settings = mesh.settings(view);
            let authorization = mesh.authorization(view, &inbound.service, inbound.protocol);
            // Nobody is trusted: nobody gets in.
            let Some(authorization) = authorization.value.as_ref() else { return Built::default() };
            let name = names::public_listener(&inbound.bind);
            let listener = listener::inbound(&name, inbound, authorization, &settings.value);
            let routes = inbound.protocol.is_http().then(|| route::inbound(&name, inbound, authorization));
            let notices = settings.value.notices.iter().chain(&authorization.notices).cloned().collect();
            Built { notices, ..Built::of(std::iter::once(listener).chain(routes)) }
        }
        Part::Outbound(outbound) => {
            let settings = mesh.settings(view);
            let listener = listener::outbound(outbound, &trust.domain, &settings.value);
            let routes = outbound.protocol.is_http().then(|| route::outbound(outbound, &trust.domain));
            Built::of(std::iter::once(listener).chain(routes))
        }
        Part::Cluster(spec) => {
            let settings = mesh.settings(view);
            Built::of([cluster::target(spec, &settings.value.outgoing, &trust.domain)])
        }
        Part::Endpoints(target) => {
            let endpoints = mesh.endpoints(view, target);
            let notices = endpoints.value.notices.clone();
            Built { notices, ..Built::of([endpoint::assignment(&target.sni(&trust.domain), &endpoints.value)]) }
        }
    }
}

impl Built {
    fn of(resources: impl IntoIterator<Item = Resource>) -> Self {
        Self { resources: resources.into_iter().map(Arc::new).collect(), notices: Vec::new() }
    }
}
