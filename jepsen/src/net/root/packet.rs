//! What the wire must know of an IPv4 packet: whence, whither, and how to refuse TCP.

use std::net::Ipv4Addr;

const TCP: u8 = 6;
const HEADER: usize = 20;
const RST: u8 = 0x04;
const RST_ACK: u8 = 0x14;
const ACK: u8 = 0x10;
const SYN_FIN: u8 = 0x03;

/// Source and destination; `None` for anything but IPv4.
pub(super) fn ends(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    (packet.first()? >> 4 == 4).then_some(())?;
    let ip = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    Some((ip(12)?, ip(16)?))
}

/// The reset that a TCP packet's sender would get from a host with nobody listening (RFC 9293, 3.10.7.1); none for a reset
/// itself or for what is no TCP.
pub(super) fn refusal(packet: &[u8]) -> Option<Vec<u8>> {
    let (source, destination) = ends(packet)?;
    let ip_header = usize::from(packet.first()? & 0x0f) * 4;
    let tcp = packet.get(ip_header..).filter(|_| packet.get(9) == Some(&TCP))?;
    let (flags, offset) = (*tcp.get(13)?, usize::from(tcp.get(12)? >> 4) * 4);
    if flags & RST != 0 {
        return None;
    }
    let word = |at: usize| Some(u32::from_be_bytes(tcp.get(at..at + 4)?.try_into().ok()?));
    let carried = u32::try_from(tcp.len().saturating_sub(offset)).ok()? + (flags & SYN_FIN).count_ones();
    let (sequence, acked, answer) =
        if flags & ACK != 0 { (word(8)?, 0, RST) } else { (0, word(4)?.wrapping_add(carried), RST_ACK) };

    let mut segment = vec![0; HEADER];
    segment[0..2].copy_from_slice(tcp.get(2..4)?);
    segment[2..4].copy_from_slice(tcp.get(0..2)?);
    segment[4..8].copy_from_slice(&sequence.to_be_bytes());
    segment[8..12].copy_from_slice(&acked.to_be_bytes());
    segment[12] = 5 << 4;
    segment[13] = answer;
    let mut pseudo = [destination.octets(), source.octets()].concat();
    pseudo.extend([0, TCP, 0, 20]);
    pseudo.extend(&segment);
    segment[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());

    let mut header = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, TCP, 0, 0];
    header.extend(destination.octets());
    header.extend(source.octets());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.extend(segment);
    Some(header)
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A SYN from 10.0.0.1:1000 to 10.0.0.2:80 with sequence number 7.
    fn syn() -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet.extend([0x03, 0xe8, 0, 80, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, 0x02, 0, 0, 0, 0, 0, 0]);
        packet
    }

    #[test]
    fn a_syn_is_refused_towards_its_sender() {
        let reset = refusal(&syn()).unwrap();
        let (source, destination) = ends(&reset).unwrap();
        assert_eq!((source.octets()[3], destination.octets()[3]), (2, 1));
        assert_eq!(&reset[20..24], [0, 80, 0x03, 0xe8]);
        assert_eq!(&reset[28..32], [0, 0, 0, 8]);
        assert_eq!(reset[33], RST_ACK);
        assert_eq!(checksum(&reset[..20]), 0);
        assert_eq!(refusal(&reset), None);
    }

    #[test]
    fn what_is_no_ipv4_has_no_ends() {
        assert_eq!(ends(&[0x60; 40]), None);
        assert_eq!(ends(&[]), None);
    }
}
