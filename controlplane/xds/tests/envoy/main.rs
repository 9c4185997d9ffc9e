//! What a real Envoy makes of our resources. `WEFT_ENVOY` names the binary (`make test` sets it); without
//! it, `envoy` on PATH.
#![allow(clippy::unwrap_used)]

#[path = "../resources/authority.rs"]
mod authority;
#[path = "../../../mesh/tests/support/draw.rs"]
mod draw;
#[path = "../resources/world.rs"]
mod world;

mod accepts;
mod agrees;
mod backend;
mod caller;
mod headers;
mod paths;
mod proxy;
