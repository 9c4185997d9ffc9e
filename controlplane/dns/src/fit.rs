//! Making an answer fit the way it goes.

use std::collections::BTreeSet;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

use crate::settings::Settings;

/// What DNS without EDNS carries in a datagram (RFC 1035, 2.3.4).
const PLAIN_MAX: usize = 512;

/// The largest datagram that is worth sending: beyond it networks begin to lose pieces.
pub(crate) const PAYLOAD_MAX: u16 = 4096;

/// The largest message over TCP: its length has two bytes.
const TCP_MAX: usize = u16::MAX as usize;

/// Over which way an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Udp,
    Tcp,
}

/// How much an answer may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// In bytes.
    length: usize,
    /// How many instances a small answer names; the others will be named to others.
    instances: Option<usize>,
}

impl Room {
    /// `payload` is what the asker says that it can take over UDP.
    pub(crate) fn new(way: Way, payload: Option<u16>, settings: &Settings) -> Self {
        let length = match way {
            Way::Tcp => TCP_MAX,
            Way::Udp => usize::from(payload.unwrap_or(0).min(PAYLOAD_MAX)).max(PLAIN_MAX),
        };
        Self { length, instances: (length == PLAIN_MAX).then_some(settings.udp_answer_limit.max(1)) }
    }
}

/// Cuts answers until the message fits, and encodes it.
pub(crate) fn fit(mut message: Message, room: Room, of_instances: bool, settings: &Settings) -> Option<Vec<u8>> {
    let before = message.answers.len();
    let max = room.length;
    if let Some(most) = room.instances.filter(|most| of_instances && *most < before) {
        keep(&mut message, most);
    }
    loop {
        message.metadata.truncation = settings.enable_truncate && message.answers.len() < before;
        let bytes = encode(&message, settings.disable_compression)?;
        if bytes.len() <= max {
            return Some(bytes);
        }
        let (answers, others) = (message.answers.len(), message.additionals.len());
        // What hangs on answers goes with them; what hangs on none goes alone.
        match answers {
            0 if others == 0 => return None,
            0 | 1 => message.additionals.truncate(others / 2),
            _ => keep(&mut message, (answers * max / bytes.len()).clamp(1, answers - 1)),
        }
        if (answers, others) == (1, 0) {
            message.answers.clear();
        }
    }
}

/// Keeps the first answers, and of the additional records those that belong to them.
fn keep(message: &mut Message, answers: usize) {
    message.answers.truncate(answers);
    let targets: BTreeSet<&Name> = message.answers.iter().map(target).collect();
    let mut kept = std::mem::take(&mut message.additionals);
    kept.retain(|record| targets.contains(&record.name));
    message.additionals = kept;
}

/// The name that the additional records of an answer are about.
fn target(record: &Record) -> &Name {
    if let RData::SRV(srv) = &record.data {
        &srv.target
    } else if let RData::NS(ns) = &record.data {
        &ns.0
    } else {
        &record.name
    }
}

fn encode(message: &Message, plain: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PLAIN_MAX);
    let mut encoder = BinEncoder::new(&mut bytes);
    if plain {
        encoder.set_name_encoding(NameEncoding::Uncompressed);
    }
    message.emit(&mut encoder).ok()?;
    Some(bytes)
}
