//! What happens later, ordered by virtual instant; what is due at the same instant happens in the order it was put down.

use std::collections::BTreeMap;

/// Things to come.
pub(crate) struct Agenda<T> {
    items: BTreeMap<(i64, u64), T>,
    n_put: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), n_put: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts something down for that instant.
    pub(crate) fn put(&mut self, at_ms: i64, item: T) {
        self.n_put += 1;
        self.items.insert((at_ms, self.n_put), item);
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<i64> {
        self.items.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// Takes the next thing if it is due by then.
    pub(crate) fn take_due(&mut self, now_ms: i64) -> Option<T> {
        let entry = self.items.first_entry()?;
        (entry.key().0 <= now_ms).then(|| entry.remove())
    }

    /// Takes everything of a kind that is due by then, in order and so many at most.
    pub(crate) fn take_due_where(&mut self, now_ms: i64, most: usize, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let due = self.items.range(..=(now_ms, u64::MAX));
        let keys: Vec<_> = due.filter(|(_, item)| is_wanted(item)).map(|(key, _)| *key).take(most).collect();
        keys.iter().filter_map(|key| self.items.remove(key)).collect()
    }

    /// How many things are to come.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_by_instant_and_then_in_the_order_they_were_put_down() {
        let mut agenda = Agenda::default();
        for (at_ms, name) in [(20, "c"), (10, "a"), (10, "b"), (30, "d")] {
            agenda.put(at_ms, name);
        }
        assert_eq!(agenda.next_at(), Some(10));
        assert_eq!(agenda.take_due(9), None);
        assert_eq!(agenda.take_due(20), Some("a"));
        assert_eq!(agenda.take_due_where(29, 5, |name| *name != "b"), ["c"]);
        assert_eq!((agenda.take_due(20), agenda.take_due(29), agenda.len()), (Some("b"), None, 1));
    }
}
