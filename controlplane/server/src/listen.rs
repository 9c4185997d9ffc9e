//! Listeners: bound before anything else starts, so that a taken port is said at once.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
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
    listener.map(Some).with_context(|| format!("the {name} port cannot be opened on {address}"))
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
