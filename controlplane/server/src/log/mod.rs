//! Logging: to standard error, and to whoever follows it (`/v1/agent/monitor`).

mod monitor;

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::config::Log;

pub(crate) use monitor::Monitors;

/// What a part of the log is about; it can be changed while it runs.
type Filter = reload::Handle<Targets, Registry>;

/// The process's log. Clones are the same one; one that was made from nothing has no log to change or to follow.
#[derive(Clone, Default)]
pub(crate) struct Logging {
    filter: Option<Filter>,
    pub(crate) monitors: Monitors,
}

impl Logging {
    /// Changes the level of standard error.
    pub(crate) fn set(&self, level: Level) {
        let Some(handle) = &self.filter else { return };
        if let Err(error) = handle.reload(filter(level)) {
            tracing::warn!(%error, "the log level stays as it is");
        }
    }
}

/// Sets up logging for the process. A second call changes nothing.
pub(crate) fn init(config: Log) -> Logging {
    let (stderr, handle) = reload::Layer::new(filter(config.level));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer =
        if config.json { layer.json().boxed() } else { layer.with_ansi(std::io::stderr().is_terminal()).boxed() };
    let monitors = Monitors::default();
    let mut layers = monitors.layers();
    layers.push(layer.with_filter(stderr).boxed());
    // Somebody else's subscriber is as good, and not ours to change.
    match tracing_subscriber::registry().with(layers).try_init() {
        Ok(()) => Logging { filter: Some(handle), monitors },
        Err(_) => Logging::default(),
    }
}

fn filter(level: Level) -> Targets {
    // Libraries speak of their own insides: they are asked for with the level that asks for all.
    let others = if level == Level::TRACE { Level::DEBUG } else { Level::WARN };
    // Raft's core warns of what it copes with by itself, at every start.
    let raft = if level >= Level::DEBUG { others } else { Level::ERROR };
    Targets::new().with_default(others).with_target("openraft", raft).with_target("weft", level)
}

/// Lets nothing through.
fn silence() -> Targets {
    Targets::new().with_default(LevelFilter::OFF)
}
