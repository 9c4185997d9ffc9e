//! One check per promise; the numbers are those of the project's list of promises.

pub(crate) mod atomic;
pub(crate) mod committed;
pub(crate) mod durable;
pub(crate) mod leaders;
pub(crate) mod linear;
pub(crate) mod locks;
pub(crate) mod once;
pub(crate) mod order;
pub(crate) mod recovery;
pub(crate) mod replay;
