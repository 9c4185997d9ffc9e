//! Ports for servers that tests start. Taken below the range the kernel gives to outgoing
//! connections, so that none is lost between its choice and its use.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 12_000;
const COUNT: u16 = 12_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on and that no other test of this run gets.
pub(crate) fn free_port() -> u16 {
    // Runs beside each other start at different places.
    let start = (std::process::id() % 120 * 100) as u16;
    loop {
        let port = FIRST + (start + TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
