//! DNS of a client agent: servers know the names under the domain, and answer by the settings of this agent.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;
use weft_dns::{Relay, Settings, Way};

use super::servers::{Lost, Servers, Unsent};
use crate::acl::Acl;
use crate::clients::message::{DNS, FROM, SETTINGS, TOKEN, WAY};

/// Clients of DNS ask again after about five seconds.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// One more than a message over TCP can have.
const RESPONSE_MAX: usize = 1 << 16;

/// A server that is lost is followed by another one, and that by a third.
const TRIES: u32 = 3;

/// The way to the servers, for names.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) servers: Servers,
    pub(super) acl: Acl,
}

impl Relay for Names {
    fn ask(
        &self,
        request: Vec<u8>,
        way: Way,
        from: Option<IpAddr>,
        settings: Settings,
    ) -> BoxFuture<'static, Option<Vec<u8>>> {
        let this = self.clone();
        async move {
            let answered = timeout(ANSWER_MAX, this.look_up(request, way, from, &settings)).await;
            answered.unwrap_or_else(|_| Err("no answer in time".to_owned())).map_or_else(
                |why| {
                    tracing::debug!(%why, "a name could not be looked up");
                    None
                },
                Some,
            )
        }
        .boxed()
    }
}

impl Names {
    async fn look_up(
        &self,
        asked: Vec<u8>,
        way: Way,
        from: Option<IpAddr>,
        settings: &Settings,
    ) -> Result<Vec<u8>, String> {
        let settings = serde_json::to_vec(settings).map_err(|error| error.to_string())?;
        let settings = HeaderValue::from_maybe_shared(settings).map_err(|error| error.to_string())?;
        let way = match way {
            Way::Udp => "udp",
            Way::Tcp => "tcp",
        };
        for _ in 0..TRIES {
            let connection = self.servers.connection().await.map_err(|lost: Lost| lost.to_string())?;
            let mut request = Request::post(format!("https://server{DNS}"))
                .header(TOKEN, self.acl.dns_token().reveal())
                .header(WAY, way)
                .header(SETTINGS, settings.clone());
            if let Some(from) = from {
                request = request.header(FROM, from.to_string());
            }
            let request = request.body(Body::from(asked.clone())).map_err(|error| error.to_string())?;
            let (head, body) = match connection.send(request).await {
                Ok(response) => response.into_parts(),
                Err(Unsent::NotSent(_) | Unsent::Midway(_)) => {
                    self.servers.leave(&connection);
                    continue;
                }
            };
            let body = Limited::new(body, RESPONSE_MAX).collect().await.map_err(|error| error.to_string())?.to_bytes();
            return match head.status {
                StatusCode::OK => Ok(body.to_vec()),
                status => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
            };
        }
        Err("servers are lost one after the other".to_owned())
    }
}
