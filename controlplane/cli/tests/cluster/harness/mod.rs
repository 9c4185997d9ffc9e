//! What the tests are made of: servers on addresses of their own, and waiting with a deadline.

#[path = "../../e2e/harness/http.rs"]
#[allow(dead_code)]
mod http;
#[path = "../../e2e/harness/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../e2e/harness/until.rs"]
#[allow(dead_code)]
mod until;

mod cluster;
mod server;

pub(crate) use cluster::Cluster;
pub(crate) use server::Setup;
pub(crate) use until::until_ok;
