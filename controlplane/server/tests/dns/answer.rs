//! One question, and its answer in a form in which order and time do not count.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    pub(crate) code: String,
    /// `aa`, `tc`, `ra`, `edns`.
    pub(crate) flags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) answers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) authorities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) additionals: Vec<String>,
}

/// A question like `web.service.consul. SRV`, then how it is asked: `tcp`, or `edns=SIZE`.
pub(crate) async fn ask(at: SocketAddr, question: &str, by_count: bool) -> Said {
    let request = request(question);
    let answer = if question.ends_with(" tcp") { over_tcp(at, &request).await } else { over_udp(at, &request).await };
    said(&Message::from_vec(&answer).unwrap(), by_count)
}

pub(crate) fn request(question: &str) -> Vec<u8> {
    let mut words = question.split(' ');
    let name = Name::from_ascii(words.next().unwrap()).unwrap();
    let kind: RecordType = words.next().unwrap().parse().unwrap();
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, kind));
    if let Some(size) = words.next().and_then(|word| word.strip_prefix("edns=")) {
        let mut edns = Edns::new();
        edns.set_max_payload(size.parse().unwrap());
        message.set_edns(edns);
    }
    message.to_vec().unwrap()
}

async fn over_udp(at: SocketAddr, request: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((at.ip(), 0)).await.unwrap();
    socket.connect(at).await.unwrap();
    socket.send(request).await.unwrap();
    let mut answer = vec![0; 65536];
    let length = timeout(PATIENCE, socket.recv(&mut answer)).await.unwrap().unwrap();
    answer.truncate(length);
    answer
}

async fn over_tcp(at: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_u16(request.len().try_into().unwrap()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; usize::from(timeout(PATIENCE, stream.read_u16()).await.unwrap().unwrap())];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

fn said(message: &Message, by_count: bool) -> Said {
    let metadata = &message.metadata;
    let flags = [
        (metadata.authoritative, "aa"),
        (metadata.truncation, "tc"),
        (metadata.recursion_available, "ra"),
        (message.edns.is_some(), "edns"),
    ];
    let records = |records: &[Record]| if by_count { vec![records.len().to_string()] } else { lines(records) };
    Said {
        code: format!("{:?}", metadata.response_code),
        flags: flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()).collect(),
        answers: records(&message.answers),
        authorities: records(&message.authorities),
        additionals: records(&message.additionals),
    }
}

/// One line a record, each once, sorted.
fn lines(records: &[Record]) -> Vec<String> {
    let mut lines: Vec<String> = records.iter().map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn line(record: &Record) -> String {
    // The serial is the time.
    let data = if let RData::SOA(soa) = &record.data {
        format!("{} {} - {} {} {} {}", soa.mname, soa.rname, soa.refresh, soa.retry, soa.expire, soa.minimum)
    } else {
        record.data.to_string()
    };
    format!("{} {} {} {data}", record.name, record.ttl, record.record_type())
}
