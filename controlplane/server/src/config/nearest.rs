//! "Did you mean …": the known name that is closest to what was written.

/// The closest of `known`, unless all are far off.
pub(super) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let farthest = (written.len() / 3).max(2);
    known.map(|name| (distance(written, name), name)).min().filter(|(far, _)| *far <= farthest).map(|(_, name)| name)
}

/// How many letters have to be added, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_key_and_nonsense_finds_none() {
        let known = || ["node_name", "data_dir", "datacenter"].into_iter();
        assert_eq!(nearest("nodename", known()), Some("node_name"));
        assert_eq!(nearest("datadir", known()), Some("data_dir"));
        assert_eq!(nearest("zzzzzzzz", known()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
