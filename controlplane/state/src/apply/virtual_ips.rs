//! The addresses of services that somebody has chosen: one belongs to one service, for as long as that is one of the mesh.

use std::net::IpAddr;

use weft_model::config_entry::Kind;
use weft_model::{Reply, ServiceName, Topic};

use super::Txn;

impl Txn {
    pub(super) fn virtual_ips_assign(&mut self, service: &ServiceName, addresses: &[IpAddr]) -> Reply {
        if !self.state.can_have_virtual_ips(service) {
            return Reply::Assigned(None);
        }
        let loses = |(name, had): &(&ServiceName, &Vec<IpAddr>)| {
            *name != service && had.iter().any(|address| addresses.contains(address))
        };
        let losers: Vec<_> = self.state.chosen_ips.iter().filter(loses).map(|(name, _)| name.clone()).collect();
        for loser in &losers {
            let mut left = self.state.chosen_ips.get(loser).cloned().unwrap_or_default();
            left.retain(|address| !addresses.contains(address));
            self.choose(loser, left);
        }
        self.choose(service, addresses.to_vec());
        Reply::Assigned(Some(losers))
    }

    /// After a service or an entry went.
    pub(super) fn settle_chosen_ips(&mut self, service: &ServiceName) {
        if self.state.chosen_ips.contains_key(service) && !self.state.can_have_virtual_ips(service) {
            self.choose(service, Vec::new());
        }
    }

    fn choose(&mut self, service: &ServiceName, addresses: Vec<IpAddr>) {
        let former = self.state.chosen_ips.get(service);
        if former.map_or(addresses.is_empty(), |former| *former == addresses) {
            return;
        }
        if addresses.is_empty() {
            self.state.chosen_ips.remove(service);
        } else {
            self.state.chosen_ips.insert(service.clone(), addresses);
        }
        self.touch(Topic::Connect(service.clone()));
    }
}

/// Entries of these kinds make their name a destination, with or without instances.
const DESTINATIONS: [Kind; 3] = [Kind::ServiceResolver, Kind::ServiceRouter, Kind::ServiceSplitter];

impl crate::state::State {
    /// Whether it is served in the mesh, or an entry says where calls to it go.
    fn can_have_virtual_ips(&self, service: &ServiceName) -> bool {
        let is_written = |kind| self.config.contains_key(&(kind, service.to_string()));
        self.derived.is_served(service) || DESTINATIONS.into_iter().any(is_written)
    }
}
