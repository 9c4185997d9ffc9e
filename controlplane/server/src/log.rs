//! Logging, to standard error.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::config::Log;

/// The level of the process's log, which can be changed. Clones are the same one; one that was made from
/// nothing has no log to change.
#[derive(Clone, Default)]
pub(crate) struct LogLevel(Option<reload::Handle<Targets, Registry>>);

impl LogLevel {
    pub(crate) fn set(&self, level: Level) {
        let Some(handle) = &self.0 else { return };
        if let Err(error) = handle.reload(filter(level)) {
            tracing::warn!(%error, "the log level stays as it is");
        }
    }
}

/// Sets up logging for the process. A second call changes nothing.
pub(crate) fn init(config: Log) -> LogLevel {
    let (filter, handle) = reload::Layer::new(filter(config.level));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let set = if config.json {
        registry.with(layer.json()).try_init()
    } else {
        registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init()
    };
    // Somebody else's subscriber is as good, and not ours to change.
    LogLevel(set.is_ok().then_some(handle))
}

fn filter(level: Level) -> Targets {
    // Libraries speak of their own insides: they are asked for with the level that asks for all.
    let others = if level == Level::TRACE { Level::DEBUG } else { Level::WARN };
    // Raft's core warns of what it copes with by itself, at every start.
    let raft = if level >= Level::DEBUG { others } else { Level::ERROR };
    Targets::new().with_default(others).with_target("openraft", raft).with_target("weft", level)
}
