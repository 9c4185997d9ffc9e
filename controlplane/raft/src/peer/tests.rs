//! The link as its two ends see it, over real sockets of 127.0.0.1.

mod calls;
mod limits;
mod reconnect;
mod streams;
mod support;
