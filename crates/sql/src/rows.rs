//! Many rows in one statement: each statement is a journey to the database, and each text of one is prepared and kept.

use crate::dialect::On;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// How many rows go into one statement. Few sizes, so that few texts are prepared, and none of them large: SQLite keeps about
/// 100 bytes for each value of a prepared statement, on every connection.
const SIZES: [usize; 3] = [64, 8, 1];

/// The rows in groups of the sizes that statements are prepared for, in their order.
pub(crate) fn together<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

/// A statement with the values `($1, …), (…), …` between two parts of it, which have none: `n_rows` rows of `n_columns`. Each
/// is made once.
pub(crate) fn statement<S, P>(
    on: &On<S, P>,
    before: &'static str,
    n_columns: usize,
    n_rows: usize,
    after: &'static str,
) -> AssertSqlSafe<Arc<str>> {
    static MADE: LazyLock<Mutex<HashMap<Key, Arc<str>>>> = LazyLock::new(Mutex::default);
    let is_sqlite = matches!(on, On::Sqlite(_));
    let make = || format!("{before}{}{after}", values(n_columns, n_rows, is_sqlite)).into();
    let mut made = MADE.lock().expect("nothing panics while it holds the lock");
    // Safe, since nothing goes in but numbers.
    AssertSqlSafe(Arc::clone(made.entry((is_sqlite, n_rows, before, after)).or_insert_with(make)))
}

/// What a statement is made of.
type Key = (bool, usize, &'static str, &'static str);

/// Rows of values. SQLite is told no names: it would look for each of them among all.
fn values(n_columns: usize, n_rows: usize, is_sqlite: bool) -> String {
    let value = |place: usize| if is_sqlite { "?".to_owned() } else { format!("${place}") };
    let row = |row: usize| {
        let values: Vec<_> = (1..=n_columns).map(|column| value(row * n_columns + column)).collect();
        format!("({})", values.join(", "))
    };
    (0..n_rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_together_in_few_sizes_and_in_order() {
        let rows: Vec<_> = (0..300).collect();
        let groups: Vec<_> = together(&rows).collect();
        assert_eq!(
            groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
            [64, 64, 64, 64, 8, 8, 8, 8, 8, 1, 1, 1, 1]
        );
        assert_eq!(groups.concat(), rows);
        assert_eq!(together::<u8>(&[]).count(), 0);
    }

    #[test]
    fn values_are_numbered_row_by_row() {
        let (sqlite, postgres): (On<(), ()>, On<(), ()>) = (On::Sqlite(()), On::Postgres(()));
        for _ in 0..2 {
            assert_eq!(&*statement(&postgres, "VALUES ", 2, 2, ";").0, "VALUES ($1, $2), ($3, $4);");
            assert_eq!(&*statement(&sqlite, "VALUES ", 2, 2, ";").0, "VALUES (?, ?), (?, ?);");
            assert_eq!(&*statement(&sqlite, "VALUES ", 2, 1, ";").0, "VALUES (?, ?);");
        }
    }
}
