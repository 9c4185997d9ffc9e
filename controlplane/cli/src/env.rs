//! The environment, read once at the start: `WEFT_<NAME>`, and Consul's `CONSUL_<NAME>` where ours is not set.

use std::collections::BTreeMap;

use crate::failure::Failure;

/// The variables that concern us.
#[derive(Clone, Default)]
pub(crate) struct Env(BTreeMap<String, String>);

impl Env {
    /// The variables of this process.
    pub(crate) fn read() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// The value of `WEFT_<name>` or `CONSUL_<name>`; an empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        ["WEFT", "CONSUL"].iter().find_map(|prefix| self.plain(&format!("{prefix}_{name}")))
    }

    /// A variable that is on or off, as Go reads it.
    ///
    /// # Errors
    /// It is neither.
    pub(crate) fn switch(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.get(name)
            .map(|value| match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                _ => Err(Failure::new(format!("{name} in the environment is {value:?}: write true or false"))),
            })
            .transpose()
    }

    /// The value of a variable under its full name.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_wins_over_consuls_unless_it_is_empty() {
        let env = Env::from([
            ("WEFT_HTTP_ADDR", "a"),
            ("CONSUL_HTTP_ADDR", "b"),
            ("WEFT_GRPC_ADDR", ""),
            ("CONSUL_GRPC_ADDR", "c"),
        ]);
        assert_eq!(env.get("HTTP_ADDR"), Some("a"));
        assert_eq!(env.get("GRPC_ADDR"), Some("c"));
        assert_eq!(env.get("HTTP_TOKEN"), None);
    }
}
