#![allow(clippy::unwrap_used)]

mod batching;
mod kill;
mod restart;
mod snapshots;
mod start;
