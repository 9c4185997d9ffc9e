//! The `envoy_*` keys of a proxy's config that shape its bootstrap.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::endpoint;
use super::static_listener::{PARTS, Part, Published};
use crate::client::Address;
use crate::env::Env;

/// What the keys say, read and checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Options {
    pub(super) published: Vec<Published>,
    pub(super) stats_sinks: Vec<Value>,
    pub(super) stats_tags: Vec<(String, String)>,
    /// Instead of ours.
    pub(super) stats_config: Option<Value>,
    pub(super) stats_flush_interval: Option<String>,
    pub(super) tracing: Option<Value>,
    pub(super) clusters: Vec<Value>,
    pub(super) listeners: Vec<Value>,
}

/// Where statistics may be sent.
struct Sink {
    /// The key that says where.
    key: &'static str,
    /// Envoy's name of the sink.
    name: &'static str,
    message: &'static str,
    /// Whether it may be a socket of the file system.
    takes_unix: bool,
}

const SINKS: &[Sink] = &[
    Sink {
        key: "envoy_statsd_url",
        name: "envoy.stat_sinks.statsd",
        message: "envoy.config.metrics.v3.StatsdSink",
        takes_unix: false,
    },
    Sink {
        key: "envoy_dogstatsd_url",
        name: "envoy.stat_sinks.dog_statsd",
        message: "envoy.config.metrics.v3.DogStatsdSink",
        takes_unix: true,
    },
];

/// Keys of Consul's that would change the whole bootstrap, so that leaving them out unsaid would mislead.
const REFUSED: &[&str] = &["envoy_bootstrap_json_tpl"];

impl Options {
    /// Reads the keys; `env` fills in `$NAME` in addresses.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub(super) fn read(config: &Map<String, Value>, env: &Env) -> Result<Self, String> {
        let keys = Keys { config, env };
        if let Some(key) = REFUSED.iter().find(|key| config.contains_key(**key)) {
            return Err(format!(
                "{key} is not supported: use envoy_extra_static_clusters_json, envoy_extra_static_listeners_json, \
                 envoy_extra_stats_sinks_json or envoy_tracing_json to add to the bootstrap"
            ));
        }
        let mut stats_sinks =
            SINKS.iter().filter_map(|sink| keys.sink(sink).transpose()).collect::<Result<Vec<_>, _>>()?;
        stats_sinks.extend(keys.fragments("envoy_extra_stats_sinks_json")?);
        Ok(Self {
            published: PARTS.iter().filter_map(|part| keys.published(part).transpose()).collect::<Result<_, _>>()?,
            stats_sinks,
            stats_tags: keys.tags()?,
            stats_config: keys.json("envoy_stats_config_json")?,
            stats_flush_interval: keys.text("envoy_stats_flush_interval")?,
            tracing: keys.json("envoy_tracing_json")?,
            clusters: keys.fragments("envoy_extra_static_clusters_json")?,
            listeners: keys.fragments("envoy_extra_static_listeners_json")?,
        })
    }
}

struct Keys<'a> {
    config: &'a Map<String, Value>,
    env: &'a Env,
}

impl Keys<'_> {
    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(other) => Err(format!("{key}: expected a text, found {other}")),
        }
    }

    fn json(&self, key: &str) -> Result<Option<Value>, String> {
        let text = self.text(key)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| format!("{key}: {error}"))).transpose()
    }

    /// Objects with commas between them, with or without the brackets of a list.
    fn fragments(&self, key: &str) -> Result<Vec<Value>, String> {
        let Some(text) = self.text(key)? else { return Ok(Vec::new()) };
        let list = if text.trim_start().starts_with('[') { text } else { format!("[{text}]") };
        serde_json::from_str(&list).map_err(|error| format!("{key}: {error}"))
    }

    fn tags(&self) -> Result<Vec<(String, String)>, String> {
        const KEY: &str = "envoy_stats_tags";
        let list = self.config.get(KEY).map(|list| list.as_array().ok_or(format!("{KEY}: expected a list of texts")));
        let tags = list.transpose()?.into_iter().flatten();
        tags.map(|tag| {
            let pair = tag.as_str().and_then(|tag| tag.split_once('='));
            let (name, value) = pair.ok_or_else(|| format!("{KEY}: {tag} is not \"name=value\""))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
    }

    fn published(&self, part: &'static Part) -> Result<Option<Published>, String> {
        let key = part.key;
        let Some(text) = self.text(key)? else { return Ok(None) };
        let text = self.filled(key, &text)?;
        let bind: SocketAddr = text.parse().map_err(|_| format!("{key}: {text:?} is not IP:PORT"))?;
        Ok(Some(Published { part, bind }))
    }

    fn sink(&self, sink: &Sink) -> Result<Option<Value>, String> {
        let &Sink { key, name, message, takes_unix } = sink;
        let Some(url) = self.text(key)? else { return Ok(None) };
        let url = self.filled(key, &url)?;
        let address = match url.split_once("://") {
            Some(("udp", address)) => udp(address).ok_or_else(|| format!("{key}: {url:?} is not udp://IP:PORT"))?,
            Some(("unix", path)) if takes_unix => Address::Unix(path.into()),
            _ => return Err(format!("{key}: {url:?} is not udp://IP:PORT")),
        };
        Ok(Some(json!({
            "name": name,
            "typed_config": {
                "@type": format!("type.googleapis.com/{message}"),
                "address": endpoint::address(&address),
            },
        })))
    }

    /// `$NAME` and `${NAME}` stand for a variable of the environment.
    fn filled(&self, key: &str, text: &str) -> Result<String, String> {
        let mut pieces = text.split('$');
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = match piece.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
                Some(parts) => parts,
                None => piece.split_at(piece.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(piece.len())),
            };
            let value = self.env.plain(name).ok_or_else(|| format!("{key}: ${name} is not set in the environment"))?;
            filled = format!("{filled}{value}{rest}");
        }
        Ok(filled)
    }
}

fn udp(address: &str) -> Option<Address> {
    let address: SocketAddr = address.trim_end_matches('/').parse().ok()?;
    Some(Address::plain(address))
}
