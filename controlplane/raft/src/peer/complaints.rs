//! What goes wrong with peers, said once and not with every retry.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// When the same is said again.
const AGAIN: Duration = Duration::from_secs(30);

/// How many different ones are remembered.
const KINDS_MAX: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Complaints {
    said: Mutex<HashMap<(IpAddr, String), Instant>>,
}

impl Complaints {
    pub(super) fn say(&self, address: IpAddr, text: &str) {
        if self.is_news(address, text, Instant::now()) {
            tracing::warn!(peer = %address, "a server is turned away: {text}");
        }
    }

    fn is_news(&self, address: IpAddr, text: &str, now: Instant) -> bool {
        let mut said = self.said.lock();
        said.retain(|_, when| now.saturating_duration_since(*when) < AGAIN);
        let key = (address, text.to_owned());
        if said.contains_key(&key) || said.len() >= KINDS_MAX {
            return false;
        }
        said.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_in_a_while() {
        let (complaints, now) = (Complaints::default(), Instant::now());
        let address = IpAddr::from([127, 0, 0, 1]);
        assert!(complaints.is_news(address, "a", now) && complaints.is_news(address, "b", now));
        assert!(!complaints.is_news(address, "a", now));
        assert!(complaints.is_news(address, "a", now + AGAIN));
    }
}
