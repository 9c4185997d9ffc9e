//! Operations on keys.

use http::StatusCode;
use serde::Deserialize;
use weft_model::{KvOp, KvVerb, SessionId, TxnOp};

use super::request::{Op, PARSE_FAILED};
use crate::refusal::Refusal;
use crate::wire::kv::from_base64;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KvRequest {
    verb: String,
    key: String,
    value: Option<String>,
    flags: u64,
    index: u64,
    session: String,
    #[serde(rename = "Namespace")]
    _namespace: String,
    #[serde(rename = "Partition")]
    _partition: String,
}

impl KvRequest {
    pub(super) fn into_op(self, value_max_bytes: usize) -> Result<Op, Refusal> {
        let value = from_base64(self.value.as_deref().unwrap_or_default())
            .map_err(|text| Refusal::bad_request(format!("{PARSE_FAILED}: {text}")))?;
        if value.len() > value_max_bytes {
            let text = format!("Value for key {:?} is too large ({} > {value_max_bytes} bytes)", self.key, value.len());
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        let writes = !self.verb.starts_with("get") && !self.verb.starts_with("check-");
        if self.key.is_empty() && self.verb != "delete-tree" {
            return Ok(Op::unfit("Must provide key", writes));
        }
        Ok(match self.verb() {
            Ok(verb) => Op::good(TxnOp::Kv(KvOp { verb, key: self.key.into(), value, flags: self.flags })),
            Err(what) => Op::fails(what, writes),
        })
    }

    fn verb(&self) -> Result<KvVerb, String> {
        let (key, index) = (&self.key, self.index);
        Ok(match self.verb.as_str() {
            "set" => KvVerb::Set,
            "cas" => KvVerb::Cas { index },
            "lock" => KvVerb::Lock { session: self.locker().and_then(SessionId::parse)? },
            // What is no session holds no lock.
            "unlock" => KvVerb::Unlock {
                session: SessionId::parse(self.locker()?).map_err(|_| {
                    format!("failed to unlock key {key:?}, lock isn't held, or is held by another session")
                })?,
            },
            "delete" => KvVerb::Delete,
            "delete-cas" => KvVerb::DeleteCas { index },
            "delete-tree" => KvVerb::DeleteTree,
            "get" => KvVerb::Get,
            "get-tree" => KvVerb::GetTree,
            "get-or-empty" => KvVerb::GetOrEmpty,
            "check-index" => KvVerb::CheckIndex { index },
            "check-session" if self.session.is_empty() => KvVerb::CheckSession { session: None },
            "check-session" => {
                KvVerb::CheckSession {
                    session: Some(SessionId::parse(&self.session).map_err(|_| {
                        format!("failed session check for key {key:?}, no session is {:?}", self.session)
                    })?),
                }
            }
            "check-not-exists" => KvVerb::CheckNotExists,
            other => return Err(format!("unknown KV verb {other:?}")),
        })
    }

    fn locker(&self) -> Result<&str, String> {
        if self.session.is_empty() { Err("missing session".into()) } else { Ok(&self.session) }
    }
}
