//! The little DER that no library hands out: reading and writing one element, and the envelope
//! (body, algorithm, signature) that certificates and signing requests share.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element: its tag, its content, and both as they stood in the input.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// Writes one element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match content.len() {
        short @ 0..=0x7f => out.push(short as u8),
        _ => {
            out.push(0x80 | significant.len() as u8);
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Writes a sequence of elements that are DER already.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// Reads one element with a definite, minimal length; the rest of the input comes second.
pub(crate) fn read(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = input.split_first()?;
    let (&first, after_first) = after_tag.split_first()?;
    let (length, body) = match first {
        0..=0x7f => (usize::from(first), after_first),
        0x81..=0x84 => {
            let (bytes, body) = after_first.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
            let minimal = length > 0x7f && bytes[0] != 0;
            minimal.then_some((length, body))?
        }
        _ => return None,
    };
    let (content, rest) = body.split_at_checked(length)?;
    let raw = &input[..input.len() - rest.len()];
    Some((Element { tag, content, raw }, rest))
}

/// Reads the elements of a content, all of it.
pub(crate) fn read_all(mut content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    while !content.is_empty() {
        let (next, rest) = read(content)?;
        elements.push(next);
        content = rest;
    }
    Some(elements)
}

/// Reads an element of the given tag that fills the whole input.
pub(crate) fn read_exact(input: &[u8], tag: u8) -> Option<Element<'_>> {
    let (element, rest) = read(input)?;
    (element.tag == tag && rest.is_empty()).then_some(element)
}

/// `SEQUENCE { body, algorithm, signature }`.
pub(crate) struct Envelope<'a> {
    /// What is signed, as an element.
    pub(crate) body: Element<'a>,
    /// The signature's AlgorithmIdentifier.
    pub(crate) algorithm: Element<'a>,
    pub(crate) signature: &'a [u8],
}

impl<'a> Envelope<'a> {
    pub(crate) fn read(input: &'a [u8]) -> Option<Self> {
        let parts = read_all(read_exact(input, SEQUENCE)?.content)?;
        let [body, algorithm, signature] = parts.as_slice() else { return None };
        if (body.tag, algorithm.tag, signature.tag) != (SEQUENCE, SEQUENCE, BIT_STRING) {
            return None;
        }
        let signature = signature.content.strip_prefix(&[0])?;
        Some(Self { body: *body, algorithm: *algorithm, signature })
    }
}

/// The two halves of a SubjectPublicKeyInfo: the algorithm's content and the key's bits.
pub(crate) fn read_public_key(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let parts = read_all(read_exact(spki, SEQUENCE)?.content)?;
    let [algorithm, key] = parts.as_slice() else { return None };
    let bits = key.content.strip_prefix(&[0])?;
    ((algorithm.tag, key.tag) == (SEQUENCE, BIT_STRING)).then_some((algorithm.content, bits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn elements_of_every_length_round_trip() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7u8; length];
            let written = element(OCTET_STRING, &content);
            assert_eq!(read_exact(&written, OCTET_STRING).unwrap().content, content);
        }
    }

    #[test]
    fn odd_lengths_are_refused() {
        for input in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x81, 0x01, 0x00],
            &[0x30, 0x02, 0x00],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
        ] {
            assert!(read(input).is_none(), "{input:?}");
        }
    }
}
