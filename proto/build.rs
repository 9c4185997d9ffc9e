//! Compiles our own `.proto` files, without protoc.

use std::error::Error;

const PROTOS: [&str; 1] = ["weft/peer/v1/peer.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for proto in PROTOS {
        println!("cargo::rerun-if-changed={proto}");
    }
    let files = protox::compile(PROTOS, ["."])?;
    // Bodies are shared with the buffer that they came in.
    tonic_prost_build::configure().bytes(".").build_transport(false).compile_fds(files)?;
    Ok(())
}
