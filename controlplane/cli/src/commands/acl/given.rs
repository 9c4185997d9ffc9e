//! Texts that are given on the command line, in a file or on standard input; and ids by their names.

use std::io::Read as _;

use serde_json::Value;

use crate::client::{Client, segment};
use crate::failure::{Context, Failure, plain_io};

/// `@file`, `-` for standard input, or the text itself.
pub(super) fn text(given: &str) -> Result<String, Failure> {
    if given == "-" {
        let mut text = String::new();
        let outcome = std::io::stdin().read_to_string(&mut text);
        outcome.map_err(|error| Failure::new(format!("Failed to read stdin: {}", plain_io(&error))))?;
        return Ok(text);
    }
    match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Failure::new(format!("Failed to read file: {file}: {}", plain_io(&error)))),
        None => Ok(given.to_owned()),
    }
}

/// The id of a thing that is named by its id or by its name. A unique beginning of an id will do.
pub(super) async fn id(
    client: &Client,
    (noun, list): (&str, &str),
    given: (Option<&str>, Option<&str>),
) -> Result<String, Failure> {
    let (id, name) = given;
    let (field, wanted) = match (id, name) {
        (Some(id), _) if id.len() == 36 => return Ok(id.to_owned()),
        (Some(id), _) => ("ID", id),
        (None, Some(name)) => ("Name", name),
        (None, None) => return Err(Failure::new(format!("Must specify the {noun} by --id or --name"))),
    };
    let all = client.get(format!("/v1/acl/{list}")).fetch().await;
    let all = all.context(format!("Error determining {noun} ID"))?;
    let fits = |row: &&Value| {
        let value = row[field].as_str().or_else(|| row["AccessorID"].as_str().filter(|_| field == "ID"));
        value.is_some_and(|value| if field == "ID" { value.starts_with(wanted) } else { value == wanted })
    };
    let found: Vec<_> = all.as_array().into_iter().flatten().filter(fits).collect();
    match found.as_slice() {
        [one] => {
            let id = one["ID"].as_str().or_else(|| one["AccessorID"].as_str()).unwrap_or_default();
            Ok(id.to_owned())
        }
        [] => Err(Failure::new(format!(
            "Error determining {noun} ID: No such {noun} with {} {wanted}",
            field.to_lowercase()
        ))),
        _ => Err(Failure::new(format!("Error determining {noun} ID: {wanted} fits several"))),
    }
}

/// The path of one thing.
pub(super) fn path(noun: &str, id: &str) -> String {
    format!("/v1/acl/{noun}/{}", segment(id))
}
