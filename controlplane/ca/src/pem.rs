//! PEM text to DER and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{self, SectionKind};

pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
pub(crate) const REQUEST: &str = "CERTIFICATE REQUEST";

/// One block, 64 characters a line, with a newline at the end.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The blocks that a text holds, in order; kinds that nobody here reads are skipped.
pub(crate) fn decode_all(text: &str) -> Result<Vec<(SectionKind, Vec<u8>)>, String> {
    let mut input = text.as_bytes();
    let mut sections = Vec::new();
    loop {
        match pem::from_buf(&mut input) {
            Ok(Some(section)) => sections.push(section),
            Ok(None) => return Ok(sections),
            Err(_) => return Err("malformed PEM".into()),
        }
    }
}

/// The one block that a text must hold, of the given kind.
pub(crate) fn decode_one(text: &str, kind: SectionKind) -> Result<Vec<u8>, String> {
    let mut sections = decode_all(text)?;
    match (sections.len(), sections.pop()) {
        (1, Some((found, der))) if found == kind => Ok(der),
        (0, _) => Err("no PEM-encoded data found".into()),
        (1, _) => Err("a PEM block of another kind than expected".into()),
        (count, _) => Err(format!("{count} PEM blocks where one is expected")),
    }
}
