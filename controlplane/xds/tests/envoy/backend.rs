//! An application that says what it was asked.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Starts it; returns its port.
pub(crate) async fn start() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(connection));
        }
    });
    port
}

/// Answers each request with its own head.
async fn serve(connection: TcpStream) -> Option<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if connection.read_until(b'\n', &mut head).await.ok()? == 0 {
                return None;
            }
        }
        let answer = format!("HTTP/1.1 200 OK\r\nserver: app\r\ncontent-length: {}\r\n\r\n", head.len());
        connection.write_all(answer.as_bytes()).await.ok()?;
        connection.write_all(&head).await.ok()?;
    }
}
