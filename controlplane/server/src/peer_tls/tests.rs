//! Who gets in, and what both ends are told when not. Over real sockets, through the link of weft-raft.

mod agents;
mod given;
mod issued;
mod keys;
mod support;
