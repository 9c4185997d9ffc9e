//! Texts that are nearly filters.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

const WORDS: &[&str] = &[
    "(",
    ")",
    "and",
    "or",
    "not",
    "==",
    "!=",
    "in",
    "not in",
    "is",
    "is not",
    "is empty",
    "is not empty",
    "contains",
    "not contains",
    "matches",
    "not matches",
    "Node",
    "Service",
    "Service.Tags",
    "ServiceTags",
    "Tags",
    "Meta",
    "Meta.a",
    "Meta[\"a b\"]",
    "Node.Meta[`x`]",
    "Port",
    "Service.Port",
    "Checks",
    "Checks.Status",
    "Proxy.Upstreams",
    "TaggedAddresses.lan.Port",
    "ID",
    "\"consul\"",
    "`consul`",
    "consul",
    "80",
    "-1",
    "1.5",
    "\"[\"",
    "\"(a+)+$\"",
    "\"",
    "`",
    ".",
    "[",
    "]",
    "é",
    "\u{0}",
    "empty",
];

/// A text of a few words, most of them where they may stand.
pub(crate) fn draw(dice: &mut StdRng) -> String {
    let count = match dice.random_range(0..20) {
        0 => 2_000,
        _ => dice.random_range(1..12),
    };
    let gap = *[" ", " ", "", "\t"].choose(dice).unwrap();
    let words: Vec<_> = (0..count).map(|_| word(dice)).collect();
    words.join(gap)
}

fn word(dice: &mut StdRng) -> String {
    match dice.random_range(0..3) {
        0 => {
            let selector = WORDS[dice.random_range(17..31)];
            let operator = WORDS[dice.random_range(5..17)];
            let value = WORDS[dice.random_range(31..38)];
            match dice.random_bool(0.7) {
                true => format!("{selector} {operator} {value}"),
                false => format!("{value} {operator} {selector}"),
            }
        }
        _ => (*WORDS.choose(dice).unwrap()).to_owned(),
    }
}
