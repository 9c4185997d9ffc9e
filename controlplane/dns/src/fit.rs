//! Making an answer fit the way it goes.

use hickory_proto::op::Message;

/// What DNS without EDNS carries in a datagram (RFC 1035, 2.3.4).
const PLAIN_MAX: usize = 512;

/// The largest message over TCP: its length has two bytes.
const TCP_MAX: usize = u16::MAX as usize;

/// Over which way an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
}

/// Cuts answers until the message fits, additional records first, and encodes it. `limit`: answers over
/// UDP without EDNS; `say`: mark a message that lost answers.
pub(crate) fn fit(mut message: Message, way: Way, payload: Option<u16>, limit: usize, say: bool) -> Option<Vec<u8>> {
    let before = message.answers.len();
    let max = match (way, payload) {
        (Way::Tcp, _) => TCP_MAX,
        (Way::Udp, Some(payload)) => usize::from(payload).max(PLAIN_MAX),
        (Way::Udp, None) => {
            message.answers.truncate(limit.max(1));
            PLAIN_MAX
        }
    };
    loop {
        message.metadata.truncation = say && message.answers.len() < before;
        let bytes = message.to_vec().ok()?;
        if bytes.len() <= max {
            return Some(bytes);
        }
        // Halving finds the place in a few steps; a few records less than possible do no harm.
        if !message.additionals.is_empty() {
            message.additionals.truncate(message.additionals.len() / 2);
        } else if !message.answers.is_empty() {
            message.answers.truncate(message.answers.len() / 2);
        } else {
            return None;
        }
    }
}
