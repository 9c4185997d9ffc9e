//! The xDS side of the control plane: sets of named resources, stream sessions without IO, the ADS
//! service as a thin shell around them, and the ledger of what each proxy has acknowledged.
//!
//! ```text
//! ProxySnapshot -> resources -> ResourceSet -> Session -> ADS stream -> Envoy
//!                                                 └──> Ledger
//! ```

pub mod ads;
pub mod ledger;
pub mod resources;
pub mod session;
pub mod set;
pub mod source;
mod static_source;
pub mod wire;

pub use static_source::StaticSource;
