//! `/v1/agent/metrics`: what this agent has counted and timed.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::StatusCode;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::host::Host;
use crate::meter::{self, Meter};
use crate::refusal::Refusal;

const DISABLED: &str = "Prometheus is not enabled since its retention time is not positive";

/// The last whole interval, or for Prometheus all since the start.
pub(crate) async fn metrics(call: Call) -> Outcome {
    let (host, telemetry) = (&call.host, &call.host.agent.telemetry);
    let is_text = matches!(call.query.text("format"), "prometheus" | "openmetrics");
    if is_text && !telemetry.prometheus {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, DISABLED));
    }
    let gauges = meter::gauges(host).await;
    if is_text {
        return Ok(Answer::bytes(meter::CONTENT_TYPE, meter::text(&host.meter, telemetry, gauges)));
    }
    Ok(Answer::json(host.meter.report(telemetry, gauges)))
}

/// Each whole interval when it is over, until the client goes or the agent ends.
pub(crate) async fn stream(call: Call) -> Outcome {
    let store = Arc::clone(&call.host.store);
    let lines = stream::unfold(Arc::clone(&call.host), |host| async {
        tokio::time::sleep(Meter::until_next()).await;
        Some((Ok::<_, Infallible>(line(&host).await), host))
    });
    let lines = lines.take_until(async move { store.waits_ended().await });
    Ok(Answer::stream("text/plain; charset=utf-8", Body::from_stream(lines)))
}

/// The last whole interval as a line of JSON.
async fn line(host: &Host) -> Bytes {
    let report = host.meter.report(&host.agent.telemetry, meter::gauges(host).await);
    // Plain data is always written.
    let mut line = serde_json::to_vec(&report).unwrap_or_default();
    line.push(b'\n');
    line.into()
}
