//! Texts with `${…}` in them, as templates of prepared queries have them.

/// A text in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Value),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    NameFull,
    NamePrefix,
    NameSuffix,
    AgentSegment,
    Match(usize),
    Text(String),
}

/// What the values are for one name.
pub(super) struct Scope<'a> {
    pub(super) full: &'a str,
    pub(super) prefix: &'a str,
    pub(super) segment: &'a str,
    /// The whole match, then its groups.
    pub(super) matches: Vec<&'a str>,
}

/// Why a text has no parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FormatError {
    Syntax,
    /// What is inside `${…}` at this place means nothing.
    Meaning(String),
}

impl Format {
    /// Reads a text. `$${` stands for `${` itself.
    pub(super) fn parse(text: &str) -> Result<Self, FormatError> {
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                rest = &from[2..];
                continue;
            }
            literal.push_str(before);
            let end = from.find('}').ok_or(FormatError::Syntax)?;
            parts.push(Part::Text(std::mem::take(&mut literal)));
            let column = text.len() - rest.len() + at + 3;
            parts.push(Part::Value(Value::parse(from[2..end].trim(), column)?));
            rest = &from[end + 1..];
        }
        literal.push_str(rest);
        parts.push(Part::Text(literal));
        Ok(Self(parts))
    }

    /// The text for one name.
    pub(super) fn render(&self, scope: &Scope<'_>) -> String {
        self.0.iter().map(|part| part.text(scope)).collect()
    }
}

impl Part {
    fn text<'a>(&'a self, scope: &'a Scope<'_>) -> &'a str {
        match self {
            Self::Text(text) | Self::Value(Value::Text(text)) => text,
            Self::Value(Value::NameFull) => scope.full,
            Self::Value(Value::NamePrefix) => scope.prefix,
            // As it was asked for: in another case of letters it does not begin with the prefix.
            Self::Value(Value::NameSuffix) => scope.full.strip_prefix(scope.prefix).unwrap_or(scope.full),
            Self::Value(Value::AgentSegment) => scope.segment,
            Self::Value(Value::Match(group)) => scope.matches.get(*group).copied().unwrap_or_default(),
        }
    }
}

impl Value {
    fn parse(text: &str, column: usize) -> Result<Self, FormatError> {
        match text {
            "name.full" => return Ok(Self::NameFull),
            "name.prefix" => return Ok(Self::NamePrefix),
            "name.suffix" => return Ok(Self::NameSuffix),
            "agent.segment" => return Ok(Self::AgentSegment),
            _ => {}
        }
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(quoted) = quoted.filter(|inner| !inner.contains(['"', '\\'])) {
            return Ok(Self::Text(quoted.to_owned()));
        }
        let called = text.split_once('(').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix(')')?)));
        match called {
            Some(("match", group)) => {
                let group = group.trim().parse();
                group.map(Self::Match).map_err(|_| at(column, "match: its argument is the number of a group"))
            }
            Some((name, _)) => Err(at(column, &format!("unknown function called: {name}"))),
            None if is_name(text) => Err(at(column, &format!("unknown variable accessed: {text}"))),
            None => Err(FormatError::Syntax),
        }
    }
}

fn at(column: usize, what: &str) -> FormatError {
    FormatError::Meaning(format!("1:{column}: {what}"))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
