//! What a watch looks at: a blocking query.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use weft_model::secret::Secret;

/// A query, with all but the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub path: String,
    /// Names and values, as they are written in a URL.
    pub params: Vec<(&'static str, String)>,
    /// The answer is a list, of which one is meant.
    pub single: bool,
    /// Empty: the agent's own.
    pub token: Secret,
}

impl Query {
    /// What there is after `index`, and its own index.
    pub(super) async fn look(&self, router: &Router, index: u64) -> Result<(u64, Value), String> {
        let plain = |error: &dyn std::fmt::Display| error.to_string();
        let mut request = Request::builder().uri(self.target(index));
        if !self.token.is_empty() {
            request = request.header("x-consul-token", self.token.reveal());
        }
        let request = request.body(Body::empty()).map_err(|error| plain(&error))?;
        let answer = router.clone().oneshot(request).await.map_err(|never: Infallible| plain(&never))?;
        let (status, headers) = (answer.status(), answer.headers());
        let seen = headers.get("x-consul-index").and_then(|index| index.to_str().ok()?.parse().ok());
        let body = answer.into_body().collect().await.map_err(|error| plain(&error))?.to_bytes();
        match (status, seen) {
            (StatusCode::OK, seen) => {
                let found: Value = serde_json::from_slice(&body).map_err(|error| plain(&error))?;
                let found = if self.single { found.get(0).cloned().unwrap_or_default() } else { found };
                Ok((seen.unwrap_or(0), found))
            }
            // That there is nothing is an answer, with an index of its own.
            (StatusCode::NOT_FOUND, Some(seen)) => Ok((seen, Value::Null)),
            (status, _) => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
        }
    }

    fn target(&self, index: u64) -> String {
        let index = (index > 0).then(|| ("index", index.to_string()));
        let params = self
            .params
            .iter()
            .cloned()
            .chain(index)
            .map(|(name, value)| if value.is_empty() { name.to_owned() } else { format!("{name}={value}") });
        let params = params.collect::<Vec<_>>().join("&");
        if params.is_empty() { self.path.clone() } else { format!("{}?{params}", self.path) }
    }
}
