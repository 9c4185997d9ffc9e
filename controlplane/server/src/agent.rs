//! `weft agent` as a process: logging, the runtime, signals, the exit.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::Agent;
use crate::config::Config;
use crate::{banner, log};

/// Runs an agent until it is told to stop. Brings its own runtime and may be called within another
/// one, which then waits.
///
/// # Errors
/// The agent cannot start, or a listener has failed.
pub fn run(config: Config) -> anyhow::Result<()> {
    log::init(config.log);
    let own = std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(config))
    })?;
    // A panic has been reported where it happened.
    own.join().unwrap_or_else(|_| anyhow::bail!("the agent has panicked"))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("signals")?;
    let mut agent = tokio::select! {
        agent = Agent::start(config.clone()) => agent?,
        () = signals.stop() => return Ok(()),
    };
    banner::print(&config, &agent);
    let outcome = tokio::select! {
        () = signals.stop() => {
            tracing::info!("shutting down");
            Ok(())
        }
        failure = agent.failed() => Err(failure),
    };
    tokio::select! {
        () = agent.shutdown() => outcome,
        // Whoever asks twice does not want to wait.
        () = signals.stop() => outcome,
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal that ends the agent.
    async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => tracing::info!("nothing to reload: the configuration is read at the start"),
            }
        }
    }
}
