//! `NAME.virtual`: the one address that stands for a mesh destination, whoever serves it.

use std::net::IpAddr;

use weft_model::ServiceName;

use super::{Question, Reply};
use crate::record;

impl Question<'_> {
    pub(super) fn virtual_address(&self, name: &str) -> Reply {
        let as_asked = std::iter::once(ServiceName::from(name));
        let mut spellings = as_asked.chain(self.view.service_spellings(name));
        let found = spellings.find_map(|name| self.view.virtual_ip(&name).filter(|_| self.seen.service(name.as_str())));
        let Some(address) = found else { return Reply::missing() };
        let answers =
            record::address(self.name, self.settings.node_ttl, IpAddr::V4(address), self.kind).into_iter().collect();
        Reply { answers, ..Reply::default() }
    }
}
