//! How many connections there may be, from one address and in all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// A server keeps two connections to each peer; the rest is room for reconnects and for many servers
/// behind one address.
pub(super) const PER_ADDRESS_MAX: usize = 64;
pub(super) const TOTAL_MAX: usize = 512;

/// A client agent keeps one connection, and all agents of a machine or of a private network may come from one address.
const CLIENTS_PER_ADDRESS_MAX: usize = 4096;
const CLIENTS_MAX: usize = 16_384;

#[derive(Debug)]
pub(super) struct Admission {
    open: Mutex<HashMap<IpAddr, usize>>,
    per_address: usize,
    total: usize,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(super) fn of_servers() -> Self {
        Self { open: Mutex::default(), per_address: PER_ADDRESS_MAX, total: TOTAL_MAX }
    }

    pub(super) fn of_clients() -> Self {
        Self { open: Mutex::default(), per_address: CLIENTS_PER_ADDRESS_MAX, total: CLIENTS_MAX }
    }

    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let mut open = self.open.lock();
        if open.values().sum::<usize>() >= self.total {
            return None;
        }
        let count = open.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Admitted { admission: Arc::clone(self), address })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_and_places_come_free() {
        let admission = Arc::new(Admission::of_servers());
        let address = |n: u8| IpAddr::from([127, 0, 0, n]);
        let mut places: Vec<_> = (0..PER_ADDRESS_MAX).map(|_| admission.admit(address(1)).unwrap()).collect();
        assert!(admission.admit(address(1)).is_none());
        places.extend((PER_ADDRESS_MAX..TOTAL_MAX).map(|n| admission.admit(address((n / 60) as u8 + 2)).unwrap()));
        assert!(admission.admit(address(99)).is_none());
        drop(places);
        assert!(admission.admit(address(1)).is_some());
        assert!(admission.open.lock().is_empty());
    }
}
