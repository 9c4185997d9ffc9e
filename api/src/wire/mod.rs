//! The shapes of answers: Consul's JSON, field by field. Each borrows the model's value and is written
//! straight from it.

pub(crate) mod acl;
pub(crate) mod agent;
pub(crate) mod ca;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod config_entry;
pub(crate) mod coordinate;
pub(crate) mod event;
pub(crate) mod federation;
pub(crate) mod health;
pub(crate) mod intention;
pub(crate) mod kv;
pub(crate) mod node;
pub(crate) mod operator;
pub(crate) mod prepared_query;
pub(crate) mod proxy;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod txn;
pub(crate) mod ui;
pub(crate) mod virtual_ip;

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};
use weft_model::Timestamp;

/// A list that holds values of the state and writes them as rows.
macro_rules! rows {
    ($name:ident of $value:ty as $row:ident) => {
        /// A list of rows.
        pub(crate) struct $name(pub(crate) Vec<$value>);

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map($row::from))
            }
        }
    };
}
pub(crate) use rows;

/// An object without fields.
#[derive(Serialize)]
pub(crate) struct Nothing {}

/// What was created, by its id.
#[derive(Serialize)]
pub(crate) struct Identified {
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

/// RFC 3339 in UTC, as Go writes times.
pub(crate) fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

pub(crate) fn rfc3339(time: Timestamp) -> String {
    let mut text = String::new();
    match jiff::Timestamp::from_nanosecond(i128::from(time.0)) {
        // Writing into a String does not fail.
        Ok(time) => {
            let _ = DateTimePrinter::new().print_timestamp(&time, &mut text);
        }
        Err(_) => text.push_str("0001-01-01T00:00:00Z"),
    }
    text
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn is_zero(port: &u16) -> bool {
    *port == 0
}

/// A hash of bytes that is the same on every machine and in every version (64 bit FNV-1a).
pub(crate) fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
