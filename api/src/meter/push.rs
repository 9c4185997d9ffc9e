//! Metrics sent to where others gather them: statsd and DogStatsD over UDP, statsite over TCP.
//!
//! ```text
//! requests, writes ─> Event ─> queue ─┐
//! gauges, every ten seconds ──────────┴─> lines ─> datagrams of each sink
//! ```
//!
//! Nobody waits for them: what does not fit into the queue, and what a sink does not take, is lost.

mod line;

use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::recorder::INTERVAL;
use super::shown::Labels;
use super::{Meter, Telemetry, gauges};
use crate::host::Host;
use line::{Kind, Line};

/// Events on their way.
const QUEUE: usize = 4096;
/// How long lines are gathered for one datagram.
const GATHER: Duration = Duration::from_millis(100);
/// What goes through most networks in one piece.
const DATAGRAM_MAX: usize = 1432;
const PATIENCE: Duration = Duration::from_secs(2);

/// Where metrics are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// `statsd_address`: HOST:PORT.
    Statsd(String),
    /// `statsite_address`.
    Statsite(String),
    /// `dogstatsd_addr`, and `dogstatsd_tags`, which all lines carry.
    Dog(String, Vec<String>),
}

/// Something that was counted or timed.
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) labels: Labels,
    /// `None`: it counts as one.
    pub(super) took: Option<Duration>,
}

pub(super) type Events = mpsc::Sender<Event>;

/// Sends what this agent counts and times, for as long as it is polled. Without sinks it ends at once.
pub async fn push(host: Host) {
    let telemetry = &host.agent.telemetry;
    if telemetry.sinks.is_empty() {
        return;
    }
    let (sender, mut events) = mpsc::channel(QUEUE);
    Meter::send_to(&host.meter, sender);
    let mut outlets = Vec::new();
    for sink in &telemetry.sinks {
        outlets.push(Outlet { sink: sink.clone(), socket: None, warned: false });
    }
    let mut gather = interval(GATHER);
    gather.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = interval(INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lines = Vec::new();
    loop {
        tokio::select! {
            event = events.recv(), if lines.len() < QUEUE => match event {
                Some(event) => lines.extend(of_event(telemetry, event)),
                None => return,
            },
            _ = look.tick() => lines.extend(gauges(&host).await.into_iter().filter_map(|gauge| {
                Line::new(telemetry, gauge.name, gauge.labels, Kind::Gauge(gauge.value))
            })),
            _ = gather.tick() => {
                // One that does not answer keeps no other one waiting.
                join_all(outlets.iter_mut().map(|outlet| outlet.send(&lines))).await;
                lines.clear();
            }
        }
    }
}

fn of_event(telemetry: &Telemetry, event: Event) -> Option<Line> {
    let kind = event.took.map_or(Kind::Count, Kind::Time);
    Line::new(telemetry, event.name, event.labels, kind)
}

/// A sink with its socket, once there is one.
struct Outlet {
    sink: Sink,
    socket: Option<Socket>,
    /// Whether the log says already that it cannot be reached.
    warned: bool,
}

enum Socket {
    Datagrams(UdpSocket),
    Stream(TcpStream),
}

impl Outlet {
    async fn send(&mut self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        let sent = timeout(PATIENCE, self.try_send(lines)).await;
        let fault = match sent {
            Ok(Ok(())) => {
                self.warned = false;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        self.socket = None;
        if !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(sink = ?self.sink, "metrics cannot be sent: {fault}");
        }
    }

    async fn try_send(&mut self, lines: &[Line]) -> std::io::Result<()> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.sink.connect().await?,
        };
        let socket = self.socket.insert(socket);
        let texts = lines.iter().map(|line| self.sink.text(line));
        match socket {
            // Nobody need be there: what a datagram before this one met is told now.
            Socket::Datagrams(socket) => {
                for datagram in datagrams(texts) {
                    socket.send(datagram.as_bytes()).await?;
                }
                Ok(())
            }
            Socket::Stream(stream) => stream.write_all(texts.collect::<String>().as_bytes()).await,
        }
    }
}

impl Sink {
    async fn connect(&self) -> std::io::Result<Socket> {
        match self {
            Self::Statsite(address) => TcpStream::connect(address).await.map(Socket::Stream),
            Self::Statsd(address) | Self::Dog(address, _) => {
                let to = tokio::net::lookup_host(address).await?.next();
                let to = to.ok_or_else(|| std::io::Error::other(format!("{address} has no address")))?;
                let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(to).await?;
                Ok(Socket::Datagrams(socket))
            }
        }
    }

    fn text(&self, line: &Line) -> String {
        match self {
            Self::Statsd(_) | Self::Statsite(_) => line.flat(),
            Self::Dog(_, tags) => line.tagged(tags),
        }
    }
}

/// As many lines together as fit.
fn datagrams(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut datagrams: Vec<String> = Vec::new();
    for line in lines {
        match datagrams.last_mut() {
            Some(last) if last.len() + line.len() <= DATAGRAM_MAX => last.push_str(&line),
            Some(_) | None => datagrams.push(line),
        }
    }
    datagrams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_whole_and_together() {
        let line = "a".repeat(700);
        let lengths: Vec<_> = datagrams((0..5).map(|_| line.clone())).iter().map(String::len).collect();
        assert_eq!(lengths, [1400, 1400, 700]);
        assert_eq!(datagrams(std::iter::empty()), Vec::<String>::new());
    }
}
