//! `/v1/agent/monitor`: the agent's log while it is written.

use std::sync::Arc;

use axum::body::Body;
use futures::StreamExt as _;
use http::StatusCode;
use tracing::Level;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

/// Lines until the client goes or the agent ends.
pub(crate) async fn monitor(call: Call) -> Outcome {
    let json = call.flag("logjson")?;
    let wanted = call.query.text("loglevel");
    let level =
        level(wanted).ok_or_else(|| Refusal::bad_request(format!("Bad request: Unknown log level: {wanted}")))?;
    let lines = call.host.logs.follow(level, json);
    let lines = lines.map_err(|many| Refusal::new(StatusCode::TOO_MANY_REQUESTS, many.to_string()))?;
    let store = Arc::clone(&call.host.store);
    let lines = lines.take_until(async move { store.waits_ended().await }).map(Ok::<_, std::io::Error>);
    Ok(Answer::stream("text/plain; charset=utf-8", Body::from_stream(lines)))
}

/// Consul's names of levels, in any case; none is `info`.
fn level(written: &str) -> Option<Level> {
    Some(match written.to_ascii_lowercase().as_str() {
        "trace" => Level::TRACE,
        "debug" => Level::DEBUG,
        "" | "info" => Level::INFO,
        "warn" => Level::WARN,
        "err" | "error" => Level::ERROR,
        _ => return None,
    })
}
