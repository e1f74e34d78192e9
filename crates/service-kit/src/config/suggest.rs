//! Which known key was probably meant.

/// The known key nearest to `wrong` by edit distance, if it is near enough to be a slip.
pub(super) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let reach = (wrong.chars().count() / 3).clamp(1, 4);
    let near = known.into_iter().map(|key| (distance(wrong, key), key)).filter(|(distance, _)| *distance <= reach);
    near.min().map(|(_, key)| key)
}

/// Insertions, deletions and replacements between two words (Levenshtein), one row of the table at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (n_left, left_char) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = n_left + 1;
        for (n_right, right_char) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left_char != *right_char);
            diagonal = row[n_right + 1];
            row[n_right + 1] = replaced.min(diagonal + 1).min(row[n_right] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letter_changes() {
        for (left, right, expected) in
            [("", "abc", 3), ("listen", "listen", 0), ("lisen", "listen", 1), ("ab", "ba", 2)]
        {
            assert_eq!((distance(left, right), distance(right, left)), (expected, expected), "{left} {right}");
        }
    }

    #[test]
    fn the_nearest_key_is_named_and_a_far_one_is_not() {
        let known = ["ingress.listen", "ingress.body_limit", "admin.listen"];
        assert_eq!(nearest("ingres.lisen", known), Some("ingress.listen"));
        assert_eq!(nearest("unrelated.thing", known), None);
    }
}
