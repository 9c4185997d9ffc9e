//! What the tests are made of: servers on addresses of their own, and waiting with a deadline.

#[path = "../../e2e/harness/backend.rs"]
#[allow(dead_code)]
mod backend;
#[path = "../../e2e/harness/call.rs"]
#[allow(dead_code)]
mod call;
#[path = "../../e2e/harness/http.rs"]
#[allow(dead_code)]
mod http;
#[path = "../../e2e/harness/ports.rs"]
mod ports;
#[path = "../../e2e/harness/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../e2e/harness/steady.rs"]
#[allow(dead_code)]
mod steady;
#[path = "../../e2e/harness/until.rs"]
#[allow(dead_code)]
mod until;

mod client;
mod clock;
mod cluster;
mod server;
mod sidecar;

pub(crate) use backend::Backend;
pub(crate) use client::{Answer, Client};
pub(crate) use clock::far_off;
pub(crate) use cluster::Cluster;
pub(crate) use ports::free_port;
pub(crate) use process::run;
pub(crate) use server::{Server, Setup};
pub(crate) use sidecar::Sidecar;
pub(crate) use steady::Steady;
pub(crate) use until::until_ok;

/// One call to a sidecar's local port, on a connection of its own.
pub(crate) async fn call_once(port: u16) -> Result<http::Reply, String> {
    call::Http1::to(port).get("/").await
}
