//! What commands print: lines, tables and JSON, on standard output.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::failure::{Context, Failure};

/// How a command that lists or reads prints what it got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Pretty,
    /// The API's own answer.
    Json,
}

/// The flag of such a command.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct FormatFlag {
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Prints a text and ends its last line.
///
/// A reader that has gone away, as `head` does, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let end: &[u8] = if text.is_empty() || text.ends_with('\n') { b"" } else { b"\n" };
    write(&[text.as_bytes(), end])
}

/// Prints bytes as they are, and a line end behind them.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    write(&[bytes, b"\n"])
}

fn write(pieces: &[&[u8]]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match pieces.iter().try_for_each(|piece| out.write_all(piece)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

/// Prints JSON as the API's `?pretty` does, four spaces deep.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&json_text(value, "    "))
}

/// JSON with one setting a line.
pub(crate) fn json_text(value: &Value, indent: &str) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(indent.as_bytes()));
    // A `Value` has text keys only and a `Vec` takes everything, so this does not fail.
    let written = value.serialize(&mut serializer).is_ok();
    if written { String::from_utf8_lossy(&text).into_owned() } else { value.to_string() }
}

/// Rows in columns as wide as their widest cell, two spaces between them.
pub(crate) fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    let columns = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.as_ref().get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &R| {
        let cells = row.as_ref().iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect::<Vec<_>>();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_and_have_no_trailing_space() {
        let rows = [["Node", "ID", "DC"], ["vm", "36f39295", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "Node  ID        DC\nvm    36f39295\n");
        assert_eq!(table::<[String; 0]>(&[]), "");
    }
}
