//! The hash of a state: equal on all servers that have applied the same entries.

use std::io;

use sha2::{Digest, Sha256};
use weft_model::mutant::{self, Mutant};

use crate::requests::Requests;
use crate::state::State;

impl State {
    /// SHA-256 over the stored tables in their order.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let forgetful;
        let mut state = self;
        if mutant::active(Mutant::M11) {
            // The hash would show the missing table before a request that is applied twice does.
            forgetful = Self { requests: Requests::default(), ..self.clone() };
            state = &forgetful;
        }
        let mut sink = io::BufWriter::with_capacity(1 << 16, Hasher(Sha256::new()));
        // Hashing plain data fails for no value that a State can hold.
        rmp_serde::encode::write_named(&mut sink, state).expect("a state is plain data");
        let hasher = sink.into_inner().map_err(io::IntoInnerError::into_error).expect("hashing does no IO");
        hasher.0.finalize().into()
    }
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
