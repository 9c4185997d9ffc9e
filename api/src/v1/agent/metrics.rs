//! `/v1/agent/metrics`: what this agent has counted and timed.

use http::StatusCode;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::meter;
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
