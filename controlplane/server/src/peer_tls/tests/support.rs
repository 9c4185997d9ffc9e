//! Servers that are started with one way of proving themselves and asked with another.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing_subscriber::fmt::MakeWriter;
use weft_raft::peer::{GrpcTransport, Identity, serve};
use weft_raft::{Answers, Caller, Inbound, Method, PeerAddress, Refusal, Transport, TransportError};

use super::super::{Link, Tls, link};
use crate::config::{self, Config, Flags};

/// The configuration of a server that is not alone.
pub(super) fn config(datacenter: &str, encrypt: &str) -> Config {
    let flags = Flags {
        datacenter: Some(datacenter.to_owned()),
        encrypt: (!encrypt.is_empty()).then(|| encrypt.into()),
        ..Flags::ephemeral()
    };
    config::load(&flags).unwrap()
}

pub(super) fn link_of(config: &Config, raft_id: u64) -> Link {
    link(config, raft_id, false).unwrap()
}

/// Says yes to everything.
pub(super) struct Yes;

impl Inbound for Yes {
    fn call(&self, _: Caller, _: Method, _: Bytes) -> BoxFuture<'static, Result<Bytes, Refusal>> {
        Box::pin(async { Ok(Bytes::from_static(b"yes")) })
    }

    fn stream(
        &self,
        _: Caller,
        _: Method,
        _: Answers,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Refusal>> {
        Box::pin(async { Err(Refusal("no streams".to_owned())) })
    }
}

/// What server 1 with `asking` hears when it asks server 2 with `answering`, and what server 2 says about it
/// in its log.
pub(super) async fn meet(asking: Tls, answering: Tls) -> (Result<Bytes, TransportError>, String) {
    meet_as(asking, 1, answering).await
}

pub(super) async fn meet_as(asking: Tls, id: u64, answering: Tls) -> (Result<Bytes, TransportError>, String) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let to = PeerAddress { id: 2, address: listener.local_addr().unwrap().to_string() };
    let identity = |id| {
        let identity = Identity::new(id, "dc1");
        identity.set_cluster("c");
        Arc::new(identity)
    };
    let serving = serve(listener, answering, Arc::new(Yes), None, identity(2), CancellationToken::new());
    let _serving = AbortOnDropHandle::new(tokio::spawn(serving));
    let transport = GrpcTransport::new(asking, identity(id));
    let answer = transport.call(to, Method::Vote, Bytes::new(), Duration::from_secs(5)).await;
    if answer.is_err() {
        // The other end may come to its conclusion a moment later.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (answer, log.text())
}

pub(super) fn assert_refused(met: &(Result<Bytes, TransportError>, String), asking: &str, answering: &str) {
    let (Err(TransportError::Refused(why)), log) = met else { panic!("{met:?}") };
    assert!(why.contains(asking), "{why}");
    assert!(log.contains(answering), "{log}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
