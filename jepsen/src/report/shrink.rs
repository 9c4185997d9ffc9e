//! Delta debugging: the smallest part of a history that still fails.

/// Leaves out pieces, large ones first, as long as the rest still `fails`.
pub fn shrink<T: Clone>(items: &[T], fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut kept = items.to_vec();
    let mut piece = kept.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        let mut left_out = false;
        while at < kept.len() {
            let end = (at + piece).min(kept.len());
            let rest: Vec<T> = kept[..at].iter().chain(&kept[end..]).cloned().collect();
            if fails(&rest) {
                kept = rest;
                left_out = true;
            } else {
                at = end;
            }
        }
        piece = match (piece, left_out) {
            (1, true) => 1,
            (1, false) => 0,
            (piece, _) => piece / 2,
        };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_it_takes() {
        let items: Vec<u32> = (0..100).collect();
        let fails = |part: &[u32]| part.contains(&13) && part.contains(&77);
        assert_eq!(shrink(&items, fails), [13, 77]);
    }
}
