//! The virtual address of mesh instances, shown among their tagged ones as by Consul since 1.11. It is put into what is
//! answered: neither the state nor the agent that an instance is registered with holds it there.

use std::sync::Arc;

use weft_model::catalog::{Indexed, Service, ServiceAddress};
use weft_state::StateView;

/// Consul's name of it.
const VIRTUAL: &str = "consul-virtual";

/// Adds the address of what each instance serves in the mesh, with the instance's own port.
pub(crate) fn add_virtual<'a>(view: &StateView<'_>, services: impl Iterator<Item = &'a mut Indexed<Service>>) {
    for service in services {
        let Some(address) = view.virtual_ip_of(&service.value) else { continue };
        let address = ServiceAddress { address: address.to_string(), port: service.value.port };
        Arc::make_mut(&mut service.value).tagged_addresses.insert(VIRTUAL.to_owned(), address);
    }
}
