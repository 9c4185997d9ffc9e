//! What the tests are made of: processes that end with their owner, clients that tell a refusal
//! from a failure, and waiting with a deadline instead of sleeping.

mod agent;
mod backend;
mod call;
mod envoy;
mod http;
mod mesh;
mod ports;
mod process;
mod scratch;
mod steady;
mod tls;
mod until;

pub(crate) use agent::Agent;
pub(crate) use backend::Backend;
pub(crate) use call::{Http1, Line, closing_tcp, grpc, raw, tcp};
pub(crate) use envoy::{Envoy, Xds};
pub(crate) use mesh::{Mesh, Plan, Protocol, callee, caller};
pub(crate) use ports::free_port;
pub(crate) use process::run;
pub(crate) use scratch::{Load, Scratch};
pub(crate) use steady::Steady;
pub(crate) use tls::{Handshake, Identity, OtherAuthority};
pub(crate) use until::{SECOND, tell_times, until, until_ok};
