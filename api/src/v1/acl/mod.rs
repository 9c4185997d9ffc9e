//! `/v1/acl`: tokens, what they are made of, and ways to get one.

mod auth_method;
mod authorize;
mod binding;
mod binding_rule;
mod body;
mod bootstrap;
mod login;
mod policy;
mod replication;
mod role;
mod template;
mod token;
mod translate;

use uuid::Uuid;
use weft_model::acl::AclOp;
use weft_model::names::parse_uuid;
use weft_model::{Command, Timestamp};

use crate::call::Call;
use crate::refusal::Refusal;

pub(crate) use auth_method::{delete as delete_method, get as method, list as methods, put as put_method};
pub(crate) use authorize::authorize;
pub(crate) use binding_rule::{delete as delete_rule, get as rule, list as rules, put as put_rule};
pub(crate) use bootstrap::bootstrap;
pub(crate) use login::{login, logout};
pub(crate) use policy::{
    by_name as policy_by_name, delete as delete_policy, get as policy, list as policies, put as put_policy,
};
pub(crate) use replication::replication;
pub(crate) use role::{by_name as role_by_name, delete as delete_role, get as role, list as roles, put as put_role};
pub(crate) use template::{get as template, list as templates, preview as preview_template};
pub(crate) use token::{
    clone as clone_token, delete as delete_token, get as token, itself, list as tokens, put as put_token,
};
pub(crate) use translate::translate;

/// Reads the id in a path as Consul's lookups do.
fn id(call: &Call, noun: &str, missing: &str) -> Result<Uuid, Refusal> {
    let text = call.path_name("").map_err(|_| Refusal::bad_request(format!("Bad request: Missing {missing}")))?;
    parse_uuid(text).map_err(|error| Refusal::failed(format!("failed acl {noun} lookup: {error}")))
}

async fn propose(call: &Call, op: AclOp) -> Result<(), Refusal> {
    let outcome = call.propose(Command::Acl(Box::new(op))).await;
    outcome.map(drop).map_err(|refusal| match refusal.text.as_str() {
        "Permission denied" | "ACL not found" => Refusal::forbidden(refusal.text),
        text if text.starts_with("Permission denied: ACL bootstrap") => Refusal::forbidden(refusal.text),
        _ => refusal,
    })
}

fn now() -> Timestamp {
    Timestamp(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}
