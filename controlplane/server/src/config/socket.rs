//! Sockets in the file system: `addresses.http = "unix://PATH"`, and the block `unix_sockets`.

use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::Value;

use super::read;

/// A socket, and whose its file is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    pub path: PathBuf,
    pub owner: Owner,
}

/// Whose the files of sockets are; `None`: as the system says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// A name, or a number.
    pub user: Option<String>,
    pub group: Option<String>,
    pub mode: Option<u32>,
}

/// Where HTTP is served: at an address, at a socket, or both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) address: Option<IpAddr>,
    pub(super) socket: Option<PathBuf>,
}

/// As Consul writes them: with spaces between.
pub(super) fn places(value: &Value) -> Result<Places, String> {
    let mut places = Places::default();
    for word in read::text(value)?.split_whitespace() {
        match word.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') && places.socket.is_none() => places.socket = Some(path.into()),
            Some(_) if places.socket.is_none() => return Err(format!("{word:?} is not unix:// and a whole path")),
            None if places.address.is_none() => places.address = Some(read::address(&Value::from(word))?),
            Some(_) | None => return Err("there can be one address and one socket".to_owned()),
        }
    }
    if places == Places::default() { Err("names nothing to listen on".to_owned()) } else { Ok(places) }
}

/// Rights, in octal digits.
pub(super) fn mode(value: &Value) -> Result<u32, String> {
    let written = read::text(value)?;
    let mode = u32::from_str_radix(&written, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| format!("{written:?} is no mode of a file, like 0660"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_a_socket_or_both() {
        let found = |text: &str| places(&json!(text));
        let address = Some(IpAddr::from([127, 0, 0, 1]));
        assert_eq!(found("127.0.0.1").unwrap(), Places { address, socket: None });
        assert_eq!(found("unix:///run/a").unwrap(), Places { address: None, socket: Some("/run/a".into()) });
        assert_eq!(found("unix:///run/a 127.0.0.1").unwrap(), Places { address, socket: Some("/run/a".into()) });
        for wrong in ["", "unix://a", "unix:///a unix:///b", "127.0.0.1 127.0.0.2", "x"] {
            assert!(found(wrong).is_err(), "{wrong}");
        }
        assert_eq!(mode(&json!("0660")), Ok(0o660));
        assert!(mode(&json!("9")).is_err() && mode(&json!("1777")).is_err());
    }
}
