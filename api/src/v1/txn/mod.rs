//! `/v1/txn`: several operations at one index, or none of them.

mod catalog;
mod kv;
mod request;
mod vet;

use http::{HeaderName, StatusCode};
use weft_model::txn::TxnOutcome;
use weft_model::{Command, Reply, TxnError, TxnOp};
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::freshness::Freshness;
use crate::options;
use crate::refusal::Refusal;
use crate::wire::txn::{ReadMeta, Results, TxnAnswer};

/// As later versions of Consul.
const OPS_MAX: usize = 128;
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-consul-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-consul-lastcontact");

/// Performs a transaction. One that only reads is answered here, as fresh as was asked for; others go
/// through the log.
pub(crate) async fn run(call: Call) -> Outcome {
    let options = options::without_blocking(&call.query)?;
    let ops = request::ops(&call)?;
    if ops.len() > OPS_MAX {
        let text = format!("Transaction contains too many operations ({} > {OPS_MAX})", ops.len());
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    if ops.iter().any(|op| op.op.is_write() || op.writes) {
        return write(&call, ops).await;
    }
    let ops: Vec<_> = ops.into_iter().map(|op| op.op).collect();
    call.nothing_to_ask();
    let fresh = Freshness::reach(&*call.host.cluster, &options).await?;
    let contact = fresh.contact(&*call.host.cluster, false);
    let last_contact = u64::try_from(contact.last_contact.as_millis()).unwrap_or(u64::MAX);
    let state = call.host.store.current();
    let read = ReadMeta { index: 0, last_contact, known_leader: contact.known_leader, consistency_level: "" };
    let outcome = match vet::denied(&call, &state, &ops)? {
        denied if denied.is_empty() => vet::filter(&call, &state, StateView::new(&state).read_txn(&ops))?,
        denied => Err(denied),
    };
    let answer = answer(outcome, Some(read));
    Ok(answer
        .constant(KNOWN_LEADER, if contact.known_leader { "true" } else { "false" })
        .number(LAST_CONTACT, last_contact))
}

async fn write(call: &Call, ops: Vec<request::Op>) -> Outcome {
    // What the servers need not be asked for is told first and alone, as Consul does.
    let unfit = ops.iter().enumerate().filter_map(|(op, found)| Some(TxnError { op, what: found.unfit.clone()? }));
    let unfit: Vec<_> = unfit.collect();
    if !unfit.is_empty() {
        return Ok(answer(Err(unfit), None));
    }
    let ops: Vec<TxnOp> = ops.into_iter().map(|op| op.op).collect();
    let state = call.host.store.current();
    let denied = vet::denied(call, &state, &ops)?;
    if !denied.is_empty() {
        return Ok(answer(Err(denied), None));
    }
    let reserved = vet::reserved(&state, &ops);
    if !reserved.is_empty() {
        return Ok(answer(Err(reserved), None));
    }
    match call.propose_once(Command::Txn(ops)).await? {
        Reply::Txn(outcome) => Ok(answer(vet::filter(call, &state, outcome)?, None)),
        Reply::Done | Reply::Swapped(_) | Reply::Serial(_) | Reply::Assigned(_) => {
            Err(Refusal::failed("the transaction gave no results"))
        }
    }
}

fn answer(outcome: TxnOutcome, read: Option<ReadMeta>) -> Answer {
    match outcome {
        Ok(results) => Answer::json(TxnAnswer { results: Some(Results(results)), errors: None, read }),
        Err(errors) => {
            let errors = errors.into_iter().map(Into::into).collect();
            Answer::json(TxnAnswer { results: None, errors: Some(errors), read }).status(StatusCode::CONFLICT)
        }
    }
}
