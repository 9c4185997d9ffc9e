//! Each run is a process of its own, in namespaces of its own: whatever becomes of it, the system takes mounts, devices,
//! network namespaces and servers back.

use std::process::Command;

use anyhow::{Context, Result};

/// Set for the process inside.
const INSIDE: &str = "WEFT_JEPSEN_INSIDE";

/// Whether this process is the one inside.
pub(super) fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Whether this process may make namespaces.
pub(super) fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs this program with these arguments, in new namespaces if asked, and returns its exit code.
///
/// # Errors
/// When it cannot be started, or was killed.
pub(super) fn again(args: &[String], spaces: bool) -> Result<u8> {
    let me = std::env::current_exe().context("this program")?;
    let mut command = if spaces {
        let mut unshare = Command::new("unshare");
        unshare.args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
            "--mount-proc",
        ]);
        unshare.arg(me);
        unshare
    } else {
        Command::new(me)
    };
    let status = command.args(args).env(INSIDE, "1").status().context("unshare")?;
    let code = status.code().with_context(|| format!("the run was ended: {status}"))?;
    Ok(u8::try_from(code).unwrap_or(3))
}
