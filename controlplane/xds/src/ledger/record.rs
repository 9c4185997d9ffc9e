//! The record of one stream, as it is kept and as it is shown.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::session::{Nack, Protocol, Response};
use crate::set::ResourceType;

/// Who a stream is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The node id: the proxy's service id.
    pub node: String,
    /// The node's cluster: the service it stands for.
    pub cluster: String,
    /// Software and version, as far as told.
    pub agent: String,
    /// The address it came from.
    pub peer: String,
    /// The method called.
    pub protocol: Protocol,
}

/// One connected stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProxyRecord {
    /// The stream's number.
    pub stream: u64,
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// When it connected, in milliseconds since 1970.
    pub connected_at_ms: u64,
    /// The index of the newest set made for it.
    pub offered_index: u64,
    /// The types it asked for, by their short names.
    pub types: BTreeMap<&'static str, TypeRecord>,
}

/// One type on one stream. Indexes of 0 mean never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TypeRecord {
    /// The version last sent.
    pub sent_version: String,
    /// Its nonce.
    pub sent_nonce: String,
    /// The index of the set it was made from.
    pub sent_index: u64,
    /// When.
    pub sent_at_ms: u64,
    /// The version last accepted.
    pub acked_version: String,
    /// The newest index at which the client was known to hold all it asked for.
    pub acked_index: u64,
    /// When.
    pub acked_at_ms: u64,
    /// How many responses were refused.
    pub nacks: u64,
    /// The last refusal.
    pub last_nack: Option<NackRecord>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NackRecord {
    /// The nonce of the response.
    pub nonce: String,
    /// A `google.rpc.Code`.
    pub code: i32,
    /// The client's words.
    pub message: String,
    /// The resources at fault.
    pub names: Vec<String>,
    /// When.
    pub at_ms: u64,
}

impl ProxyRecord {
    pub(super) fn new(stream: u64, identity: Identity) -> Self {
        Self { stream, identity, connected_at_ms: unix_ms(), offered_index: 0, types: BTreeMap::new() }
    }

    /// Whether every type asked for is known to be held as of this index. `horizon` is the index up to
    /// which the newest set still holds.
    pub(super) fn has_acked(&self, index: u64, horizon: u64) -> bool {
        let asked = !self.types.is_empty();
        let acked = |wanted| self.types.values().all(|of_type| of_type.acked_index >= wanted);
        let unconcerned = horizon >= index && self.offered_index > 0;
        asked && (acked(index) || (unconcerned && acked(self.offered_index)))
    }

    pub(super) fn asked(&mut self, of: ResourceType) {
        self.of_type(of);
    }

    pub(super) fn sent(&mut self, response: &Response) {
        let of_type = self.of_type(response.of);
        of_type.sent_version = response.version.to_string();
        of_type.sent_nonce = response.nonce.clone();
        of_type.sent_index = response.index;
        of_type.sent_at_ms = unix_ms();
    }

    pub(super) fn acked(&mut self, of: ResourceType, nonce: &str) {
        let of_type = self.of_type(of);
        if of_type.sent_nonce == nonce {
            of_type.acked_version = of_type.sent_version.clone();
            of_type.acked_at_ms = unix_ms();
        }
    }

    pub(super) fn settled(&mut self, of: ResourceType, index: u64) {
        self.of_type(of).acked_index = index;
    }

    pub(super) fn nacked(&mut self, nack: &Nack) {
        let of_type = self.of_type(nack.of);
        of_type.nacks += 1;
        of_type.last_nack = Some(NackRecord {
            nonce: nack.nonce.clone(),
            code: nack.fault.code,
            message: nack.fault.message.clone(),
            names: nack.names.iter().map(|name| name.to_string()).collect(),
            at_ms: unix_ms(),
        });
    }

    fn of_type(&mut self, of: ResourceType) -> &mut TypeRecord {
        self.types.entry(of.kind().short).or_default()
    }
}

/// Now, in milliseconds since 1970.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offered: u64, acked: &[(ResourceType, u64)]) -> ProxyRecord {
        let identity = Identity {
            node: "web".to_owned(),
            cluster: String::new(),
            agent: String::new(),
            peer: String::new(),
            protocol: Protocol::Delta,
        };
        let mut record = ProxyRecord::new(1, identity);
        record.offered_index = offered;
        for (of, index) in acked {
            record.settled(*of, *index);
        }
        record
    }

    #[test]
    fn the_slowest_type_decides() {
        use ResourceType::{Cluster, Listener};
        let record = record(7, &[(Cluster, 7), (Listener, 5)]);
        assert!(record.has_acked(5, 0));
        assert!(!record.has_acked(6, 0));
    }

    #[test]
    fn a_proxy_that_asked_for_nothing_yet_has_acked_nothing() {
        assert!(!record(7, &[]).has_acked(1, 9));
    }

    #[test]
    fn a_proxy_that_a_change_does_not_concern_is_up_to_date() {
        let up_to_date = record(5, &[(ResourceType::Cluster, 5)]);
        assert!(up_to_date.has_acked(9, 9));
        assert!(!up_to_date.has_acked(9, 8), "the source does not know yet");
        let behind = record(5, &[(ResourceType::Cluster, 4)]);
        assert!(!behind.has_acked(9, 9), "it lacks what its set was before");
    }
}
