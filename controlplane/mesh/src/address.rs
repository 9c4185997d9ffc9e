//! Where a proxy listens and what it connects to, already parsed.

use std::fmt;
use std::net::IpAddr;

/// Where a proxy listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bind {
    /// An address and a port, which is not 0.
    Tcp { ip: IpAddr, port: u16 },
    /// A socket in the file system.
    Pipe { path: String, mode: u32 },
}

impl Bind {
    /// Reads where to listen.
    ///
    /// # Errors
    /// In the user's words, what is wrong with the address or the port.
    pub fn tcp(address: &str, port: u16) -> Result<Self, String> {
        if port == 0 {
            return Err("there is no port to listen on".into());
        }
        let ip = address.parse().map_err(|_| format!("{address:?} is not an IP address to listen on"))?;
        Ok(Self::Tcp { ip, port })
    }
}

impl fmt::Display for Bind {
    /// As Consul writes it into listener names: without brackets around IPv6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { ip, port } => write!(f, "{ip}:{port}"),
            Self::Pipe { path, .. } => f.write_str(path),
        }
    }
}

/// Where the application of a sidecar listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Local {
    /// An IP address, or a name that the proxy looks up.
    Tcp { host: String, port: u16 },
    /// A socket in the file system.
    Pipe { path: String },
}

impl Local {
    /// Whether a name has to be looked up first.
    #[must_use]
    pub fn is_name(&self) -> bool {
        matches!(self, Self::Tcp { host, .. } if host.parse::<IpAddr>().is_err())
    }
}
