//! Logging, to standard error.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;

/// Sets up logging for the process. A second call changes nothing.
pub(crate) fn init(config: Log) {
    // Libraries speak of their own insides: they are asked for with the level that asks for all.
    let others = if config.level == Level::TRACE { Level::DEBUG } else { Level::WARN };
    // Raft's core warns of what it copes with by itself, at every start.
    let raft = if config.level >= Level::DEBUG { others } else { Level::ERROR };
    let filter = Targets::new().with_default(others).with_target("openraft", raft).with_target("weft", config.level);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let set = if config.json {
        registry.with(layer.json()).try_init()
    } else {
        registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init()
    };
    // Somebody else's subscriber is as good.
    drop(set);
}
