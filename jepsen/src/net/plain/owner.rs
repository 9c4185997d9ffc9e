//! Whose socket it is: the system's tables of connections and of open files, which need no root for our own children.

use std::net::{Ipv4Addr, SocketAddr};

/// The one of these processes that holds the socket which is bound to `local` and connected to `remote`.
pub(super) fn of(local: SocketAddr, remote: SocketAddr, pids: &[(u8, u32)]) -> Option<u8> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = inode(&table, local, remote)?;
    let name = format!("socket:[{inode}]");
    pids.iter().find(|(_, pid)| holds(*pid, &name)).map(|(number, _)| *number)
}

fn inode(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    let (local, remote) = (hex(local)?, hex(remote)?);
    let row = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut rows = row.filter(|row| row.get(1) == Some(&local.as_str()) && row.get(2) == Some(&remote.as_str()));
    rows.next()?.get(9)?.parse().ok()
}

/// An address as the table writes it: the four bytes as a number of this machine's byte order.
fn hex(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else { return None };
    let ip: Ipv4Addr = *address.ip();
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()))
}

fn holds(pid: u32, name: &str) -> bool {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_connection_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ends = (ours.local_addr().unwrap(), ours.peer_addr().unwrap());
        assert_eq!(of(ends.0, ends.1, &[(1, 1), (7, std::process::id())]), Some(7));
        assert_eq!(of(ends.0, ends.1, &[]), None);
    }
}
