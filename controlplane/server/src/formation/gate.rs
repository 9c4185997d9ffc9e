//! Between Raft and the link: what may pass while a cluster is being formed.
//!
//! ```text
//! Raft ─> Outbound ─> link ~~~ link ─> Door ─┬─ Hello ─> Driver
//!                                           └─ the rest ─> Raft
//! ```
//!
//! A server whose disk may be an older copy neither votes nor asks for votes, and takes nothing from a
//! leader, until enough others have nothing against it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, oneshot, watch};
use weft_raft::{Answers, Caller, Inbound, Method, PeerAddress, Refusal, Transport, TransportError};

use super::driver::Input;
use super::hello::{Answer, Asked};

/// Whether Raft may take part, and in which cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Leave {
    pub(crate) open: bool,
    /// Who may speak to it: its cluster, or the one that it has pledged itself to.
    pub(crate) cluster: Option<String>,
}

/// Whether a method has a part in elections or brings entries.
fn is_guarded(method: Method) -> bool {
    match method {
        Method::Append | Method::Snapshot | Method::Vote | Method::PreVote | Method::TransferLeader => true,
        Method::Propose | Method::ReadIndex | Method::Leader | Method::Hello => false,
    }
}

/// Raft's way out.
pub(crate) struct Outbound {
    link: Arc<dyn Transport>,
    leave: watch::Receiver<Leave>,
}

impl Outbound {
    pub(crate) fn new(link: Arc<dyn Transport>, leave: watch::Receiver<Leave>) -> Self {
        Self { link, leave }
    }

    fn refuse(&self, method: Method) -> Result<(), TransportError> {
        if is_guarded(method) && !self.leave.borrow().open {
            return Err(TransportError::Unreachable("this server does not take part yet".to_owned()));
        }
        Ok(())
    }
}

impl Transport for Outbound {
    fn call(
        &self,
        to: PeerAddress,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        match self.refuse(method) {
            Ok(()) => self.link.call(to, method, body, deadline),
            Err(error) => async { Err(error) }.boxed(),
        }
    }

    fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        match self.refuse(method) {
            Ok(()) => self.link.stream(to, method, frames),
            Err(error) => async { Err(error) }.boxed(),
        }
    }

    fn is_gone(&self, server: PeerAddress) -> BoxFuture<'static, bool> {
        self.link.is_gone(server)
    }
}

/// The way in. It is there before Raft is; until then only hellos are answered.
pub(crate) struct Door {
    leave: watch::Receiver<Leave>,
    hellos: mpsc::Sender<Input>,
    raft: OnceLock<Arc<dyn Inbound>>,
}

impl Door {
    pub(super) fn new(leave: watch::Receiver<Leave>, hellos: mpsc::Sender<Input>) -> Self {
        Self { leave, hellos, raft: OnceLock::new() }
    }

    /// Lets Raft answer from now on.
    pub(crate) fn open_to(&self, raft: Arc<dyn Inbound>) {
        drop(self.raft.set(raft));
    }

    fn pass(&self, from: &Caller, method: Method) -> Result<Arc<dyn Inbound>, Refusal> {
        let leave = self.leave.borrow();
        match &leave.cluster {
            Some(own) if *own == from.cluster => {}
            Some(own) => {
                return Err(Refusal(format!("this server is in cluster {own}, not in {:?}", from.cluster)));
            }
            None => return Err(Refusal("this server is in no cluster yet".to_owned())),
        }
        if is_guarded(method) && !leave.open {
            let why = "this server does not take part before a majority has nothing against its disk";
            return Err(Refusal(why.to_owned()));
        }
        self.raft.get().cloned().ok_or_else(|| Refusal("this server is starting".to_owned()))
    }
}

impl Inbound for Door {
    fn call(&self, from: Caller, method: Method, body: Bytes) -> BoxFuture<'static, Result<Bytes, Refusal>> {
        if method == Method::Hello {
            return answer(self.hellos.clone(), body).boxed();
        }
        match self.pass(&from, method) {
            Ok(raft) => raft.call(from, method, body),
            Err(refusal) => async { Err(refusal) }.boxed(),
        }
    }

    fn stream(
        &self,
        from: Caller,
        method: Method,
        frames: Answers,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Bytes>, Refusal>> {
        match self.pass(&from, method) {
            Ok(raft) => raft.stream(from, method, frames),
            Err(refusal) => async { Err(refusal) }.boxed(),
        }
    }
}

async fn answer(hellos: mpsc::Sender<Input>, body: Bytes) -> Result<Bytes, Refusal> {
    let gone = || Refusal("this server is shutting down".to_owned());
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| Refusal(format!("not understood: {error}")))?;
    let (reply, answer) = oneshot::channel();
    hellos.send(Input::Asked(Box::new(asked), reply)).await.map_err(|_| gone())?;
    let answer: Answer = answer.await.map_err(|_| gone())?;
    serde_json::to_vec(&answer).map(Into::into).map_err(|error| Refusal(error.to_string()))
}
