//! Addresses that are names: an alias, and what it leads to where that is ours.

use hickory_proto::rr::{Name, Record, RecordType};

use super::{Question, Reply};
use crate::question::{Asked, asked};
use crate::record;

impl Question<'_> {
    /// An alias to `host` and what is known of it.
    pub(super) fn alias(&self, host: Name, ttl: u32) -> Reply {
        let mut answers = vec![record::cname(self.name, ttl, host.clone())];
        if self.kind != RecordType::CNAME {
            answers.extend(self.ours(&host).map(|found| found.answers).unwrap_or_default());
        }
        Reply { answers, ..Reply::default() }
    }

    /// The addresses behind the target of a location.
    pub(super) fn addresses_of_alias(&self, host: &Name, ttl: u32) -> Vec<Record> {
        let by_address = Question { kind: RecordType::ANY, ..*self };
        let found = by_address.ours(host).map(|found| found.answers).unwrap_or_default();
        let addresses = found
            .into_iter()
            .filter(|record| matches!(record.record_type(), RecordType::A | RecordType::AAAA | RecordType::CNAME));
        // An answer holds as long as the shortest part of it.
        addresses
            .map(|mut record| {
                record.ttl = record.ttl.min(ttl);
                record
            })
            .collect()
    }

    fn ours(&self, host: &Name) -> Option<Reply> {
        (asked(host, self.settings) != Asked::Outside).then(|| self.about(host))
    }
}
