//! What servers say to each other: generated from `weft/peer/v1/peer.proto`.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::wildcard_enum_match_arm)]

// Only what is generated names it.
use tonic_prost as _;

tonic::include_proto!("weft.peer.v1");
