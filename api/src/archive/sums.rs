//! `SHA256SUMS`: a line for each of the other members, as `sha256sum` writes it.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::{Damage, META, STATE};

/// The sums of an archive's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) meta: [u8; 32],
    pub(super) state: [u8; 32],
}

impl Sums {
    /// The file.
    pub(super) fn text(&self) -> String {
        format!("{}  {META}\n{}  {STATE}\n", hex(&self.meta), hex(&self.state))
    }

    /// Compares the file with what was read.
    pub(super) fn check(&self, text: &str) -> Result<(), Damage> {
        for (name, sum) in [(META, &self.meta), (STATE, &self.state)] {
            let listed = text.lines().filter_map(|line| line.split_once("  ")).find(|(_, listed)| *listed == name);
            match listed {
                Some((listed, _)) if listed == hex(sum) => {}
                Some(_) => return Err(Damage::Sum(format!("hash check failed for {name:?}"))),
                None => return Err(Damage::Sum(format!("list missing hash for {name:?}"))),
            }
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sum of bytes in memory.
pub(super) fn of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Sums and counts what passes.
pub(super) struct Summing<T> {
    inner: T,
    sum: Sha256,
    pub(super) count: u64,
}

impl<T> Summing<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, sum: Sha256::new(), count: 0 }
    }

    /// The sum of all that passed.
    pub(super) fn finish(self) -> [u8; 32] {
        self.sum.finalize().into()
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        self.count += bytes.len() as u64;
    }
}

impl<T: Write> Write for Summing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.passed(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Summing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed(&buffer[..read]);
        Ok(read)
    }
}
