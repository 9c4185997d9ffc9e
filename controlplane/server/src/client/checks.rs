//! The checks of a client agent: run as on a server, and the tokens noted that they and services are registered with.

use futures::future::BoxFuture;
use weft_api::host::{HeartbeatError, LocalChecks};
use weft_model::CheckId;
use weft_model::health::CheckStatus;
use weft_model::registration::Registration;
use weft_model::secret::Secret;

use super::local::Tokens;
use crate::checks::Checks;

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
