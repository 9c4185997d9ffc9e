//! The built-in certificate authority: roots, leaf signing, cross-signing, and the plans that
//! change them.
//!
//! ```text
//! CaConfig ─> config ─> CaSettings ─┐
//! CaState, now, serials, keys ──────┴─> rotation ─> the next CaState (proposed as a Command)
//! caller's identity, CSR ─> csr ─> leaf::Signer ─> SignedLeaf
//! keys of a CaState ─> seal ─> the form in which they are stored
//! ```
//!
//! Nothing here reads a clock, waits, or draws a number inside a decision: time, serials and keys
//! are arguments. [`key::CaKey::generate`], [`rotation::Draw::new`] and [`seal::Keyring::seal`] are the
//! three places where randomness enters, and the proposer of a command calls them.

pub mod cert;
pub mod config;
pub mod cross_sign;
pub mod csr;
mod der;
mod error;
pub mod id;
mod issue;
pub mod key;
pub mod leaf;
mod pem;
pub mod renewal;
pub mod root;
pub mod rotation;
pub mod seal;
mod signature;
pub mod spiffe;

pub use error::CaError;
pub use key::{CaKey, KeySpec};
pub use spiffe::{SpiffeId, TrustDomain};
