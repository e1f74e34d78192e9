//! Many rows in one statement: each statement is a journey to the database, and each text of one is prepared and kept.

use sqlx::AssertSqlSafe;

/// How many rows go into one statement. Few sizes, so that few texts are prepared; the largest is far below the 32,766
/// values that SQLite takes.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// The rows in groups of the sizes that statements are prepared for, in their order.
pub(crate) fn together<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

/// A statement with the values `($1, …), (…), …` between two parts of it: `n_rows` rows of `n_columns`.
pub(crate) fn statement(
    before: &'static str,
    n_columns: usize,
    n_rows: usize,
    after: &'static str,
) -> AssertSqlSafe<String> {
    let row = |row: usize| {
        let values: Vec<_> = (1..=n_columns).map(|column| format!("${}", row * n_columns + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<_> = (0..n_rows).map(row).collect();
    // Safe, since nothing goes in but numbers.
    AssertSqlSafe(format!("{before}{}{after}", rows.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_together_in_few_sizes_and_in_order() {
        let rows: Vec<_> = (0..300).collect();
        let groups: Vec<_> = together(&rows).collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [256, 32, 4, 4, 4]);
        assert_eq!(groups.concat(), rows);
        assert_eq!(together::<u8>(&[]).count(), 0);
    }

    #[test]
    fn values_are_numbered_row_by_row() {
        assert_eq!(statement("VALUES ", 2, 3, ";").0, "VALUES ($1, $2), ($3, $4), ($5, $6);");
    }
}
