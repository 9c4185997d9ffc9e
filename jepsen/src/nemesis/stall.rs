//! F17: readers that ask for much and then do not read.

use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::stage::{Fault, Stage};

/// Connections that ask again and again and never take an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stall;

const READERS: usize = 20;

impl Fault for Stall {
    fn play<'a>(&'a self, stage: &'a mut Stage) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cluster = stage.scene.cluster.clone();
            let Some(name) = stage.target().await else { return Ok(()) };
            let address = cluster.address(&name)?;
            stage.begin("readers that do not read", std::slice::from_ref(&name));
            let mut readers = Vec::new();
            let asks =
                ["/v1/kv/?recurse", "/v1/kv/watch/?recurse&index=1&wait=60s", "/v1/snapshot", "/v1/health/state/any"];
            for at in 0..READERS {
                let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                // Pipelined: one after the other fills the socket, then the server's buffers.
                let ask = format!("GET {} HTTP/1.1\r\nHost: stalled\r\n\r\n", asks[at % asks.len()]).repeat(20);
                if stream.write_all(ask.as_bytes()).await.is_ok() {
                    readers.push(stream);
                }
            }
            stage.hold().await;
            stage.bites_if(!readers.is_empty(), json!({"readers": readers.len()}));
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(())
        })
    }
}
