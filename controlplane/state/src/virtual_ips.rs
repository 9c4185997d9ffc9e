//! The virtual addresses of mesh destinations, out of 240.0.0.0/4.
//!
//! An address follows from the name, so that a service that comes back has the one it had and servers that began
//! to give them out at different entries agree. Only where two names want the same one does it matter who was
//! there first, and that is why the table is stored.

use std::net::{IpAddr, Ipv4Addr};

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use weft_model::catalog::Service;
use weft_model::{ServiceName, Topic};

use crate::state::State;
use crate::view::StateView;

const NET: u32 = 0xf000_0000;

/// How many addresses there are: the first and the last of the net belong to nobody.
const COUNT: u32 = 0x0fff_fffe;

/// Who has which address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct VirtualIps {
    by_name: OrdMap<ServiceName, u32>,
    #[serde(skip)]
    taken: OrdSet<u32>,
}

impl VirtualIps {
    /// Gives a name its address, unless it has one.
    pub(crate) fn assign(&mut self, name: &ServiceName) {
        if self.by_name.contains_key(name) || name.is_empty() {
            return;
        }
        let wanted = wanted(name);
        let mut places = (wanted..COUNT).chain(0..wanted);
        if let Some(free) = places.find(|place| !self.taken.contains(place)) {
            self.by_name.insert(name.clone(), free);
            self.taken.insert(free);
        }
    }

    pub(crate) fn free(&mut self, name: &ServiceName) {
        if let Some(place) = self.by_name.remove(name) {
            self.taken.remove(&place);
        }
    }

    fn of(&self, name: &ServiceName) -> Option<Ipv4Addr> {
        self.by_name.get(name).map(|place| Ipv4Addr::from(NET + 1 + place))
    }
}

/// The place that a name has unless another one is there.
fn wanted(name: &ServiceName) -> u32 {
    let digest = Sha256::digest(name.as_str().as_bytes());
    let head = digest.iter().take(8).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    // Below COUNT, so it fits.
    (head % u64::from(COUNT)) as u32
}

impl State {
    /// After a service came or left: it has an address as long as something serves it in the mesh.
    pub(crate) fn settle_virtual_ip(&mut self, destination: &ServiceName) {
        if self.derived.is_served(destination) {
            self.virtual_ips.assign(destination);
        } else {
            self.virtual_ips.free(destination);
        }
    }

    /// Completes what was read back: a former version gave out none.
    pub(crate) fn derive_virtual_ips(&mut self) {
        self.virtual_ips.taken = self.virtual_ips.by_name.values().copied().collect();
        let names = self.virtual_ips.by_name.keys().chain(self.derived.by_destination.iter().map(|(name, ..)| name));
        for name in names.cloned().collect::<Vec<_>>() {
            self.settle_virtual_ip(&name);
        }
    }
}

impl StateView<'_> {
    /// The virtual address of a mesh destination, while something serves it.
    #[must_use]
    pub fn virtual_ip(&self, destination: &ServiceName) -> Option<Ipv4Addr> {
        self.note(Topic::Connect(destination.clone()));
        self.state.virtual_ips.of(destination)
    }

    /// The virtual address of what an instance serves in the mesh. It has no topic: an instance that stands in the state
    /// keeps the address from its first moment to its last, and only another destination brings another one.
    #[must_use]
    pub fn virtual_ip_of(&self, instance: &Service) -> Option<Ipv4Addr> {
        instance.mesh_destination().and_then(|destination| self.state.virtual_ips.of(destination))
    }

    /// The addresses of a service that somebody has chosen.
    #[must_use]
    pub fn chosen_ips(&self, service: &ServiceName) -> &[IpAddr] {
        self.note(Topic::Connect(service.clone()));
        self.state.chosen_ips.get(service).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_follows_from_the_name_unless_it_is_taken() {
        let (api, web) = (ServiceName::from("api"), ServiceName::from("web"));
        let mut ips = VirtualIps::default();
        ips.assign(&api);
        ips.assign(&web);
        let first = ips.of(&api);
        assert!(first.is_some_and(|address| address.octets()[0] >= 240) && first != ips.of(&web));
        ips.free(&api);
        assert_eq!(ips.of(&api), None);
        // Somebody else is there meanwhile: the next one it is, and it stays so.
        ips.taken.insert(wanted(&api));
        ips.assign(&api);
        let second = ips.of(&api);
        assert!(second.is_some() && second != first);
        ips.taken.remove(&wanted(&api));
        ips.assign(&api);
        assert_eq!(ips.of(&api), second);
    }

    #[test]
    fn taken_places_are_passed_over() {
        let web = ServiceName::from("web");
        let mut ips = VirtualIps { taken: (wanted(&web)..wanted(&web) + 3).collect(), ..VirtualIps::default() };
        ips.assign(&web);
        assert_eq!(ips.by_name.get(&web), Some(&(wanted(&web) + 3)));
        assert_eq!(Ipv4Addr::from(NET + COUNT), Ipv4Addr::new(255, 255, 255, 254));
    }
}
