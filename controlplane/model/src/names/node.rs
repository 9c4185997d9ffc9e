//! Names of nodes are equal, and in order, by their lower case. They keep the spelling that they came with.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::NodeName;

impl PartialEq for NodeName {
    fn eq(&self, other: &Self) -> bool {
        *self == *other.as_str()
    }
}

impl Eq for NodeName {}

impl PartialOrd for NodeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NodeName {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.as_str(), other.as_str())
    }
}

impl Hash for NodeName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        lower(self.as_str()).for_each(|letter| letter.hash(state));
        // Nothing that follows may be taken for more of the name.
        state.write_u8(0xff);
    }
}

impl PartialEq<str> for NodeName {
    fn eq(&self, other: &str) -> bool {
        order(self.as_str(), other) == Ordering::Equal
    }
}

impl PartialEq<&str> for NodeName {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

fn lower(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The order of the lower cases. Tables are looked up by it, so letters that take a table of their own
/// are only reached when there are any.
fn order(one: &str, other: &str) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    for (a, b) in one.bytes().zip(other.bytes()) {
        if !a.is_ascii() || !b.is_ascii() {
            return lower(one).cmp(lower(other));
        }
        match a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()) {
            Ordering::Equal => {}
            differs @ (Ordering::Less | Ordering::Greater) => return differs,
        }
    }
    one.len().cmp(&other.len())
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;

    fn digest(name: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        NodeName::from(name).hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn names_are_one_in_any_case_and_ordered_by_their_lower_case() {
        // In order, those of one row equal; the Kelvin sign is a K.
        let rows: [&[&str]; 7] =
            [&[""], &["a", "A"], &["a-B", "A-b"], &["ab", "AB"], &["kb", "\u{212a}B"], &["z"], &["\u{e9}t", "\u{c9}T"]];
        let names = || rows.iter().enumerate().flat_map(|(row, names)| names.iter().map(move |name| (row, *name)));
        for (row, one) in names() {
            for (other_row, other) in names() {
                let name = NodeName::from(one);
                assert_eq!(name.cmp(&other.into()), row.cmp(&other_row), "{one} {other}");
                assert_eq!(name == *other, row == other_row, "{one} {other}");
                assert!(row != other_row || digest(one) == digest(other), "{one} {other}");
            }
        }
        assert_eq!(NodeName::from("Web").as_str(), "Web");
    }
}
