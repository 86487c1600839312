//! What is kept of stores in memory: of those that were asked for last.
//!
//! Invariant: there are never more than were said at first; the store that was asked for the longest ago makes room.
//!
//! Why not a list in the order of asking: to move a store in it, every reader would have to write. A reader notes a number
//! in the entry it reads, and whoever needs room looks through all entries, beside reading a whole menu.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::menu::StoreId;

/// Values by store.
#[derive(Debug)]
pub struct Kept<V> {
    most: usize,
    /// How often anything was asked for.
    asked: AtomicU64,
    entries: RwLock<HashMap<StoreId, Entry<V>>>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// When it was asked for last, by that count.
    asked: AtomicU64,
}

impl<V: Clone> Kept<V> {
    /// Nothing yet, and at most so many, but one at least.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            asked: AtomicU64::new(0),
            entries: RwLock::default(),
        }
    }

    /// A store's value, which counts as asked for.
    #[must_use]
    pub fn get(&self, store: StoreId) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&store)?;
        entry.asked.store(self.next(), Ordering::Relaxed);
        Some(entry.value.clone())
    }

    /// Keeps a store's value, in place of another of it or of the store that was asked for the longest ago.
    pub fn put(&self, store: StoreId, value: V) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most && !entries.contains_key(&store) {
            let asked = |entry: &Entry<V>| entry.asked.load(Ordering::Relaxed);
            let oldest = entries.iter().min_by_key(|(_, entry)| asked(entry));
            if let Some(oldest) = oldest.map(|(store, _)| *store) {
                entries.remove(&oldest);
            }
        }
        let asked = AtomicU64::new(self.next());
        entries.insert(store, Entry { value, asked });
    }

    fn next(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn store(number: u128) -> StoreId {
        StoreId(Uuid::from_u128(number))
    }

    #[test]
    fn whoever_was_asked_for_the_longest_ago_makes_room() {
        let kept = Kept::new(2);
        kept.put(store(1), "one");
        kept.put(store(2), "two");
        assert_eq!(kept.get(store(1)), Some("one"));
        kept.put(store(3), "three");
        let all = [1, 2, 3].map(|number| kept.get(store(number)));
        assert_eq!(all, [Some("one"), None, Some("three")]);
        // One that is there needs no room.
        kept.put(store(1), "another");
        assert_eq!(kept.get(store(3)), Some("three"));
        assert_eq!(kept.get(store(1)), Some("another"));
    }

    proptest! {
        #[test]
        fn of_any_asking_and_keeping_the_last_ones_are_left(
            most in 1..6usize,
            acts in prop::collection::vec((0..9u128, any::<bool>()), 0..60),
        ) {
            let kept = Kept::new(most);
            // The same by a list, what was asked for last at its end.
            let mut list: Vec<(u128, usize)> = Vec::new();
            for (place, (number, writes)) in acts.into_iter().enumerate() {
                let known = list.iter().position(|(of, _)| *of == number);
                if writes {
                    kept.put(store(number), place);
                    if let Some(known) = known {
                        list.remove(known);
                    } else if list.len() == most {
                        list.remove(0);
                    }
                    list.push((number, place));
                } else {
                    let expected = known.map(|known| list.remove(known));
                    prop_assert_eq!(kept.get(store(number)), expected.map(|(_, value)| value));
                    list.extend(expected);
                }
                let entries = kept.entries.read().expect("the entries");
                prop_assert_eq!(entries.len(), list.len());
                prop_assert!(list.iter().all(|(of, value)| entries[&store(*of)].value == *value));
            }
        }
    }
}
