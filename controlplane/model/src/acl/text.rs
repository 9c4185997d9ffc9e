//! Rules written out in the rule language.

use std::fmt;

use super::disposition::Disposition;
use super::rules::{Rule, Rules};

impl fmt::Display for Rules {
    /// HCL that reads back as the same rules.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (resource, policy) in &self.plain {
            writeln!(f, "{} = {:?}", resource.as_str(), policy.as_str())?;
        }
        for ((resource, label), rule) in &self.exact {
            write_rule(f, resource.as_str(), label, rule)?;
        }
        for ((resource, label), rule) in &self.prefix {
            write_rule(f, &format!("{}_prefix", resource.as_str()), label, rule)?;
        }
        Ok(())
    }
}

fn write_rule(f: &mut fmt::Formatter<'_>, resource: &str, label: &str, rule: &Rule) -> fmt::Result {
    writeln!(f, "{resource} {label:?} {{\n  policy = {:?}", rule.policy.as_str())?;
    if let Some(intentions) = rule.intentions {
        writeln!(f, "  intentions = {:?}", intentions.as_str())?;
    }
    writeln!(f, "}}")
}

impl Disposition {
    /// Its name in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Write => "write",
            Self::Deny => "deny",
        }
    }
}
