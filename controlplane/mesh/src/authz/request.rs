//! A request as it is judged: after normalisation, as it will be forwarded.

/// The parts of a request that permissions look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With its query, if any.
    pub path: String,
    /// The value of `Host` or `:authority`.
    pub authority: String,
    /// One entry a header line; names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Request {
    /// The path without its query and fragment.
    #[must_use]
    pub fn bare_path(&self) -> &str {
        self.path.split(['?', '#']).next().unwrap_or_default()
    }

    /// The lines of a header. `name` is as [`header_name`] gives it.
    pub(super) fn lines<'a>(&'a self, name: &'a str) -> Vec<&'a [u8]> {
        match name {
            ":method" => vec![self.method.as_bytes()],
            ":path" => vec![self.path.as_bytes()],
            ":authority" => vec![self.authority.as_bytes()],
            name => self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_slice()).collect(),
        }
    }
}

/// The name under which proxies know a header: lower case, and `host` is a pseudo header.
pub(super) fn header_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name == "host" { ":authority".to_owned() } else { name }
}
