//! C1: each key is linearizable, as a register with compare-and-set and delete.
//!
//! ```text
//! history -> per key: calls -> search (Wing and Gong, with Lowe's memo) -> legal order | the stuck operation
//! ```

mod judge;
mod keyed;
mod register;
mod search;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

pub use judge::Linear;
pub use keyed::{Timed, key_ops, register_keys, search_key};
pub use register::{Answer, Call, Register, Slot};
pub use search::{Found, Model, Span, search};
