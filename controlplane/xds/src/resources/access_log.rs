//! Access logs.

use serde_json::Value;
use weft_mesh::settings::{AccessLog as Asked, Format, Sink};
use weft_proto::envoy::accesslog::{AccessLog, access_log};
use weft_proto::envoy::core::{SubstitutionFormatString, substitution_format_string};
use weft_proto::envoy::extension::file_access_log::{FileAccessLog, file_access_log};
use weft_proto::envoy::extension::stream_access_log::{
    StderrAccessLog, StdoutAccessLog, stderr_access_log, stdout_access_log,
};
use weft_proto::google::protobuf::{self, ListValue, NullValue, Struct, value};
use weft_proto::{Any, any};

/// The logs of a filter; at most one.
pub(super) fn of_filter(asked: Option<&Asked>) -> Vec<AccessLog> {
    asked.into_iter().map(log).collect()
}

/// The logs of a listener, for connections that reach no filter.
pub(super) fn of_listener(asked: Option<&Asked>) -> Vec<AccessLog> {
    of_filter(asked.filter(|asked| asked.listener))
}

fn log(asked: &Asked) -> AccessLog {
    let format = format(&asked.format);
    let (name, config): (&str, Any) = match &asked.sink {
        Sink::Stdout => {
            let format = Some(stdout_access_log::AccessLogFormat::LogFormat(format));
            ("envoy.access_loggers.stdout", any(&StdoutAccessLog { access_log_format: format }))
        }
        Sink::Stderr => {
            let format = Some(stderr_access_log::AccessLogFormat::LogFormat(format));
            ("envoy.access_loggers.stderr", any(&StderrAccessLog { access_log_format: format }))
        }
        Sink::File(path) => {
            let format = Some(file_access_log::AccessLogFormat::LogFormat(format));
            ("envoy.access_loggers.file", any(&FileAccessLog { path: path.clone(), access_log_format: format }))
        }
    };
    AccessLog {
        name: name.to_owned(),
        config_type: Some(access_log::ConfigType::TypedConfig(config)),
        ..Default::default()
    }
}

fn format(format: &Format) -> SubstitutionFormatString {
    use substitution_format_string::Format as Wire;
    let format = match format {
        Format::Text(text) => {
            let text = weft_proto::envoy::core::data_source::Specifier::InlineString(text.clone());
            let source = weft_proto::envoy::core::DataSource { specifier: Some(text), ..Default::default() };
            Wire::TextFormatSource(source)
        }
        Format::Json(fields) => Wire::JsonFormat(to_struct(fields)),
    };
    SubstitutionFormatString { format: Some(format), ..SubstitutionFormatString::default() }
}

fn to_struct(fields: &serde_json::Map<String, Value>) -> Struct {
    Struct { fields: fields.iter().map(|(name, value)| (name.clone(), to_value(value))).collect() }
}

fn to_value(value: &Value) -> protobuf::Value {
    let kind = match value {
        Value::Null => value::Kind::NullValue(NullValue::NullValue.into()),
        Value::Bool(value) => value::Kind::BoolValue(*value),
        Value::Number(number) => value::Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => value::Kind::StringValue(text.clone()),
        Value::Array(items) => value::Kind::ListValue(ListValue { values: items.iter().map(to_value).collect() }),
        Value::Object(fields) => value::Kind::StructValue(to_struct(fields)),
    };
    protobuf::Value { kind: Some(kind) }
}
