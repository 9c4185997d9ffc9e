//! How a command ends that could not do what it was asked for.

use std::fmt;

/// What a command that ran to its end exits with.
pub(crate) const DONE: u8 = 0;
/// What a command exits with that failed, or whose answer is no.
pub(crate) const FAILED: u8 = 1;
/// What `intention check` exits with when there is no answer.
pub(crate) const NO_ANSWER: u8 = 2;
/// What we exit with when there is no such command, as Consul does.
pub(crate) const NO_COMMAND: u8 = 127;

/// The exit code of a command, or why it has failed.
pub(crate) type Outcome = Result<u8, Failure>;

/// A text for people, and the exit code that goes with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: u8,
}

impl Failure {
    /// A failure like most: exit code 1.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: FAILED }
    }

    /// The same failure with another exit code.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }
}

/// Says what was being done when something failed.
pub(crate) trait Context<T> {
    /// `<doing>: <why>`.
    fn context(self, doing: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|why| Failure::new(format!("{doing}: {why}")))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An IO error without the `(os error 2)` that Rust puts behind it.
pub(crate) fn plain_io(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().map(str::to_lowercase).unwrap_or(text)
}
