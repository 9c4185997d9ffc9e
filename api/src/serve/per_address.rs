//! How many connections each client address has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// A number that can be changed while it holds. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Ceiling(Arc<AtomicUsize>);

impl Ceiling {
    /// Lets so many be from now on; what is above it may stay.
    pub fn set(&self, most: usize) {
        self.0.store(most, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<usize> for Ceiling {
    fn from(most: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(most)))
    }
}

type Open = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Counts connections by address. Clones count together.
#[derive(Clone, Debug)]
pub struct PerAddress {
    most: Ceiling,
    counts_loopback: bool,
    open: Open,
}

/// The place of one connection; dropping it frees the place.
///
/// Empty for an address that is not counted.
#[derive(Debug)]
pub struct Place(Option<(IpAddr, Open)>);

impl PerAddress {
    /// At most so many of each address; of loopback addresses only if they are counted.
    #[must_use]
    pub fn new(most: Ceiling, counts_loopback: bool) -> Self {
        Self { most, counts_loopback, open: Arc::default() }
    }

    /// A place, unless the address has all of its own.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        // An IPv4 client of an IPv6 socket shows a mapped address.
        let address = address.to_canonical();
        if !self.counts_loopback && address.is_loopback() {
            return Some(Place(None));
        }
        let mut open = self.open.lock();
        let count = open.entry(address).or_default();
        if *count >= self.most.get() {
            return None;
        }
        *count += 1;
        Some(Place(Some((address, Arc::clone(&self.open)))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((address, open)) = &self.0 else { return };
        let mut open = open.lock();
        let Some(count) = open.get_mut(address) else { return };
        *count -= 1;
        if *count == 0 {
            open.remove(address);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn places_are_given_by_address_and_come_back() {
        let most = Ceiling::from(2);
        let limit = PerAddress::new(most.clone(), true);
        let (one, other) = (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into());
        let first = limit.enter(one);
        let second = limit.enter(one);
        assert!(first.is_some() && second.is_some());
        assert!(limit.enter(one).is_none());
        assert!(limit.enter(other).is_some());
        drop(first);
        let third = limit.enter(one);
        assert!(third.is_some());
        most.set(1);
        drop(third);
        assert!(limit.enter(one).is_none(), "the one that is left is all there may be now");
        drop(second);
        assert!(limit.open.lock().is_empty(), "nothing is kept of addresses that left");
    }

    #[test]
    fn loopback_addresses_have_no_limit_where_they_are_not_counted() {
        let limit = PerAddress::new(1.into(), false);
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let address: IpAddr = address.parse().unwrap();
            let places: Vec<_> = (0..10).map(|_| limit.enter(address)).collect();
            assert!(places.iter().all(Option::is_some), "{address}");
        }
        let other: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let place = limit.enter(other);
        assert!(place.is_some() && limit.enter("10.0.0.1".parse().unwrap()).is_none());
    }
}
