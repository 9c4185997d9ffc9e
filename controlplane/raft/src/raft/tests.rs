#![allow(clippy::unwrap_used)]

mod batching;
mod faults;
mod forwarding;
mod kill;
mod members;
mod reading;
mod restart;
mod snapshot_install;
mod snapshots;
mod start;
mod storm;
