//! Reading a refusal: which resources does it name?
//!
//! Envoy writes `Error adding/updating cluster(s) NAME: reason`. The protocol has no field for it, so
//! we look for the names we sent.

use std::collections::HashSet;

use crate::set::Name;

/// How much of a refusal is kept, for logs and the ledger.
pub(super) const KEPT_BYTES: usize = 4 << 10;
pub(super) const KEPT_NAMES: usize = 50;

/// Refusals can quote whole configurations; names come early.
const READ_BYTES: usize = 8 << 10;

/// Those of the names that the message names. A name inside a longer one that is named too does not
/// count (`api` in `api:127.0.0.1:80`).
pub(super) fn culprits<'a>(message: &str, names: impl Iterator<Item = &'a Name>) -> HashSet<Name> {
    let end = message.floor_char_boundary(READ_BYTES);
    let message = &message[..end];
    let mut found: Vec<(usize, &Name)> = names
        .filter(|name| !name.is_empty())
        .flat_map(|name| places(message, name).map(move |place| (place, name)))
        .collect();
    found.sort_by_key(|(place, name)| (*place, usize::MAX - name.len()));
    let mut culprits = HashSet::new();
    let mut covered = 0;
    for (place, name) in found {
        if place >= covered {
            covered = place + name.len();
            culprits.insert(name.clone());
        }
    }
    culprits
}

fn places<'a>(message: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    message.match_indices(name).filter_map(|(place, _)| {
        let before = message[..place].chars().next_back();
        let after = message[place + name.len()..].chars().next();
        (!in_word(before) && !in_word(after) && after != Some('(')).then_some(place)
    })
}

fn in_word(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(message: &str, names: &[&str]) -> Vec<String> {
        let names: Vec<Name> = names.iter().map(|name| Name::from(*name)).collect();
        let mut found: Vec<_> = culprits(message, names.iter()).iter().map(|name| name.to_string()).collect();
        found.sort();
        found
    }

    #[test]
    fn finds_the_names_envoy_writes() {
        let message = "Error adding/updating listener(s) api:127.0.0.1:80: bad port\nweb: bad too";
        assert_eq!(named(message, &["api:127.0.0.1:80", "web", "db"]), ["api:127.0.0.1:80", "web"]);
    }

    #[test]
    fn a_name_inside_a_longer_one_is_not_named() {
        let message = "Error adding/updating listener(s) api:127.0.0.1:80: bad port";
        assert_eq!(named(message, &["api", "api:127.0.0.1:80", "listener", "dating"]), ["api:127.0.0.1:80"]);
        assert!(named("my-api refused", &["api"]).is_empty());
    }

    #[test]
    fn a_reason_without_names_names_nobody() {
        assert!(named("constraint failed", &["a", "b"]).is_empty());
    }
}
