//! What the sources say, key by key: to see at a reload what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// Every key that is set, with its value. Some values are secrets, so none is shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Written(BTreeMap<String, Vec<Value>>);

impl Written {
    /// Notes a value. Lists of several sources add up, of other values the last one holds.
    pub(super) fn note(&mut self, key: &str, value: &Value) {
        let values = self.0.entry(key.to_owned()).or_default();
        if !value.is_array() {
            values.clear();
        }
        values.push(value.clone());
    }

    /// The keys that say something else than in `other`.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        let keys = self.0.keys().chain(other.0.keys()).map(String::as_str);
        keys.filter(|key| self.0.get(*key) != other.0.get(*key)).collect()
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_added_removed_or_changed_differs() {
        let of = |pairs: &[(&str, Value)]| {
            let mut written = Written::default();
            pairs.iter().for_each(|(key, value)| written.note(key, value));
            written
        };
        let former = of(&[("a", json!(1)), ("b", json!(1)), ("c", json!(1)), ("l", json!([1])), ("l", json!([2]))]);
        let now = of(&[("a", json!(0)), ("a", json!(1)), ("b", json!(2)), ("d", json!(1)), ("l", json!([2]))]);
        assert_eq!(now.differing(&former), BTreeSet::from(["b", "c", "d", "l"]));
        assert!(!format!("{:?}", of(&[("encrypt", json!("secret"))])).contains("secret"));
    }
}
