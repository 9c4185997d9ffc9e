//! Clients over HTTP/1.1: one connection a process, nothing repeated, nothing followed.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::net::TcpStream;

use super::{Client, Failure, Reply, Request};

/// One process and its connection.
pub struct HttpClient {
    server: String,
    address: SocketAddr,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: tokio::task::JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl HttpClient {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(server: &str, address: SocketAddr) -> Self {
        Self { server: server.to_owned(), address, connection: None }
    }

    /// Asks once, on a connection of its own, for the harness itself; from within a network namespace if one is named.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn once(space: Option<&Path>, address: SocketAddr, request: Request) -> Result<Reply, Failure> {
        let mut client = Self::new("", address);
        if let Some(space) = space {
            let opened = tokio::time::timeout(request.timeout, connect_within(space.to_owned(), address)).await;
            let opened = opened.map_err(|_| Failure::NotSent("no connection in time".to_owned()))?;
            client.connection = Some(opened.map_err(|error| Failure::NotSent(error.to_string()))?);
        }
        client.exchange(request).await
    }

    async fn exchange(&mut self, request: Request) -> Result<Reply, Failure> {
        let timeout = request.timeout;
        let begin = tokio::time::Instant::now();
        if !self.ready(timeout).await {
            self.connection = None;
            // Until the connection stands, nothing of the request has left.
            let connected = tokio::time::timeout(timeout, connect(self.address)).await;
            let connection = connected.map_err(|_| Failure::NotSent("no connection in time".to_owned()))?;
            self.connection = Some(connection.map_err(|error| Failure::NotSent(error.to_string()))?);
        }
        let left = timeout.saturating_sub(begin.elapsed()).max(Duration::from_millis(1));
        match tokio::time::timeout(left, self.send(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(why)) => {
                self.connection = None;
                Err(Failure::Unknown(why))
            }
            Err(_) => {
                self.connection = None;
                Err(Failure::Unknown("no answer in time".to_owned()))
            }
        }
    }

    /// Whether the connection stands and has got over the answer before. One that is asked too early refuses to send.
    async fn ready(&mut self, patience: Duration) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        tokio::time::timeout(patience, connection.sender.ready()).await.is_ok_and(|ready| ready.is_ok())
    }

    async fn send(&mut self, request: Request) -> Result<Reply, String> {
        let connection = self.connection.as_mut().ok_or("no connection")?;
        let mut outgoing =
            http::Request::builder().method(request.method).uri(&request.path).header("host", self.address.to_string());
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        let outgoing = outgoing.body(Full::new(request.body)).map_err(|error| error.to_string())?;
        let answer = connection.sender.send_request(outgoing).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }
}

async fn connect(address: SocketAddr) -> Result<Connection, anyhow::Error> {
    talk(TcpStream::connect(address).await?).await
}

/// A socket belongs to the namespace of the thread that makes it, whoever uses it later.
async fn connect_within(space: PathBuf, address: SocketAddr) -> Result<Connection, anyhow::Error> {
    let (sent, made) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("door".to_owned()).spawn(move || {
        let open = || {
            let space = std::fs::File::open(space)?;
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))?;
            let stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
            stream.set_nonblocking(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        // Nobody waits for it any more: then it is closed.
        let _ = sent.send(open());
    })?;
    talk(TcpStream::from_std(made.await??)?).await
}

async fn talk(stream: TcpStream) -> Result<Connection, anyhow::Error> {
    let _ = stream.set_nodelay(true);
    let (sender, driver) = handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async move {
        let _ = driver.await;
    });
    Ok(Connection { sender, driver })
}

impl Client for HttpClient {
    fn server(&self) -> &str {
        &self.server
    }

    fn request(&mut self, request: Request) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.exchange(request))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn requests_follow_each_other_without_a_pause() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 1024];
            while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            }
        });
        let mut client = HttpClient::new("s1", address);
        for _ in 0..200 {
            let request = Request {
                method: Method::GET,
                path: "/".to_owned(),
                headers: Vec::new(),
                body: Bytes::new(),
                timeout: Duration::from_secs(20),
            };
            assert_eq!(client.request(request).await.unwrap().status, 200);
        }
    }
}
