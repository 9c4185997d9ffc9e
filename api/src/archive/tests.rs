//! Archives come back as they were, and no damaged one comes back at all.
#![allow(clippy::unwrap_used)]

use std::io::Read as _;

use super::*;

const MAX: u64 = 1 << 30;

fn meta() -> Meta {
    Meta { version: Meta::VERSION, id: "2-42-1700000000000".into(), index: 42, term: 2, ..Meta::default() }
}

fn packed(state: &[u8], key: Option<&SealKey>) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack(&mut bytes, meta(), state, key).unwrap();
    bytes
}

fn unpacked(bytes: &[u8], key: Option<&SealKey>) -> Result<(Meta, Vec<u8>), String> {
    let mut stored = Vec::new();
    let archive = unpack(bytes, &mut stored, MAX).map_err(|damage| damage.to_string())?;
    if !archive.meta.sealed {
        return Ok((archive.meta, stored));
    }
    let mut state = Vec::new();
    open(stored.as_slice(), &mut state, key, &archive.meta_bytes).map_err(|damage| damage.to_string())?;
    Ok((archive.meta, state))
}

fn key(secret: &[u8]) -> SealKey {
    SealKey::of_join_secret(secret).unwrap()
}

/// Bytes that do not compress to nothing.
fn state(length: usize) -> Vec<u8> {
    let mut seed = 7u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn what_was_packed_comes_back() {
    let key = key(b"secret");
    for length in [0, 1, 511, 512, 65_535, 65_536, 65_537, 131_072, 300_000] {
        let state = state(length);
        for key in [None, Some(&key)] {
            let (meta, found) = unpacked(&packed(&state, key), key).unwrap();
            assert!(found == state, "{length} bytes");
            assert_eq!((meta.index, meta.sealed), (42, key.is_some()));
        }
    }
}

#[test]
fn other_programs_can_read_it() {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(packed(b"state", None).as_slice()).read_to_end(&mut tar).unwrap();
    assert_eq!(tar.len() % 512, 0);
    assert_eq!(&tar[257..263], b"ustar\0");
    assert!(tar.windows(11).any(|window| window == b"  state.bin"));
}

#[test]
fn a_sealed_state_shows_nothing_and_opens_with_its_secret_alone() {
    let text = b"a private key, many times over ".repeat(100);
    let sealed = packed(&text, Some(&key(b"secret")));
    let mut stored = Vec::new();
    unpack(sealed.as_slice(), &mut stored, MAX).unwrap();
    assert!(!stored.windows(7).any(|window| window == b"private"));
    assert!(unpacked(&sealed, None).unwrap_err().contains("has no join secret"));
    assert!(unpacked(&sealed, Some(&key(b"other"))).unwrap_err().contains("another join secret"));
    assert_ne!(packed(&text, Some(&key(b"secret"))), sealed, "a key of its own");
}

#[test]
fn no_changed_byte_and_no_cut_goes_unseen() {
    let key = key(b"secret");
    for key in [None, Some(&key)] {
        let good = packed(&state(3000), key);
        let whole = unpacked(&good, key).unwrap();
        // The gzip head says when and on what system; it is not part of what is kept.
        for at in (10..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            // Some bits of the compressed form say nothing.
            assert!(unpacked(&bad, key).is_ok_and(|found| found == whole) || unpacked(&bad, key).is_err(), "byte {at}");
        }
        for length in (0..good.len()).step_by(11) {
            assert!(unpacked(&good[..length], key).is_err(), "cut at {length}");
        }
        let longer = [good.as_slice(), b"x"].concat();
        assert!(unpacked(&longer, key).is_err());
    }
}

#[test]
fn frames_cannot_be_cut_or_exchanged() {
    let key = key(b"secret");
    let mut stored = Vec::new();
    let archive = unpack(packed(&state(200_000), Some(&key)).as_slice(), &mut stored, MAX).unwrap();
    let opened = |stored: &[u8], meta: &[u8]| open(stored, &mut Vec::new(), Some(&key), meta);
    assert!(opened(&stored, &archive.meta_bytes).is_ok());
    let frame = 65_536 + 16;
    assert!(opened(&stored[..40 + 2 * frame], &archive.meta_bytes).is_err(), "the last frames are missing");
    let mut exchanged = stored.clone();
    exchanged[40..40 + 2 * frame].rotate_left(frame);
    assert!(opened(&exchanged, &archive.meta_bytes).is_err());
    assert!(opened(&stored, b"another meta").is_err());
}

#[test]
fn what_is_no_archive_is_told_in_consuls_words() {
    for (bytes, text) in [
        (&b""[..], "failed to decompress snapshot: EOF"),
        (b"garbage", "failed to decompress snapshot: unexpected EOF"),
        (b"root:x:0:0:root", "failed to decompress snapshot: gzip: invalid header"),
    ] {
        assert_eq!(unpacked(bytes, None).unwrap_err(), text);
    }
}

#[test]
fn a_state_beyond_the_limit_is_not_read() {
    let bytes = packed(&[0; 5000], None);
    let refused = unpack(bytes.as_slice(), &mut std::io::sink(), 4999).map(drop).unwrap_err();
    assert!(refused.to_string().contains("4999 are the most"), "{refused}");
}

/// Takes so many bytes, then nothing more: a client that went away.
struct Gone(usize);

impl std::io::Write for Gone {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(std::io::ErrorKind::BrokenPipe.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_is_an_error_however_often_it_is_written_to() {
    use std::io::Write as _;

    let key = key(b"secret");
    for taken in [100, 70_000, 140_000] {
        let mut sealer = super::seal::Sealer::new(Gone(taken), &key, b"meta").unwrap();
        // As buffers do that write once more when they are dropped.
        let written: Vec<bool> = (0..8).map(|_| sealer.write_all(&state(50_000)).is_ok()).collect();
        assert!(written.contains(&false), "{taken}");
        assert!(sealer.finish().is_err(), "{taken}");
    }
}
