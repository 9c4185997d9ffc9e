//! The main promises, held against real processes: a `weft agent`, real Envoys started by
//! `weft connect envoy`, and small backends inside the test.
//!
//! `WEFT_ENVOY` names the Envoy to run (`make test` sets it); without it, `envoy` on PATH.
#![allow(clippy::unwrap_used)]

mod harness;

mod bad_input;
mod bad_registration;
mod demo;
mod health;
mod intentions_agree;
mod intentions_http;
mod intentions_tcp;
mod ledger;
mod mtls;
mod protocols;
mod restart;
mod rotation;
mod secure_xds;
