//! What is made of a state for each proxy.
#![allow(clippy::unwrap_used)]

mod authority;
mod golden;
mod laws;
mod render;
mod world;
