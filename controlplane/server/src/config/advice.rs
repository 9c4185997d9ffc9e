//! What is allowed and yet hardly meant: said once, at the start. Pure.

use super::Config;

/// The longest label of a DNS name.
const LABEL_MAX: usize = 63;

impl Config {
    /// Words for the log.
    #[must_use]
    pub fn advice(&self) -> Vec<String> {
        let ignored = self.dev && self.source.data_dir.is_some();
        let ignored = ignored.then(|| "--data-dir is not used: an agent with --dev keeps nothing".to_owned());
        let notes = self.notes.iter().cloned();
        ignored.into_iter().chain(notes).chain(undiscoverable(self.node.name.as_str())).collect()
    }
}

/// Consul's words for a name that DNS cannot carry.
fn undiscoverable(name: &str) -> Option<String> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Some(format!(
            "Node name {name:?} will not be discoverable via DNS due to invalid characters. Valid characters include \
             all alpha-numerics and dashes."
        ));
    }
    (name.len() > LABEL_MAX).then(|| {
        format!(
            "Node name {name:?} will not be discoverable via DNS due to it being too long. Valid lengths are between \
             1 and {LABEL_MAX} bytes."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_dns_cannot_carry_are_told() {
        for name in ["web-1", "WEB", &"a".repeat(LABEL_MAX)] {
            assert_eq!(undiscoverable(name), None);
        }
        for (name, words) in [("web_1", "invalid"), ("a b", "invalid"), ("é", "invalid"), (&"a".repeat(64), "too long")]
        {
            assert!(undiscoverable(name).is_some_and(|said| said.contains(words)), "{name}");
        }
    }
}
