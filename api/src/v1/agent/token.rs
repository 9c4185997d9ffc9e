//! `/v1/agent/token`: the tokens that this agent has of its own.

use serde::Deserialize;
use weft_model::secret::Secret;

use crate::access::AgentToken;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TokenRequest {
    token: Secret,
}

/// Gives the agent another token.
pub(crate) async fn set_token(call: Call) -> Outcome {
    let kind = kind(&call.rest).ok_or_else(|| Refusal::not_found(format!("Token {:?} is unknown", call.rest)))?;
    let request: TokenRequest = call.decode()?;
    let access = std::sync::Arc::clone(&call.host.access);
    // It may have to be written to a file.
    let kept = tokio::task::spawn_blocking(move || access.set_token(kind, request.token)).await;
    kept.map_err(|failure| Refusal::failed(failure.to_string()))?.map_err(Refusal::failed)?;
    Ok(Answer::empty())
}

/// By Consul's names, and those that it had once.
fn kind(name: &str) -> Option<AgentToken> {
    Some(match name {
        "default" | "acl_token" => AgentToken::Default,
        "agent" | "acl_agent_token" => AgentToken::Agent,
        "agent_recovery" | "agent_master" | "acl_agent_master_token" => AgentToken::Recovery,
        "replication" | "acl_replication_token" => AgentToken::Replication,
        "dns" => AgentToken::Dns,
        "config_file_service_registration" => AgentToken::Registration,
        _ => return None,
    })
}
