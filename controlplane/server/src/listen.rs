//! Listeners: bound before anything else starts, so that a taken port is said at once.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;

use crate::config::{Endpoint, Port};

/// Binds an endpoint; `None` when it is off.
pub(crate) async fn bind(name: &str, endpoint: Endpoint) -> anyhow::Result<Option<TcpListener>> {
    let port = match endpoint.port {
        Port::Off => return Ok(None),
        Port::At(port) => port,
    };
    let address = SocketAddr::new(endpoint.address, port);
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|error| refused(name, address, error))
}

/// A port that cannot be opened, and why.
pub(crate) fn refused(name: &str, address: SocketAddr, error: std::io::Error) -> anyhow::Error {
    let remedy = remedy(error.kind());
    anyhow!(error).context(format!("the {name} port cannot be opened on {address}{remedy}"))
}

/// What to do about it.
fn remedy(kind: ErrorKind) -> &'static str {
    if kind == ErrorKind::AddrInUse {
        ", where another process listens already: end that one, or give this agent another port"
    } else if kind == ErrorKind::AddrNotAvailable {
        ", which is not an address of this machine: mend --bind or --client"
    } else if kind == ErrorKind::PermissionDenied {
        ": this user may not open it, take another port"
    } else {
        ""
    }
}

/// Where a listener really is.
pub(crate) fn address(listener: Option<&TcpListener>) -> anyhow::Result<Option<SocketAddr>> {
    Ok(listener.map(TcpListener::local_addr).transpose()?)
}

/// The port that servers are told; 0 becomes one that is free now.
pub(crate) fn server_port(address: IpAddr, port: u16) -> anyhow::Result<u16> {
    if port != 0 {
        return Ok(port);
    }
    // Nobody speaks to a server that is alone, so the port is only found, not kept open.
    Ok(std::net::TcpListener::bind((address, 0)).context("no free port for servers")?.local_addr()?.port())
}
