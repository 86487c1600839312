//! Choices that a person likes to order again: how one is kept, found on a menu and forgotten.
//!
//! Invariant: the list stays within the server's bounds and has no choice of a store twice.

use bff_api::{Favourite, Favourites, LONGEST_NAME, MOST_FAVOURITES, PlaceLine};
use uuid::Uuid;

use crate::selection::Selection;

/// One piece of it, as it is ordered.
#[must_use]
pub fn line(it: &Favourite) -> PlaceLine {
    PlaceLine {
        variation_id: it.variation_id,
        quantity: 1,
        option_ids: it.option_ids.clone(),
    }
}

/// Those of a store.
pub fn of(all: &Favourites, store: Uuid) -> impl Iterator<Item = &Favourite> {
    all.items.iter().filter(move |it| it.store_id == store)
}

/// Whether this choice is there.
#[must_use]
pub fn has(all: &Favourites, store: Uuid, choice: &Selection) -> bool {
    let chosen = line(&named(store, choice));
    of(all, store).any(|it| line(it).is_same_choice(&chosen))
}

/// The list with this choice before the others, under a name of its own; `None` if it is there or there is no room.
#[must_use]
pub fn with(all: &Favourites, store: Uuid, choice: &Selection) -> Option<Favourites> {
    if has(all, store, choice) || all.items.len() >= MOST_FAVOURITES {
        return None;
    }
    let items = std::iter::once(named(store, choice)).chain(all.items.iter().cloned());
    Some(Favourites {
        items: items.collect(),
    })
}

fn named(store: Uuid, choice: &Selection) -> Favourite {
    let mut name = vec![
        choice.product().name.clone(),
        choice.variation().name.clone(),
    ];
    name.extend(choice.option_names());
    Favourite {
        name: name.join(", ").chars().take(LONGEST_NAME).collect(),
        store_id: store,
        variation_id: choice.variation().id,
        option_ids: choice.option_ids(),
    }
}

/// The list without this one.
#[must_use]
pub fn without(all: &Favourites, gone: &Favourite) -> Favourites {
    let items = all.items.iter().filter(|it| *it != gone).cloned();
    Favourites {
        items: items.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{line, of, with, without};
    use crate::{
        basket::Basket,
        fixture::{id, latte, menu},
        selection::Selection,
    };
    use bff_api::{Favourites, LONGEST_NAME, MOST_FAVOURITES};

    fn oat_latte() -> Selection {
        let mut choice = Selection::of(latte()).expect("a product");
        choice.toggle(id(22));
        choice.set_quantity(3);
        choice
    }

    #[test]
    fn a_choice_is_kept_once_per_store_and_ordered_again_as_it_was() {
        let kept = with(&Favourites::default(), id(100), &oat_latte()).expect("new");
        assert_eq!(kept.items[0].name, "Caffè latte, Small, Oat");
        assert_eq!(with(&kept, id(100), &oat_latte()), None);
        let both = with(&kept, id(101), &oat_latte()).expect("another store's");
        assert_eq!(of(&both, id(100)).count(), 1);

        let mut basket = Basket::default();
        assert!(basket.put_one(&menu(), &line(&kept.items[0])));
        assert_eq!(
            (basket.count(), basket.lines()[0].options.clone()),
            (1, vec!["Oat".to_owned()])
        );
        assert_eq!(without(&both, &kept.items[0]).items, both.items[..1]);
    }

    #[test]
    fn the_servers_bounds_hold() {
        let mut product = latte();
        product.name = "é".repeat(100);
        let choice = Selection::of(product).expect("a product");
        let one = with(&Favourites::default(), id(100), &choice).expect("new");
        assert_eq!(one.items[0].name.chars().count(), LONGEST_NAME);
        let full = Favourites {
            items: vec![one.items[0].clone(); MOST_FAVOURITES],
        };
        assert_eq!(with(&full, id(200), &choice), None);
    }

    #[test]
    fn what_the_menu_no_longer_has_is_not_put_in_the_basket() {
        let mut kept = with(&Favourites::default(), id(100), &oat_latte()).expect("new");
        kept.items[0].variation_id = id(999);
        let mut basket = Basket::default();
        assert!(!basket.put_one(&menu(), &line(&kept.items[0])));
        assert!(basket.is_empty());
    }
}
