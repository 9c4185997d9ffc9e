//! The domain itself: its start of authority and its name servers.

use hickory_proto::rr::RecordType;

use super::{Question, Reply};
use crate::record::{self, wants};

/// The service under which servers are registered.
const SERVERS: &str = "consul";

impl Question<'_> {
    pub(super) fn apex(&self) -> Reply {
        let mut reply = Reply::default();
        if wants(self.kind, RecordType::SOA) {
            reply.answers.push(record::soa(self.settings, self.serial));
        }
        if wants(self.kind, RecordType::NS) {
            (reply.answers, reply.additionals) = self.name_servers(reply.answers);
        } else if self.kind == RecordType::SOA {
            (reply.authorities, reply.additionals) = self.name_servers(Vec::new());
        }
        reply
    }

    /// The servers, behind `records`, and their addresses.
    fn name_servers(&self, mut records: Vec<record::Record>) -> (Vec<record::Record>, Vec<record::Record>) {
        let ttl = self.settings.node_ttl;
        let mut glue = Vec::new();
        for server in self.healthy(self.view.instances(&SERVERS.into())) {
            let node = &server.node.value;
            let Some(name) = self.node_name(node) else { continue };
            records.push(record::ns(&self.settings.domain, ttl, name.clone()));
            let address = node.address.parse().ok();
            glue.extend(address.and_then(|address| record::address(&name, ttl, address, RecordType::ANY)));
        }
        (records, glue)
    }
}
