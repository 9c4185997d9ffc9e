//! The userspace wire: reads packets from each device, asks the link's policy, writes them to another device.
//!
//! It has threads of its own, so that a busy harness does not slow the network that it judges.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use parking_lot::{Condvar, Mutex};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::packet;
use super::queue::{Queue, departures};
use crate::net::{Counters, Pair, Policy};

/// The handle of the wire.
pub(super) struct Switch {
    shared: Arc<Shared>,
}

struct Shared {
    table: Mutex<Table>,
    /// A packet was put in the queue.
    queued: Condvar,
}

struct Table {
    /// Whose address it is, and the device that leads there.
    routes: HashMap<Ipv4Addr, (u8, Arc<OwnedFd>)>,
    policies: HashMap<Pair, Policy>,
    free: HashMap<Pair, Option<Instant>>,
    seen: BTreeMap<Pair, Counters>,
    queue: Queue<(Ipv4Addr, Vec<u8>)>,
    rng: StdRng,
}

impl Switch {
    /// Starts the thread that sends what had to wait. All threads of the wire live as long as the harness.
    pub(super) fn start(seed: u64) -> Result<Self> {
        let table = Table {
            routes: HashMap::new(),
            policies: HashMap::new(),
            free: HashMap::new(),
            seen: BTreeMap::new(),
            queue: Queue::default(),
            rng: StdRng::seed_from_u64(seed),
        };
        let shared = Arc::new(Shared { table: Mutex::new(table), queued: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        thread("wire".to_owned(), move || of_thread.send_due())?;
        Ok(Self { shared })
    }

    /// Connects a device through which that address is reached.
    pub(super) fn plug(&self, number: u8, address: Ipv4Addr, device: OwnedFd) -> Result<()> {
        let device = Arc::new(device);
        self.shared.table.lock().routes.insert(address, (number, Arc::clone(&device)));
        let shared = Arc::clone(&self.shared);
        thread(format!("wire-{address}"), move || shared.read(number, &device))
    }

    pub(super) fn set(&self, link: Pair, policy: Policy) {
        self.shared.table.lock().policies.insert(link, policy);
    }

    pub(super) fn heal(&self) {
        self.shared.table.lock().policies.clear();
    }

    pub(super) fn counters(&self) -> BTreeMap<Pair, Counters> {
        self.shared.table.lock().seen.clone()
    }
}

fn thread(name: String, body: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name).spawn(body).context("a thread of the wire")?;
    Ok(())
}

impl Shared {
    /// Reads one device for ever.
    #[expect(clippy::disallowed_methods, reason = "this thread is no runtime's")]
    fn read(&self, number: u8, device: &OwnedFd) {
        let mut room = vec![0; 65_536];
        loop {
            match rustix::io::read(device, &mut room[..]) {
                Ok(len) => self.take(number, &room[..len]),
                // The device is not up yet.
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Writes what had to wait.
    fn send_due(&self) {
        let mut table = self.table.lock();
        loop {
            let now = Instant::now();
            while let Some((to, packet)) = table.queue.pop(now) {
                table.write(to, &packet);
            }
            match table.queue.next() {
                Some(due) => drop(self.queued.wait_until(&mut table, due)),
                None => self.queued.wait(&mut table),
            }
        }
    }

    /// Decides about a packet that came from that number.
    fn take(&self, from: u8, bytes: &[u8]) {
        let Some((_, to)) = packet::ends(bytes) else { return };
        let mut table = self.table.lock();
        let table = &mut *table;
        let Some((number, _)) = table.routes.get(&to) else { return };
        let link = (from, *number);
        let seen = table.seen.entry(link).or_default();
        let Some(policy) = table.policies.get(&link) else {
            seen.passed += 1;
            return table.write(to, bytes);
        };
        if policy.reset {
            seen.reset += 1;
            if let (Some(answer), Some((source, _))) = (packet::refusal(bytes), packet::ends(bytes)) {
                table.write(source, &answer);
            }
            return;
        }
        let now = Instant::now();
        let free = table.free.entry(link).or_default();
        for due in departures(policy, bytes.len(), now, free, &mut table.rng, seen) {
            if !table.queue.push(due, (to, bytes.to_vec())) {
                seen.dropped += 1;
            }
        }
        self.queued.notify_one();
    }
}

impl Table {
    /// A device that cannot take a packet now loses it, as any wire would.
    fn write(&self, to: Ipv4Addr, packet: &[u8]) {
        if let Some((_, device)) = self.routes.get(&to) {
            let _ = rustix::io::write(&**device, packet);
        }
    }
}
