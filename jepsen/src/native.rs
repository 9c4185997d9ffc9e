//! The two small C programs of the harness, compiled when first needed: a tool for what takes an ioctl, and the shim
//! that is preloaded into servers.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const TOOL: &str = include_str!("../native/tool.c");
const SHIM: &str = include_str!("../native/shim.c");

/// Where the compiled programs are.
#[derive(Clone, Debug)]
pub struct Native {
    pub tool: PathBuf,
    pub shim: PathBuf,
}

impl Native {
    /// Compiles both into a folder.
    ///
    /// # Errors
    /// When there is no C compiler, or it fails.
    pub fn build(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let native = Self { tool: dir.join("tool"), shim: dir.join("shim.so") };
        compile(dir, "tool.c", TOOL, &native.tool, &[])?;
        compile(dir, "shim.c", SHIM, &native.shim, &["-shared", "-fPIC"])?;
        Ok(native)
    }
}

fn compile(dir: &Path, name: &str, text: &str, to: &Path, flags: &[&str]) -> Result<()> {
    let source = dir.join(name);
    std::fs::write(&source, text)?;
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-Wall"]).args(flags).arg("-o").arg(to).arg(&source).arg("-ldl");
    let made = cc.output().context("cc")?;
    ensure!(made.status.success(), "cc {name}: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
