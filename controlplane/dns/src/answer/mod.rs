//! What the state says to a question.

mod alias;
mod apex;
mod ingress;
mod instances;
mod node;
mod query;
mod virtual_address;

use std::net::IpAddr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};
use weft_model::Topic;
use weft_state::StateView;

use crate::question::{Asked, asked};
use crate::settings::Settings;
use crate::source::Seen;

/// The sections of an answer.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Whether there is nothing of this name.
    pub(crate) missing: bool,
    /// Whether there are as many answers as instances, so that a few of them will do.
    pub(crate) of_instances: bool,
    /// Whether another asker would be told something else.
    pub(crate) of_asker: bool,
    /// The topic that all of it comes from, where it is one, and whether its order is one of many.
    pub(crate) source: Option<(Topic, bool)>,
    pub(crate) answers: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
    /// Name servers, for the domain itself.
    pub(crate) authorities: Vec<Record>,
}

impl Reply {
    /// There is nothing of this name.
    fn missing() -> Self {
        Self { missing: true, ..Self::default() }
    }

    pub(crate) const fn code(&self) -> ResponseCode {
        if self.missing { ResponseCode::NXDomain } else { ResponseCode::NoError }
    }
}

/// One question and all that its answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// As it was asked, its case included.
    pub(crate) name: &'a Name,
    pub(crate) kind: RecordType,
    pub(crate) settings: &'a Settings,
    /// The serial of the start of authority.
    pub(crate) serial: u32,
    pub(crate) view: &'a StateView<'a>,
    pub(crate) seen: Seen<'a>,
    /// Where the asker is: the network that the request names (RFC 7871), or where it came from.
    pub(crate) asker: Option<IpAddr>,
    /// How many more names of ours may stand for each other in this answer.
    pub(crate) aliases: u8,
}

impl<'a> Question<'a> {
    /// The answer for anything but [`Asked::Outside`].
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        match asked {
            Asked::Apex => self.apex(),
            Asked::Branch => Reply::default(),
            Asked::Service { name, tag } => self.service(name, tag.as_deref()),
            Asked::Connect(name) => self.connect(name),
            Asked::Virtual(name) => self.virtual_address(name),
            Asked::Ingress(name) => self.ingress(name),
            Asked::Node(name) => self.node(name),
            Asked::Query(name) => self.query(name),
            Asked::Address(address) => self.address(*address),
            Asked::Reverse(address) => self.reverse(*address),
            Asked::Nothing | Asked::Outside => Reply::missing(),
        }
    }

    /// The answer about another name to the same asker.
    fn about(&self, name: &Name) -> Reply {
        let Some(aliases) = self.aliases.checked_sub(1) else { return Reply::default() };
        let next = Question { name, aliases, ..*self };
        next.answer(&asked(name, self.settings))
    }
}
