//! What an agent says of itself when it has started.

use std::io::Write;
use std::net::SocketAddr;

use weft_model::catalog::Node;

use crate::app::Addresses;
use crate::config::Config;
use crate::{REVISION, VERSION};

/// Prints the banner. A closed output is no reason to stop.
pub(crate) fn print(config: &Config, node: &Node, addresses: &Addresses) {
    drop(std::io::stdout().write_all(text(config, node, addresses).as_bytes()));
}

fn text(config: &Config, node: &Node, addresses: &Addresses) -> String {
    let port =
        |address: Option<SocketAddr>| address.map_or_else(|| "-1".to_owned(), |address| address.port().to_string());
    let kept = match &config.data_dir {
        Some(path) => path.display().to_string(),
        None => "nothing is kept".to_owned(),
    };
    let server = match config.server {
        true => format!("true (Bootstrap: {})", config.cluster.expect == 1),
        false => "false".to_owned(),
    };
    let rows = [
        ("Version", format!("'{VERSION}'")),
        ("Revision", format!("'{REVISION}'")),
        ("Node ID", format!("'{}'", node.id)),
        ("Node name", format!("'{}'", node.name)),
        ("Datacenter", format!("'{}'", node.datacenter)),
        ("Server", server),
        (
            "Client Addr",
            format!(
                "[{}] (HTTP: {}, HTTPS: {}, gRPC: {}, gRPC-TLS: {}, DNS: {})",
                config.listen.http.address,
                port(addresses.http),
                port(addresses.https),
                port(addresses.grpc),
                port(addresses.grpc_tls),
                port(addresses.dns)
            ),
        ),
        ("Cluster Addr", addresses.server.clone()),
        ("Data", kept),
    ];
    let mut text = "==> weft agent running!\n".to_owned();
    for (name, value) in rows.iter().filter(|(_, value)| value != "''") {
        text.push_str(&format!("{name:>18}: {value}\n"));
    }
    text.push_str("\n==> Log data will now stream to standard error:\n\n");
    text
}
