//! Where proxies write a line for each request or connection, and in which form.

use serde_json::{Map, Value};
use weft_model::config_entry::AccessLogs;

/// An access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    pub sink: Sink,
    pub format: Format,
    /// Also log connections that no filter chain takes.
    pub listener: bool,
}

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    Stdout,
    Stderr,
    File(String),
}

/// The form of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    Text(String),
    Json(Map<String, Value>),
}

impl AccessLog {
    /// The access log that was asked for, if any.
    #[must_use]
    pub fn read(asked: &AccessLogs) -> Option<Self> {
        if !asked.enabled {
            return None;
        }
        let sink = match asked.sink.as_str() {
            "stderr" => Sink::Stderr,
            "file" => Sink::File(asked.path.clone()),
            _ => Sink::Stdout,
        };
        let format = match (asked.text_format.as_str(), serde_json::from_str(&asked.json_format)) {
            ("", Ok(Value::Object(fields))) => Format::Json(fields),
            ("", _) => Format::Json(default_fields()),
            (text, _) if text.ends_with('\n') => Format::Text(text.to_owned()),
            (text, _) => Format::Text(format!("{text}\n")),
        };
        Some(Self { sink, format, listener: !asked.disable_listener_logs })
    }
}

fn default_fields() -> Map<String, Value> {
    DEFAULT_FIELDS.iter().map(|(name, field)| ((*name).to_owned(), Value::from(*field))).collect()
}

/// Field names as Consul's users know them.
const DEFAULT_FIELDS: [(&str, &str); 24] = [
    ("start_time", "%START_TIME%"),
    ("route_name", "%ROUTE_NAME%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    ("duration", "%DURATION%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("authority", "%REQ(:AUTHORITY)%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER%"),
    ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
];
