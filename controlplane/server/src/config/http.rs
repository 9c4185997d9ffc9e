//! What the files say of the HTTP API: the block `http_config`, and how long and how large requests may be.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use weft_api::{Front, Network, Terms};
use weft_model::{Faults, Session};

use super::read;
use super::socket::{Owner, Socket};

/// A value travels with others in one message between servers.
const VALUE_MAX: usize = 16 << 20;

/// What the sources have said.
#[derive(Debug, Default)]
pub(super) struct HttpDraft {
    pub(super) wait_default: Option<Duration>,
    pub(super) wait_max: Option<Duration>,
    pub(super) discovery_max_stale: Option<Duration>,
    pub(super) session_ttl_min: Option<Duration>,
    pub(super) value_max: Option<usize>,
    pub(super) transaction_max: Option<usize>,
    pub(super) head_max: Option<usize>,
    pub(super) blocked: Vec<String>,
    pub(super) writers: Vec<Network>,
    pub(super) headers: HeaderMap,
    pub(super) socket: Option<PathBuf>,
    pub(super) owner: Owner,
}

/// The HTTP API, as configured.
#[derive(Clone, Debug, Default)]
pub struct Http {
    pub terms: Terms,
    pub front: Front,
    /// The longest head of a request; `None`: as is usual.
    pub head_max_bytes: Option<usize>,
    /// A socket in the file system where it is served, too.
    pub socket: Option<Socket>,
}

pub(super) fn settings(draft: HttpDraft, faults: &mut Faults) -> Http {
    let usual = Terms::default();
    let value_max_bytes = draft.value_max.filter(|most| *most > 0).unwrap_or(usual.value_max_bytes);
    if value_max_bytes > VALUE_MAX {
        faults.say(format!(
            "limits.kv_max_value_size: {value_max_bytes} is more than the {VALUE_MAX} bytes that servers pass on"
        ));
    }
    let transaction = draft.transaction_max.filter(|most| *most > 0);
    // Unless something else is said, a value of the longest size fits, in base64 and with the text around it.
    let least = usual.transaction_max_bytes.max(value_max_bytes.saturating_mul(2));
    let transaction_max_bytes = transaction.unwrap_or(least).max(value_max_bytes);
    if transaction_max_bytes > 2 * VALUE_MAX {
        faults.say(format!("limits.txn_max_req_len: {transaction_max_bytes} is more than {} bytes", 2 * VALUE_MAX));
    }
    let session_ttl_min = above_zero(draft.session_ttl_min).unwrap_or(usual.session_ttl_min);
    if session_ttl_min > Session::TTL_MAX {
        faults.say("session_ttl_min: no session lives longer than 24h");
    }
    Http {
        terms: Terms {
            wait_default: above_zero(draft.wait_default).unwrap_or(usual.wait_default),
            wait_max: above_zero(draft.wait_max).unwrap_or(usual.wait_max),
            discovery_max_stale: above_zero(draft.discovery_max_stale),
            session_ttl_min,
            value_max_bytes,
            transaction_max_bytes,
        },
        front: Front { blocked: draft.blocked, writers: draft.writers, headers: draft.headers },
        head_max_bytes: draft.head_max.filter(|most| *most > 0),
        socket: draft.socket.map(|path| Socket { path, owner: draft.owner }),
    }
}

fn above_zero(time: Option<Duration>) -> Option<Duration> {
    time.filter(|time| !time.is_zero())
}

/// Beginnings of paths.
pub(super) fn paths(value: &Value) -> Result<Vec<String>, String> {
    let paths: BTreeSet<String> = read::texts(value)?.into_iter().collect();
    match paths.iter().find(|path| !path.starts_with('/')) {
        Some(path) => Err(format!("{path:?} is no path: it must begin with /")),
        None => Ok(paths.into_iter().collect()),
    }
}

pub(super) fn networks(value: &Value) -> Result<Vec<Network>, String> {
    let network = |text: String| Network::parse(&text).ok_or_else(|| format!("{text:?} is no network like 10.0.0.0/8"));
    read::texts(value)?.into_iter().map(network).collect()
}

pub(super) fn headers(value: &Value) -> Result<HeaderMap, String> {
    let pair = |(name, value): (String, String)| {
        let header = HeaderName::try_from(&name).map_err(|_| format!("{name:?} is no name of a header"))?;
        Ok((header, HeaderValue::try_from(value).map_err(|_| format!("{name}: its value cannot be sent"))?))
    };
    read::pairs(value)?.into_iter().map(pair).collect()
}
