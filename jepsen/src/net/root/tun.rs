//! TUN devices, made by the tool and passed over a socket.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// New devices of these names in this network namespace; they end when the descriptors are closed.
///
/// # Errors
/// When the system refuses.
pub(super) fn open<const N: usize>(tool: &Path, names: [&str; N]) -> Result<[OwnedFd; N]> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(tool);
    let child = command.arg("tun").args(names).stdin(Stdio::from(OwnedFd::from(theirs))).stderr(Stdio::piped()).spawn();
    // The command holds the other end of the socket until it is dropped.
    drop(command);
    let output = child.context("the tool")?.wait_with_output()?;
    ensure!(output.status.success(), "TUN {names:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    let mut devices = Vec::with_capacity(N);
    for _ in 0..N {
        devices.push(receive(&ours)?);
    }
    devices.try_into().ok().context("as many devices as names")
}

fn receive(socket: &UnixStream) -> Result<OwnedFd> {
    let mut byte = [0_u8; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let rights = ancillary
        .drain()
        .find_map(|message| if let RecvAncillaryMessage::ScmRights(mut fds) = message { fds.next() } else { None });
    rights.context("the tool passed no descriptor")
}
