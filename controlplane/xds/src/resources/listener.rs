//! Listeners: the public one, and one for each upstream.

use weft_mesh::address::Bind;
use weft_mesh::names;
use weft_mesh::plan::{Inbound, Outbound};
use weft_mesh::settings::Settings;
use weft_proto::envoy::core::{TrafficDirection, TransportSocket};
use weft_proto::envoy::listener::listener::ConnectionBalanceConfig;
use weft_proto::envoy::listener::listener::connection_balance_config::{BalanceType, ExactBalance};
use weft_proto::envoy::listener::{Filter, FilterChain, Listener};

use super::common::bind_address;
use super::{access_log, filter, tls};
use crate::set::Resource;
use weft_mesh::authz::Authorization;

/// The listener that peers connect to.
pub(super) fn inbound(name: &str, inbound: &Inbound, authorization: &Authorization, settings: &Settings) -> Resource {
    let callers = authorization.callers(inbound.protocol);
    let socket = tls::downstream(&settings.incoming, inbound.protocol, &callers);
    let filters = filter::inbound(name, inbound, authorization, settings);
    let listener = Listener {
        traffic_direction: TrafficDirection::Inbound.into(),
        ..listener(name, &inbound.bind, inbound.balance, filters, Some(socket))
    };
    Resource::of(&Listener { access_log: access_log::of_listener(settings.access_log.as_ref()), ..listener })
}

/// The listener that the application connects to in order to reach an upstream.
pub(super) fn outbound(outbound: &Outbound, trust_domain: &str, settings: &Settings) -> Resource {
    let name = names::upstream_listener(&outbound.name, &outbound.bind);
    let filters = filter::outbound(outbound, trust_domain, settings);
    let listener = Listener {
        traffic_direction: TrafficDirection::Outbound.into(),
        ..listener(&name, &outbound.bind, outbound.balance, filters, None)
    };
    Resource::of(&Listener { access_log: access_log::of_listener(settings.access_log.as_ref()), ..listener })
}

fn listener(name: &str, bind: &Bind, balance: bool, filters: Vec<Filter>, socket: Option<TransportSocket>) -> Listener {
    let exact = ConnectionBalanceConfig { balance_type: Some(BalanceType::ExactBalance(ExactBalance {})) };
    Listener {
        name: name.to_owned(),
        address: Some(bind_address(bind)),
        filter_chains: vec![FilterChain { filters, transport_socket: socket, ..FilterChain::default() }],
        connection_balance_config: balance.then_some(exact),
        ..Listener::default()
    }
}
