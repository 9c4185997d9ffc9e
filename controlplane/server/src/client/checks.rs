//! The checks of a client agent: run as on a server, and the tokens noted that they and services are registered with.
//! What other nodes' health is, servers tell.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::StatusCode;
use weft_api::host::{HeartbeatError, LocalChecks};
use weft_model::CheckId;
use weft_model::health::{Check, CheckStatus};
use weft_model::registration::Registration;
use weft_model::secret::Secret;

use super::keep::Key;
use super::local::Tokens;
use super::servers::{Lost, Servers};
use crate::acl::Acl;
use crate::checks::{Abroad, Aliased, Checks, Outcome, Unseen};
use crate::clients::message::{self, ALIASED, AskAliased};

/// For how long a server keeps a question waiting, and some time for its answer.
const NEWS_MAX: Duration = Duration::from_secs(70);

pub(super) struct ClientChecks {
    pub(super) checks: Checks,
    pub(super) tokens: Tokens,
}

impl LocalChecks for ClientChecks {
    fn heartbeat(
        &self,
        check: CheckId,
        status: CheckStatus,
        output: String,
    ) -> BoxFuture<'_, Result<(), HeartbeatError>> {
        self.checks.heartbeat(check, status, output)
    }

    fn registering(&self, registration: &Registration, token: &Secret) {
        self.tokens.note(registration, token);
    }
}

/// The way to the servers, for alias checks.
pub(super) struct OtherNodes {
    pub(super) servers: Servers,
    pub(super) tokens: Tokens,
    pub(super) acl: Acl,
}

impl Abroad for OtherNodes {
    fn health(
        &self,
        check: Arc<Check>,
        (node, service): Aliased,
        index: u64,
    ) -> BoxFuture<'static, Result<(u64, Outcome), Unseen>> {
        let servers = self.servers.clone();
        let token = self.tokens.shown(&Key::of(&check), &self.acl);
        async move {
            let question = AskAliased { node, service, index };
            let answer: Result<message::Aliased, Lost> = servers.ask(ALIASED, &question, &token, NEWS_MAX).await;
            match answer {
                Ok(message::Aliased { index, status, output }) => Ok((index, Outcome::new(status, output))),
                Err(Lost::Refused(StatusCode::FORBIDDEN, why)) => Err(Unseen::Denied(why)),
                Err(lost) => Err(Unseen::Lost(lost.to_string())),
            }
        }
        .boxed()
    }
}
