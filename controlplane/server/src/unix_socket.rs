//! A socket in the file system: bound before anything else starts, gone from there when it is dropped.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::UnixListener;

use crate::config::{Owner, Socket};

/// The file of a socket; dropping it takes it away, unless it is somebody else's by then.
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Its device and its number there.
    identity: Option<(u64, u64)>,
}

/// Binds a socket. One that a former agent has left is replaced, another file is not.
///
/// # Errors
/// It cannot be made, or not be given away.
pub(crate) fn bind(socket: &Socket) -> anyhow::Result<(UnixListener, SocketFile)> {
    let Socket { path, owner } = socket;
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {
            match UnixStream::connect(path).map_err(|error| error.kind()) {
                Err(ErrorKind::ConnectionRefused) => {}
                Ok(_) => bail!("the HTTP socket {} is in use: another process listens there", path.display()),
                Err(kind) => bail!("the HTTP socket {} is there already, and cannot be tried: {kind}", path.display()),
            }
            tracing::warn!("replacing the socket {}", path.display());
            fs::remove_file(path).with_context(|| path.display().to_string())?;
        }
        Ok(_) => bail!("{} is in the way of the HTTP socket, and is none", path.display()),
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("the HTTP socket {}", path.display()))?;
    let file = SocketFile { path: path.clone(), identity: identity(path) };
    give(path, owner).with_context(|| format!("unix_sockets: {}", path.display()))?;
    Ok((listener, file))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

fn give(path: &Path, owner: &Owner) -> anyhow::Result<()> {
    let user = owner.user.as_deref().map(|user| number(user, "/etc/passwd")).transpose()?;
    let group = owner.group.as_deref().map(|group| number(group, "/etc/group")).transpose()?;
    if user.is_some() || group.is_some() {
        chown(path, user, group)?;
    }
    if let Some(mode) = owner.mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The number of a user or a group, by the system's list: `NAME:…:NUMBER:…`.
fn number(name: &str, list: &str) -> anyhow::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let known = fs::read_to_string(list).with_context(|| list.to_owned())?;
    let mut rows = known.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = rows.find(|row| row.first() == Some(&name)).and_then(|row| row.get(2)?.parse().ok());
    found.with_context(|| format!("{list} knows no {name:?}"))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path) == self.identity {
            // Somebody else may have taken it away.
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    use crate::app::Agent;
    use crate::config::{self, Flags};

    #[tokio::test]
    async fn an_agent_answers_at_a_socket_and_takes_it_away() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("weft.sock");
        let text = format!(
            "addresses {{ http = \"unix://{}\" }}\nunix_sockets {{ user = \"root\" group = \"0\" mode = \"0640\" }}",
            path.display()
        );
        let user =
            if rustix::process::geteuid().is_root() { text } else { text.replace("user = \"root\" group = \"0\"", "") };
        let flags = || Flags { hcl: vec![user.clone()], ..Flags::ephemeral() };
        // What a former agent has left.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let agent = Agent::start(config::load(&flags()).unwrap()).await.unwrap();
        assert_eq!(agent.addresses().http, None);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(b"GET /v1/status/leader HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        // A second start leaves it to the first one.
        let refused = Agent::start(config::load(&flags()).unwrap()).await.err().unwrap();
        assert!(refused.to_string().contains("is in use"), "{refused:#}");
        assert!(UnixStream::connect(&path).await.is_ok());
        agent.shutdown().await;
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        let refused = Agent::start(config::load(&flags()).unwrap()).await.err().unwrap();
        assert!(refused.to_string().contains("is in the way"), "{refused:#}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
