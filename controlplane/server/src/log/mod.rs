//! Logging: to standard error, to files where that is wished, and to whoever follows it (`/v1/agent/monitor`).

mod file;
mod monitor;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::config::Log;

use file::Files;
pub(crate) use monitor::Monitors;

/// What a part of the log is about; it can be changed while it runs.
type Filter = reload::Handle<Targets, Registry>;

/// The process's log. Clones are the same one; one that was made from nothing has no log to change or to follow.
#[derive(Clone, Default)]
pub(crate) struct Logging {
    filters: Vec<Filter>,
    pub(crate) monitors: Monitors,
}

impl Logging {
    /// Changes the level of standard error and of the files.
    pub(crate) fn set(&self, level: Level) {
        for handle in &self.filters {
            if let Err(error) = handle.reload(filter(level)) {
                tracing::warn!(%error, "the log level stays as it is");
            }
        }
    }
}

/// Sets up logging for the process. A second call changes nothing.
///
/// # Errors
/// The log's file cannot be opened.
pub(crate) fn init(config: &Log) -> io::Result<Logging> {
    let (stderr, handle) = reload::Layer::new(filter(config.level));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer =
        if config.json { layer.json().boxed() } else { layer.with_ansi(std::io::stderr().is_terminal()).boxed() };
    let monitors = Monitors::default();
    let mut layers = monitors.layers();
    layers.push(layer.with_filter(stderr).boxed());
    let mut filters = vec![handle];
    if let Some(settings) = &config.file {
        let (level, handle) = reload::Layer::new(filter(config.level));
        let layer = tracing_subscriber::fmt::layer().with_writer(Arc::new(Files::open(settings)?)).with_ansi(false);
        let layer = if config.json { layer.json().boxed() } else { layer.boxed() };
        layers.push(layer.with_filter(level).boxed());
        filters.push(handle);
    }
    // Somebody else's subscriber is as good, and not ours to change.
    match tracing_subscriber::registry().with(layers).try_init() {
        Ok(()) => Ok(Logging { filters, monitors }),
        Err(_) => Ok(Logging::default()),
    }
}

fn filter(level: Level) -> Targets {
    // Libraries speak of their own insides: they are asked for with the level that asks for all.
    let others = if level == Level::TRACE { Level::DEBUG } else { Level::WARN };
    // Raft's core warns of what it copes with by itself, at every start.
    let raft = if level >= Level::DEBUG { others } else { Level::ERROR };
    // Whoever asks a core that has ended is told so, and says what it means.
    let asked = if level >= Level::DEBUG { LevelFilter::from_level(others) } else { LevelFilter::OFF };
    Targets::new()
        .with_default(others)
        .with_target("openraft", raft)
        .with_target("openraft::raft::raft_inner", asked)
        .with_target("weft", level)
}

/// Lets nothing through.
fn silence() -> Targets {
    Targets::new().with_default(LevelFilter::OFF)
}
