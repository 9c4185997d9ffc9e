//! What is allowed and yet hardly meant: said once, at the start.

/// Words about how many servers are to found a cluster.
pub(super) fn on_expect(expect: u32, has_addresses: bool) -> Option<String> {
    match expect {
        0 if has_addresses => None,
        0 => Some(
            "this server founds no cluster and has nobody to join: it waits for `weft join`, or for a start with \
             --retry-join"
                .to_owned(),
        ),
        2 => Some("bootstrap_expect = 2: two servers survive the loss of none; three survive one".to_owned()),
        even if even % 2 == 0 => Some(format!(
            "bootstrap_expect = {even}: {even} servers survive no more losses than {}; use {}",
            even - 1,
            even + 1
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_need_no_words() {
        for expect in [1, 3, 5, 7, 9] {
            assert_eq!(on_expect(expect, true), None);
        }
        for (expect, words) in
            [(0, "has nobody to join"), (2, "survive the loss of none"), (4, "no more losses than 3; use 5")]
        {
            assert!(on_expect(expect, false).is_some_and(|said| said.contains(words)), "{expect}");
        }
        assert_eq!(on_expect(0, true), None);
    }
}
