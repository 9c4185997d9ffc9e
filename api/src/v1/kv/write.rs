//! Writing and removing keys.

use weft_model::{Command, KvOp, KvVerb, Reply, SessionId};

use super::refuse_conflicts;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::query::go_uint;
use crate::refusal::Refusal;

/// Writes a value; conditionally, or together with taking or giving back a lock.
pub(crate) async fn put(call: Call) -> Outcome {
    refuse_conflicts(&call, &["acquire", "cas", "release"])?;
    let key = call.path_name("Missing key name")?.to_owned();
    let flags = number(&call, "flags")?.unwrap_or(0);
    let verb = match (number(&call, "cas")?, call.query.get("acquire"), call.query.get("release")) {
        (Some(index), ..) => KvVerb::Cas { index },
        (None, Some(session), _) => KvVerb::Lock { session: locker(session)? },
        (None, None, Some("")) => return Err(Refusal::failed("missing session")),
        (None, None, Some(session)) => match SessionId::parse(session) {
            Ok(session) => KvVerb::Unlock { session },
            // What is no session holds no lock.
            Err(_) => return Ok(Answer::json(false)),
        },
        (None, None, None) => KvVerb::Set,
    };
    let value = call.body.clone();
    write(&call, KvOp { value, flags, ..KvOp::new(verb, key) }).await
}

/// Removes a key, with `recurse` all that begin so. What is not there is not an error.
pub(crate) async fn delete(call: Call) -> Outcome {
    refuse_conflicts(&call, &["recurse", "cas"])?;
    if call.query.has("recurse") {
        return write(&call, KvOp::new(KvVerb::DeleteTree, call.rest.as_str())).await;
    }
    let key = call.path_name("Missing key name")?;
    let verb = number(&call, "cas")?.map_or(KvVerb::Delete, |index| KvVerb::DeleteCas { index });
    write(&call, KvOp::new(verb, key)).await
}

async fn write(call: &Call, op: KvOp) -> Outcome {
    match call.propose_once(Command::Kv(op)).await? {
        Reply::Swapped(done) => Ok(Answer::json(done)),
        Reply::Done | Reply::Serial(_) | Reply::Txn(_) | Reply::Assigned(_) => Ok(Answer::json(true)),
    }
}

fn number(call: &Call, name: &str) -> Result<Option<u64>, Refusal> {
    call.query.get(name).map(|text| go_uint(text).map_err(Refusal::failed)).transpose()
}

fn locker(session: &str) -> Result<SessionId, Refusal> {
    if session.is_empty() {
        return Err(Refusal::failed("missing session"));
    }
    SessionId::parse(session).map_err(Refusal::failed)
}
