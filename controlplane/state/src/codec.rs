//! The bytes of a [`State`], as a raft snapshot holds them: a format version, then MessagePack with
//! field names, so that later versions can add fields.

use std::{fmt, io};

use weft_model::mutant::{self, Mutant};
use weft_model::names::sharing;

use crate::requests::Requests;
use crate::state::State;

const FORMAT: u8 = 1;

/// Why bytes are not a state.
#[derive(Debug)]
pub enum DecodeError {
    /// Written by a version that this one does not know.
    Format(u8),
    /// Damaged, or not a state at all.
    Damaged(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "state format {format} is not known to this version (it knows {FORMAT})"),
            Self::Damaged(reason) => write!(f, "the state cannot be read: {reason}"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl State {
    /// The state as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing plain data into memory fails for no value that a State can hold.
        self.encode_to(&mut bytes).expect("a state is plain data");
        bytes
    }

    /// Writes what [`State::encode`] gives, in small pieces.
    ///
    /// # Errors
    /// `out` fails.
    pub fn encode_to(&self, mut out: impl io::Write) -> io::Result<()> {
        let forgetful;
        let mut state = self;
        if mutant::active(Mutant::M11) {
            forgetful = Self { requests: Requests::default(), ..self.clone() };
            state = &forgetful;
        }
        out.write_all(&[FORMAT])?;
        rmp_serde::encode::write_named(&mut out, state).map_err(io::Error::other)
    }

    /// Reads what [`State::encode`] wrote.
    ///
    /// # Errors
    /// An unknown format, or bytes that do not decode.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (format, body) = bytes.split_first().ok_or_else(|| DecodeError::Damaged("it is empty".into()))?;
        if *format != FORMAT {
            return Err(DecodeError::Format(*format));
        }
        let read = sharing(|| rmp_serde::from_slice::<Self>(body));
        let mut state = read.map_err(|error| DecodeError::Damaged(error.to_string()))?;
        state.derive();
        Ok(state)
    }
}
