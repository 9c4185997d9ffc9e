//! Requests on one accepted connection, handed to whoever answers them.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use weft_proto::peer::Frame;
use weft_proto::peer::peer_server::Peer;

use super::Identity;
use super::complaints::Complaints;
use super::headers::Claims;
use crate::transport::{Caller, Inbound, Method, Refusal, TransportError};

/// What all connections share.
pub(super) struct Reception {
    pub(super) inbound: Arc<dyn Inbound>,
    pub(super) identity: Arc<Identity>,
    pub(super) complaints: Complaints,
}

pub(super) struct Service {
    pub(super) reception: Arc<Reception>,
    pub(super) remote: SocketAddr,
    /// The server that the other end's certificate was issued to.
    pub(super) owner: Option<u64>,
}

impl Service {
    #[allow(clippy::result_large_err)]
    fn admit(&self, metadata: &MetadataMap) -> Result<(Caller, Method), Status> {
        let claims = Claims::read(metadata);
        let judged = claims.and_then(|claims| claims.judge(&self.reception.identity, self.owner).map(|()| claims));
        match judged {
            Ok(Claims { from, cluster, method, .. }) => {
                Ok((Caller { id: from, cluster, address: self.remote }, method))
            }
            Err(why) => {
                self.reception.complaints.say(self.remote.ip(), &why);
                Err(Status::failed_precondition(why))
            }
        }
    }
}

#[tonic::async_trait]
impl Peer for Service {
    type StreamStream = BoxStream<'static, Result<Frame, Status>>;

    async fn call(&self, request: Request<Frame>) -> Result<Response<Frame>, Status> {
        let (caller, method) = self.admit(request.metadata())?;
        let body = request.into_inner().body;
        let answer = self.reception.inbound.call(caller, method, body).await.map_err(refused)?;
        Ok(Response::new(Frame { body: answer }))
    }

    async fn stream(&self, request: Request<Streaming<Frame>>) -> Result<Response<Self::StreamStream>, Status> {
        let (caller, method) = self.admit(request.metadata())?;
        let frames = request.into_inner().map(|frame| match frame {
            Ok(frame) => Ok(frame.body),
            Err(status) => Err(TransportError::Unknown(status.message().to_owned())),
        });
        let answers = self.reception.inbound.stream(caller, method, frames.boxed()).await.map_err(refused)?;
        Ok(Response::new(answers.map(|body| Ok(Frame { body })).boxed()))
    }
}

fn refused(refusal: Refusal) -> Status {
    Status::failed_precondition(refusal.0)
}
