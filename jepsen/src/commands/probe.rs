//! `probe`: what this host can do, found out by doing it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::spaces;
use crate::disk::{Ballast, Disk};
use crate::native::Native;
use crate::net::Network;
use crate::net::root::RootNetwork;
use crate::runner::Backend;
use crate::shell;
use crate::shim::{Clock, Shim};

/// Say what this host can do
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// What is missing for this backend fails; without it, for the best one that this process may use
    #[arg(long)]
    backend: Option<Backend>,
}

/// Something that a backend needs.
struct Capability {
    name: &'static str,
    serves: &'static str,
    root_only: bool,
    works: fn(&Path) -> Result<String>,
}

const CAPABILITIES: [Capability; 5] = [
    Capability { name: "C compiler and shim", serves: "F6, F8, F9", root_only: false, works: shim },
    Capability { name: "loopback addresses", serves: "backend plain", root_only: false, works: loopback },
    Capability { name: "namespaces and TUN", serves: "F3, F4, F5", root_only: true, works: wire },
    Capability { name: "ext4 on loop devices", serves: "F7, F10", root_only: true, works: disk },
    Capability { name: "cutting their power", serves: "F7", root_only: true, works: power },
];

impl Probe {
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend: Some(backend) }
    }

    pub(super) fn act(&self) -> Result<u8> {
        let best = if spaces::root() { Backend::Root } else { Backend::Plain };
        let backend = self.backend.unwrap_or(best);
        if backend == Backend::Root && !spaces::inside() {
            ensure!(spaces::root(), "the backend `root` needs root");
            return spaces::again(&["probe".to_owned(), "--backend".to_owned(), "root".to_owned()], true);
        }
        eprintln!("probe of the backend `{}`", backend.name());
        let dir = tempfile::tempdir()?;
        let mut missing = 0;
        for capability in CAPABILITIES.iter().filter(|one| backend == Backend::Root || !one.root_only) {
            let said = match (capability.works)(dir.path()) {
                Ok(how) => format!("yes, {how}"),
                Err(error) => {
                    missing += 1;
                    format!("MISSING: {error:#}")
                }
            };
            eprintln!("  {:<22} for {:<14} {said}", capability.name, capability.serves);
        }
        let _ = Command::new("umount").arg(dir.path().join("disk")).output();
        Ok(if missing == 0 { 0 } else { 3 })
    }
}

fn shim(dir: &Path) -> Result<String> {
    let native = Native::build(&dir.join("native"))?;
    let shim = Shim::create(&dir.join("shim"))?;
    shim.bend(Clock::Wall, -1_000_000_000_000_000_000, 0)?;
    let mut date = Command::new("date");
    date.arg("+%s").env("LD_PRELOAD", &native.shim).env("WEFTJ_SHIM", &shim.path);
    let shown = String::from_utf8(date.output().context("date")?.stdout)?;
    let seconds: u64 = shown.trim().parse().with_context(|| shown.clone())?;
    ensure!(seconds < 1_000_000_000 && shim.seen()?.bent > 0, "the clock was not bent: {seconds}");
    Ok("a clock was bent".to_owned())
}

fn loopback(_: &Path) -> Result<String> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 30, 201], 0))).context("127.0.30.201")?;
    Ok(format!("{} can be bound", listener.local_addr()?.ip()))
}

fn wire(dir: &Path) -> Result<String> {
    let native = Native::build(&dir.join("native"))?;
    let network = RootNetwork::new(&native.tool, 0)?;
    let plug = network.plug(1, 0)?;
    // A connection that is refused has crossed the wire twice.
    let asked =
        std::net::TcpStream::connect_timeout(&SocketAddr::from((plug.client, 9)), std::time::Duration::from_secs(2));
    let refused = asked.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
    let seen = network.counters();
    ensure!(refused && seen.values().map(|link| link.passed).sum::<u64>() >= 2, "no packet crossed: {seen:?}");
    Ok("packets crossed".to_owned())
}

fn disk(dir: &Path) -> Result<String> {
    let native = Native::build(&dir.join("native"))?;
    let disk = Disk::image(dir, "disk", 32, &native.tool)?;
    let ballast = Ballast::fill(disk.path())?;
    ensure!(ballast.bytes > 1 << 20, "only {} bytes fit", ballast.bytes);
    Ok(format!("{} MiB filled it", ballast.bytes >> 20))
}

fn power(dir: &Path) -> Result<String> {
    use std::io::Write as _;

    let native = Native::build(&dir.join("native"))?;
    shell::run("umount", &[dir.join("disk")])?;
    let disk = Disk::image(dir, "disk", 32, &native.tool)?;
    let mut kept = std::fs::File::create(disk.path().join("kept"))?;
    kept.write_all(b"synced")?;
    kept.sync_all()?;
    std::fs::File::open(disk.path())?.sync_all()?;
    kept.write_all(b" and not")?;
    std::fs::write(disk.path().join("lost"), b"not synced")?;
    drop(kept);
    disk.cut_power()?;
    disk.power_on()?;
    let found = std::fs::read_to_string(disk.path().join("kept"))?;
    ensure!(found == "synced" && !disk.path().join("lost").exists(), "after a cut there is {found:?}");
    Ok("it lost what was not synced, and only that".to_owned())
}
