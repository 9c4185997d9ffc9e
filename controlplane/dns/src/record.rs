//! The records that answers are made of.

use std::net::IpAddr;

use hickory_proto::rr::rdata::{CNAME, NS, PTR, SOA, SRV, TXT};
pub(crate) use hickory_proto::rr::{Name, Record};
use hickory_proto::rr::{RData, RecordType};

use crate::settings::Settings;

/// A or AAAA, whichever the address is; nothing when the other one was asked for.
pub(crate) fn address(name: &Name, ttl: u32, address: IpAddr, wanted: RecordType) -> Option<Record> {
    let (data, of) = match address {
        IpAddr::V4(address) => (RData::A(address.into()), RecordType::A),
        IpAddr::V6(address) => (RData::AAAA(address.into()), RecordType::AAAA),
    };
    wants(wanted, of).then(|| Record::from_rdata(name.clone(), ttl, data))
}

/// Whether a question of this type is answered with records of that type.
pub(crate) fn wants(asked: RecordType, of: RecordType) -> bool {
    asked == of || asked == RecordType::ANY
}

pub(crate) fn cname(name: &Name, ttl: u32, target: Name) -> Record {
    Record::from_rdata(name.clone(), ttl, RData::CNAME(CNAME(target)))
}

pub(crate) fn srv(name: &Name, ttl: u32, weight: u16, port: u16, target: Name) -> Record {
    Record::from_rdata(name.clone(), ttl, RData::SRV(SRV::new(1, weight, port, target)))
}

pub(crate) fn ns(domain: &Name, ttl: u32, target: Name) -> Record {
    Record::from_rdata(domain.clone(), ttl, RData::NS(NS(target)))
}

pub(crate) fn ptr(name: &Name, target: Name) -> Record {
    Record::from_rdata(name.clone(), 0, RData::PTR(PTR(target)))
}

/// Node meta as `key=value`; the value alone for keys that start with `rfc1035-`.
pub(crate) fn txt(name: &Name, ttl: u32, key: &str, value: &str) -> Record {
    let text =
        if key.to_ascii_lowercase().starts_with("rfc1035-") { value.to_owned() } else { format!("{key}={value}") };
    // One character string holds 255 bytes (RFC 1035, 3.3).
    let pieces = text.as_bytes().chunks(255).collect();
    Record::from_rdata(name.clone(), ttl, RData::TXT(TXT::from_bytes(pieces)))
}

/// The start of authority of the domain. `serial` is the time in seconds, as Consul has it.
pub(crate) fn soa(settings: &Settings, serial: u32) -> Record {
    let below = |label: &str| settings.domain.prepend_label(label).unwrap_or_else(|_| settings.domain.clone());
    let soa = settings.soa;
    // On the wire all are unsigned (RFC 1035, 3.3.13).
    let [refresh, retry, expire] = [soa.refresh, soa.retry, soa.expire].map(u32::cast_signed);
    let data = SOA::new(below("ns"), below("hostmaster"), serial, refresh, retry, expire, soa.min_ttl);
    Record::from_rdata(settings.domain.clone(), soa.min_ttl, RData::SOA(data))
}

/// A host name as a name of DNS; nothing for one that DNS cannot carry.
pub(crate) fn fully_qualified(host: &str) -> Option<Name> {
    let mut name = Name::from_str_relaxed(host).ok()?;
    name.set_fqdn(true);
    Some(name)
}
