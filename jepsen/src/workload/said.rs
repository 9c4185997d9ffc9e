//! How answers become outcomes.
//!
//! A mutation is `ok` only with a full valid answer and `fail` only when it provably never got to the log;
//! everything else is a doubt. Reads have no effect: whatever fails them is `fail`.

use serde_json::Value;

use super::session::{Asked, Session};
use crate::client::{Failure, Reply};
use crate::history::{Meta, Outcome, Pending};

/// An answer, understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Said<T> {
    Ok(T, Meta),
    /// It never took effect.
    Fail(String),
    /// It may have.
    Doubt(String),
    /// An answer that no promise knows.
    Unexpected(String),
}

impl<T> Said<T> {
    /// Changes what was said.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Said<U> {
        match self {
            Self::Ok(value, meta) => Said::Ok(change(value), meta),
            Self::Fail(why) => Said::Fail(why),
            Self::Doubt(why) => Said::Doubt(why),
            Self::Unexpected(what) => Said::Unexpected(what),
        }
    }

    /// Understands more of what was said; what cannot be understood is unexpected.
    pub fn and_then<U>(self, understand: impl FnOnce(T) -> Result<U, String>) -> Said<U> {
        match self {
            Self::Ok(value, meta) => understand(value).map_or_else(Said::Unexpected, |value| Said::Ok(value, meta)),
            Self::Fail(why) => Said::Fail(why),
            Self::Doubt(why) => Said::Doubt(why),
            Self::Unexpected(what) => Said::Unexpected(what),
        }
    }

    /// A read has no effect: a doubt about it is a failure.
    #[must_use]
    pub fn of_read(self) -> Self {
        match self {
            Self::Doubt(why) => Self::Fail(why),
            Self::Ok(..) | Self::Fail(_) | Self::Unexpected(_) => self,
        }
    }

    /// The value, if there is one.
    pub fn ok(&self) -> Option<&T> {
        match self {
            Self::Ok(value, _) => Some(value),
            Self::Fail(_) | Self::Doubt(_) | Self::Unexpected(_) => None,
        }
    }
}

impl<T: Clone> Said<T> {
    /// Ends the operation with what was said; `Some` when it was `ok`.
    pub fn end(self, session: &mut Session, pending: Pending, show: impl FnOnce(&T) -> Value) -> Option<T> {
        match self {
            Self::Ok(value, meta) => {
                session.end(pending, Outcome::Ok(show(&value)), meta);
                Some(value)
            }
            Self::Fail(why) => {
                session.end(pending, Outcome::Fail(why), Meta::default());
                None
            }
            Self::Doubt(why) => {
                session.end(pending, Outcome::Info(why), Meta::default());
                None
            }
            Self::Unexpected(what) => {
                session.unexpected(pending, &what);
                None
            }
        }
    }
}

/// Understands what is common to the answers of Consul's API; `understand` gets those of status 200 and
/// whichever else it names in `also`.
pub fn consul<T>(asked: Asked, also: &[u16], understand: impl FnOnce(&Reply) -> Result<T, String>) -> Said<T> {
    let reply = match asked {
        Ok(reply) => reply,
        Err(Failure::NotSent(why)) => return Said::Fail(why),
        Err(Failure::Unknown(why)) => return Said::Doubt(why),
    };
    if reply.status == 200 || also.contains(&reply.status) {
        let meta = meta(&reply);
        return match understand(&reply) {
            Ok(value) => Said::Ok(value, meta),
            Err(what) => Said::Unexpected(format!("{} {what}: {}", reply.status, text(&reply))),
        };
    }
    let why = format!("{} {}", reply.status, text(&reply));
    match reply.status {
        // Refused at the front door, before anything was proposed.
        429 => Said::Fail(why),
        500 if text(&reply).trim() == "No cluster leader" => Said::Fail(why),
        500..=599 => Said::Doubt(why),
        _ => Said::Unexpected(why),
    }
}

/// The index that an answer announces.
#[must_use]
pub fn meta(reply: &Reply) -> Meta {
    Meta { term: header(reply, "x-weft-term"), log_index: header(reply, "x-consul-index") }
}

/// A number in a header.
#[must_use]
pub fn header(reply: &Reply, name: &str) -> Option<u64> {
    reply.headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The beginning of the body, for people.
#[must_use]
pub fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).chars().take(300).collect()
}

/// The body as JSON.
///
/// # Errors
/// When it is none.
pub fn json(reply: &Reply) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON ({error})"))
}

/// The body as `true` or `false`.
///
/// # Errors
/// When it is neither.
pub fn yes_no(reply: &Reply) -> Result<bool, String> {
    json(reply)?.as_bool().ok_or_else(|| "neither true nor false".to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &'static str) -> Asked {
        Ok(Reply { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
    }

    #[test]
    fn only_what_never_left_is_a_failure() {
        assert!(matches!(consul(Err(Failure::NotSent("refused".to_owned())), &[], yes_no), Said::Fail(_)));
        assert!(matches!(consul(Err(Failure::Unknown("timeout".to_owned())), &[], yes_no), Said::Doubt(_)));
        assert!(matches!(consul(reply(500, "No cluster leader"), &[], yes_no), Said::Fail(_)));
        assert!(matches!(consul(reply(500, "leadership lost while committing log"), &[], yes_no), Said::Doubt(_)));
        assert!(matches!(consul(reply(503, "busy"), &[], yes_no), Said::Doubt(_)));
    }

    #[test]
    fn a_strange_shape_is_neither_ok_nor_fail() {
        assert!(matches!(consul(reply(200, "true"), &[], yes_no), Said::Ok(true, _)));
        assert!(matches!(consul(reply(200, "tru"), &[], yes_no), Said::Unexpected(_)));
        assert!(matches!(consul(reply(418, "teapot"), &[], yes_no), Said::Unexpected(_)));
    }
}
