//! What the configuration says of checks.

use std::path::PathBuf;
use std::time::Duration;

/// How an agent runs its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub scripts: Scripts,
    /// Of a longer output this many bytes are kept: `check_output_max_size`.
    pub output_max: usize,
    /// How long an output may be old before it is written without a change of status: outputs hold
    /// times and counters, and each write wakes every reader of the service. `check_update_interval`.
    pub output_every: Duration,
    /// Outputs are not kept at all: `discard_check_output`.
    pub discard_output: bool,
    /// The certificates that checks over TLS use, where they are not the system's.
    pub certificates: Certificates,
}

/// Which checks may run commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scripts {
    #[default]
    None,
    /// Those that files of this agent define: `enable_local_script_checks`.
    FromFiles,
    /// Those that clients register, too: `enable_script_checks`.
    FromAnyone,
}

/// `enable_agent_tls_for_checks`: the agent's own files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    pub ca: Option<PathBuf>,
    /// What a check shows of itself: a certificate and its key.
    pub own: Option<(PathBuf, PathBuf)>,
}

impl Default for Settings {
    /// Consul's defaults.
    fn default() -> Self {
        Self {
            scripts: Scripts::None,
            output_max: 4096,
            output_every: Duration::from_secs(300),
            discard_output: false,
            certificates: Certificates::default(),
        }
    }
}
