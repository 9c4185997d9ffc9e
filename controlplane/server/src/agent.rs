//! `weft agent` as a process: logging, the runtime, signals, the exit.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;
use weft_api::host::Reload;
use weft_model::catalog::Node;

use crate::app::{Addresses, Agent};
use crate::client::ClientAgent;
use crate::config::{ClusterConfig, Config};
use crate::log::Logging;
use crate::pid_file::PidFile;
use crate::reload::Reloads;
use crate::{banner, log};

/// Runs an agent until it is told to stop. Brings its own runtime and may be called within another
/// one, which then waits.
///
/// # Errors
/// The agent cannot start, or a listener has failed.
pub fn run(config: Config) -> anyhow::Result<()> {
    let log = log::init(&config.log).context("log_file")?;
    let _pid_file = config.pid_file.as_deref().map(PidFile::write).transpose()?;
    for words in config.advice() {
        tracing::warn!("{words}");
    }
    let own = std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(config, log))
    })?;
    // A panic has been reported where it happened.
    own.join().unwrap_or_else(|_| anyhow::bail!("the agent has panicked"))
}

async fn serve(config: Config, log: Logging) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("signals")?;
    let hangup = signal(SignalKind::hangup()).context("signals")?;
    let mut agent = tokio::select! {
        agent = Running::start(config.clone(), log) => agent?,
        _ = signals.stop() => return Ok(()),
    };
    banner::print(&config, agent.node(), agent.addresses());
    let _reloading = AbortOnDropHandle::new(tokio::spawn(reload_on(hangup, agent.reloads().clone())));
    let outcome = tokio::select! {
        stop = signals.stop() => {
            tracing::info!("shutting down");
            if stop.leaves(&config.cluster) {
                tokio::select! {
                    left = agent.leave() => if let Err(error) = left {
                        tracing::warn!("this agent could not leave its cluster: {error:#}");
                    },
                    // Whoever asks twice does not want to wait.
                    _ = signals.stop() => {}
                }
            }
            Ok(())
        }
        ended = agent.ended() => {
            // Whoever fails does not mean to come back, and does not know what else is broken: it ends at once.
            ended?;
            Ok(())
        }
    };
    tokio::select! {
        () = agent.shutdown() => outcome,
        // Whoever asks twice does not want to wait.
        _ = signals.stop() => outcome,
    }
}

/// An agent of either kind.
enum Running {
    Server(Box<Agent>),
    Client(Box<ClientAgent>),
}

impl Running {
    async fn start(config: Config, log: Logging) -> anyhow::Result<Self> {
        Ok(match config.server {
            true => Self::Server(Box::new(Agent::start_logging(config, log).await?)),
            false => Self::Client(Box::new(ClientAgent::start(config, log).await?)),
        })
    }

    fn node(&self) -> &Node {
        match self {
            Self::Server(agent) => agent.node(),
            Self::Client(agent) => agent.node(),
        }
    }

    fn addresses(&self) -> &Addresses {
        match self {
            Self::Server(agent) => agent.addresses(),
            Self::Client(agent) => agent.addresses(),
        }
    }

    fn reloads(&self) -> &Reloads {
        match self {
            Self::Server(agent) => agent.reloads(),
            Self::Client(agent) => agent.reloads(),
        }
    }

    async fn ended(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Server(agent) => agent.ended().await,
            Self::Client(agent) => agent.ended().await,
        }
    }

    async fn leave(&self) -> anyhow::Result<()> {
        match self {
            Self::Server(agent) => agent.leave().await,
            Self::Client(agent) => agent.leave().await,
        }
    }

    async fn shutdown(self) {
        match self {
            Self::Server(agent) => agent.shutdown().await,
            Self::Client(agent) => agent.shutdown().await,
        }
    }
}

/// Reads the configuration again with every SIGHUP, those included that came while the agent was starting.
async fn reload_on(mut hangup: Signal, reloads: Reloads) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP: reading the configuration again");
        // How it went is in the log.
        drop(reloads.reload().await);
    }
}

/// How the agent was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Interrupt,
    Terminate,
}

impl Stop {
    fn leaves(self, config: &ClusterConfig) -> bool {
        match self {
            Self::Interrupt => config.leave_on_interrupt,
            Self::Terminate => config.leave_on_terminate,
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for a signal that ends the agent.
    async fn stop(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
    }
}
