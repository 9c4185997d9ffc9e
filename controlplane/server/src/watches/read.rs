//! A watch as files write it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Handler, Query, Watch};
use crate::config::read;

const KEYS: &[&str] = &[
    "args",
    "datacenter",
    "handler",
    "handler_type",
    "http_handler_config",
    "key",
    "name",
    "passingonly",
    "prefix",
    "service",
    "stale",
    "state",
    "tag",
    "token",
    "type",
];
const HTTP_KEYS: &[&str] = &["header", "method", "path", "timeout", "tls_skip_verify"];

/// Reads the list.
pub(crate) fn read(value: &Value) -> Result<Vec<Watch>, String> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let watch = |(place, item): (usize, Value)| one(&item).map_err(|fault| format!("[{place}]: {fault}"));
    items.into_iter().enumerate().map(watch).collect()
}

fn one(item: &Value) -> Result<Watch, String> {
    let fields = read::map(item)?;
    known(&fields, KEYS)?;
    let given = |name: &str| fields.get(name).map(read::text).transpose();
    let needed = |name: &str, what: &str| {
        given(name)?.filter(|text| !text.is_empty()).ok_or_else(|| format!("Must specify a single {what} to watch"))
    };
    let mut params: Vec<(&'static str, String)> = Vec::new();
    let mut single = false;
    let path = match needed("type", "type")?.as_str() {
        "key" => {
            single = true;
            format!("/v1/kv/{}", encode(&needed("key", "key")?, "/"))
        }
        "keyprefix" => {
            params.push(("recurse", String::new()));
            format!("/v1/kv/{}", encode(&needed("prefix", "prefix")?, "/"))
        }
        "services" => "/v1/catalog/services".to_owned(),
        "nodes" => "/v1/catalog/nodes".to_owned(),
        "service" => {
            let tags = fields.get("tag").map(read::texts).transpose()?.unwrap_or_default();
            params.extend(tags.iter().filter(|tag| !tag.is_empty()).map(|tag| ("tag", encode(tag, ""))));
            if fields.get("passingonly").map(read::boolean).transpose()? == Some(true) {
                params.push(("passing", "1".to_owned()));
            }
            format!("/v1/health/service/{}", encode(&needed("service", "service")?, ""))
        }
        "checks" => match (given("service")?, given("state")?) {
            (Some(_), Some(_)) => return Err("Cannot specify service and state".to_owned()),
            (Some(service), None) => format!("/v1/health/checks/{}", encode(&service, "")),
            (None, state) => format!("/v1/health/state/{}", encode(state.as_deref().unwrap_or("any"), "")),
        },
        "event" => {
            params.extend(given("name")?.map(|name| ("name", encode(&name, ""))));
            "/v1/event/list".to_owned()
        }
        kind @ ("connect_roots" | "connect_leaf" | "agent_service") => {
            return Err(format!("Watch type {kind} is not allowed in agent config"));
        }
        other => return Err(format!("Unsupported watch type: {other}")),
    };
    params.extend(given("datacenter")?.map(|name| ("dc", encode(&name, ""))));
    if fields.get("stale").map(read::boolean).transpose()? == Some(true) {
        params.push(("stale", String::new()));
    }
    let token = fields.get("token").map(read::secret).transpose()?.unwrap_or_default();
    Ok(Watch { query: Query { path, params, single, token }, handler: handler(&fields)? })
}

fn handler(fields: &Map<String, Value>) -> Result<Handler, String> {
    let args = fields.get("args").map(read::texts).transpose()?.filter(|args| !args.is_empty());
    let line = fields.get("handler").map(read::text).transpose()?.filter(|line| !line.is_empty());
    let kind = fields.get("handler_type").map(read::text).transpose()?.unwrap_or_else(|| "script".to_owned());
    match (kind.as_str(), args, line) {
        ("http", None, None) => http(fields),
        ("script", Some(args), None) => Ok(Handler::Args(args)),
        ("script", None, Some(line)) => Ok(Handler::Shell(line)),
        ("script", None, None) => Err("Must define a watch handler".to_owned()),
        ("script" | "http", ..) => Err("Only one watch handler allowed".to_owned()),
        (other, ..) => Err(format!("Handler type '{other}' not recognized")),
    }
}

fn http(fields: &Map<String, Value>) -> Result<Handler, String> {
    let settings = fields.get("http_handler_config").ok_or("Must define a watch handler: http_handler_config")?;
    let settings = read::map(settings)?;
    known(&settings, HTTP_KEYS)?;
    let text = |name: &str| settings.get(name).map(read::text).transpose();
    let url = text("path")?.filter(|path| !path.is_empty()).ok_or("Requires 'path' to be set")?;
    let header = settings.get("header").map(read::map).transpose()?.unwrap_or_default();
    let header = header.iter().map(|(name, values)| Ok((name.clone(), read::texts(values)?)));
    Ok(Handler::Http {
        url,
        method: text("method")?.filter(|method| !method.is_empty()).unwrap_or_else(|| "POST".to_owned()),
        header: header.collect::<Result<BTreeMap<_, _>, String>>()?,
        timeout: settings.get("timeout").map(read::duration).transpose()?.unwrap_or(Duration::from_secs(10)),
        skip_verify: settings.get("tls_skip_verify").map(read::boolean).transpose()?.unwrap_or(false),
    })
}

fn known(fields: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("{key} is not a known key")),
        None => Ok(()),
    }
}

/// As a URL wants it; `plain` may stand as it is.
fn encode(text: &str, plain: &str) -> String {
    let one = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || "-._~".contains(c) || plain.contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
