//! Intentions read plainly: the most exact one decides; its permissions in order, the first that
//! fits; where none does, the default.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use weft_mesh::authz;

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) source: &'static str,
    pub(super) destination: &'static str,
    pub(super) verdict: Verdict,
}

#[derive(Debug)]
pub(super) enum Verdict {
    Allow,
    Deny,
    ByRequest(Vec<Permission>),
}

impl Rule {
    pub(super) fn concerns_same(&self, other: &Self) -> bool {
        (self.source, self.destination) == (other.source, other.destination)
    }
}

/// The rule that decides about calls of `source` to `api`.
pub(super) fn deciding<'a>(rules: &'a [Rule], source: &str) -> Option<&'a Rule> {
    let exact = |rule: &&Rule| (rule.destination == "api", rule.source == source);
    let matching = rules.iter().filter(|rule| rule.source == source || rule.source == "*");
    matching.max_by_key(exact)
}

/// What happens to a request; `default` where nothing says.
pub(super) fn decide(rules: &[Rule], default: bool, source: &str, request: &Request) -> bool {
    match deciding(rules, source).map(|rule| &rule.verdict) {
        None => default,
        Some(Verdict::Allow) => true,
        Some(Verdict::Deny) => false,
        Some(Verdict::ByRequest(permissions)) => {
            let fitting = permissions.iter().find(|permission| permission.fits(request));
            fitting.map_or(default, |permission| permission.allow)
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Request {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

const METHODS: [&str; 4] = ["GET", "PUT", "DELETE", "POST"];
const PATHS: [&str; 7] = ["/", "/a", "/a/b", "/ab", "/b", "/b/a", "/A"];
const VALUES: [&str; 5] = ["x", "xy", "yx", "axb", "y"];

impl Request {
    pub(super) fn draw(draw: &mut StdRng) -> Self {
        let header = |draw: &mut StdRng| (pick(draw, &["h", "k"]), pick(draw, &VALUES));
        Self {
            method: pick(draw, &METHODS),
            path: pick(draw, &PATHS),
            // At most one of each name: what several mean is a test of its own.
            headers: if draw.random_bool(0.7) { vec![header(draw)] } else { Vec::new() },
        }
    }

    /// As the compiled form is asked about it.
    pub(super) fn as_judged(&self) -> authz::Request {
        let headers = self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        authz::Request {
            method: self.method.to_owned(),
            path: self.path.to_owned(),
            authority: "api".to_owned(),
            headers: headers.collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let Self { method, path, .. } = self;
        format!("{method} {path} HTTP/1.1\r\nhost: api\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
    }
}

#[derive(Debug)]
pub(super) struct Permission {
    allow: bool,
    path: Option<(&'static str, &'static str)>,
    methods: Vec<&'static str>,
    headers: Vec<Header>,
}

#[derive(Debug)]
struct Header {
    name: &'static str,
    how: &'static str,
    value: &'static str,
    invert: bool,
}

impl Permission {
    pub(super) fn draw_some(draw: &mut StdRng) -> Vec<Self> {
        (0..draw.random_range(1..4)).map(|_| Self::draw(draw)).collect()
    }

    fn draw(draw: &mut StdRng) -> Self {
        let path = match draw.random_range(0..4) {
            0 => None,
            1 => Some(("PathExact", pick(draw, &PATHS))),
            2 => Some(("PathPrefix", pick(draw, &PATHS))),
            _ => Some(("PathRegex", pick(draw, &["/a.*", "/[ab]", "/.*/a", "/"]))),
        };
        let methods = (0..draw.random_range(0..3)).map(|at| METHODS[at]).collect();
        let headers: Vec<_> = (0..draw.random_range(0..2)).map(|_| Header::draw(draw)).collect();
        let drawn = Self { allow: draw.random(), path, methods, headers };
        // One that says nothing is refused at the write.
        if drawn.path.is_none() && drawn.methods.is_empty() && drawn.headers.is_empty() {
            return Self { path: Some(("PathPrefix", "/")), ..drawn };
        }
        drawn
    }

    fn fits(&self, request: &Request) -> bool {
        let path = self.path.is_none_or(|(how, value)| match how {
            "PathExact" => request.path == value,
            "PathPrefix" => request.path.starts_with(value),
            _ => regex_fits(value, request.path),
        });
        let method = self.methods.is_empty() || self.methods.contains(&request.method);
        path && method && self.headers.iter().all(|header| header.fits(request))
    }

    pub(super) fn to_json(&self) -> Value {
        let mut http = json!({});
        if let Some((how, value)) = self.path {
            http[how] = value.into();
        }
        if !self.methods.is_empty() {
            http["Methods"] = json!(self.methods);
        }
        if !self.headers.is_empty() {
            http["Header"] = self.headers.iter().map(Header::to_json).collect();
        }
        json!({ "Action": if self.allow { "allow" } else { "deny" }, "HTTP": http })
    }
}

impl Header {
    fn draw(draw: &mut StdRng) -> Self {
        let how = pick(draw, &["Present", "Exact", "Prefix", "Suffix", "Regex"]);
        let value = if how == "Regex" { pick(draw, &["x.*", "[xy]", ".*b"]) } else { pick(draw, &VALUES) };
        Self { name: pick(draw, &["h", "k"]), how, value, invert: draw.random_bool(0.3) }
    }

    fn fits(&self, request: &Request) -> bool {
        let found = request.headers.iter().find(|(name, _)| *name == self.name).map(|(_, value)| *value);
        let fits = found.is_some_and(|found| match self.how {
            "Present" => true,
            "Exact" => found == self.value,
            "Prefix" => found.starts_with(self.value),
            "Suffix" => found.ends_with(self.value),
            _ => regex_fits(self.value, found),
        });
        fits != self.invert
    }

    fn to_json(&self) -> Value {
        let mut header = json!({ "Name": self.name, "Invert": self.invert });
        header[self.how] = if self.how == "Present" { true.into() } else { self.value.into() };
        header
    }
}

fn pick(draw: &mut StdRng, from: &[&'static str]) -> &'static str {
    from.choose(draw).unwrap()
}

/// The few patterns drawn above, for the whole text.
fn regex_fits(pattern: &str, text: &str) -> bool {
    match pattern {
        "/a.*" => text.starts_with("/a"),
        "/[ab]" => text == "/a" || text == "/b",
        "/.*/a" => text.len() >= 3 && text.starts_with('/') && text.ends_with("/a"),
        "/" => text == "/",
        "x.*" => text.starts_with('x'),
        "[xy]" => text == "x" || text == "y",
        ".*b" => text.ends_with('b'),
        other => unreachable!("no such pattern: {other}"),
    }
}
