//! Flags of the form `key=value`.

/// Reads `key=value`.
///
/// # Errors
/// There is no `=`.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} has no \"=\": write key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}
