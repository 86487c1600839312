//! What goes into a basket, what comes out of it, and what two copies of it become.

use super::{Basket, MAX_LINES, Picking, Refusal};
use bff_api::PlacePayment;

use crate::{
    fixture::{euro, id, latte, menu},
    selection::Selection,
};

fn oat_latte(quantity: u32) -> Selection {
    let mut selection = Selection::of(latte()).expect("for sale");
    selection.toggle(id(22));
    selection.set_quantity(quantity);
    selection
}

#[test]
fn the_same_choice_is_one_line_and_another_is_not() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(1)).expect("fits");
    basket.add(id(100), &oat_latte(2)).expect("fits");
    basket
        .add(id(100), &Selection::of(latte()).expect("for sale"))
        .expect("fits");
    assert_eq!(basket.lines().len(), 2);
    assert_eq!(basket.count(), 4);
    assert_eq!(basket.total(), Some(euro(3 * 360 + 300)));
    assert_eq!(basket.lines()[0].details(), "Small, Oat");
}

#[test]
fn another_store_starts_a_new_basket() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(5)).expect("fits");
    basket.add(id(101), &oat_latte(1)).expect("fits");
    assert_eq!((basket.store(), basket.count()), (Some(id(101)), 1));
}

#[test]
fn quantities_end_at_99_and_zero_removes() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(98)).expect("fits");
    basket.add(id(100), &oat_latte(98)).expect("fits");
    assert_eq!(basket.count(), 99);
    basket.set_quantity(0, 500);
    assert_eq!(basket.count(), 99);
    basket.set_quantity(7, 0);
    basket.set_quantity(0, 0);
    assert!(basket.is_empty());
    assert_eq!(
        (
            basket.store(),
            basket.total(),
            basket.to_order(PlacePayment::Counter, Picking::default())
        ),
        (None, None, None)
    );
}

#[test]
fn incomplete_choices_and_a_51st_line_are_refused() {
    let mut product = latte();
    product.option_groups[0].options[0].default = false;
    let mut basket = Basket::default();
    let incomplete = Selection::of(product).expect("for sale");
    assert_eq!(basket.add(id(100), &incomplete), Err(Refusal::Incomplete));
    for n in 0..MAX_LINES {
        let mut product = latte();
        product.variations[0].id = id(1000 + n as u128);
        basket
            .add(id(100), &Selection::of(product).expect("for sale"))
            .expect("fits");
    }
    assert_eq!(basket.add(id(100), &oat_latte(1)), Err(Refusal::Full));
}

#[test]
fn the_order_names_choices_and_no_price() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(2)).expect("fits");
    let order = serde_json::to_value(basket.to_order(PlacePayment::Counter, Picking::default()))
        .expect("serialises");
    assert_eq!(
        order,
        serde_json::json!({
            "store_id": id(100),
            "lines": [{"variation_id": id(11), "quantity": 2, "option_ids": [id(22)]}],
            "payment": {"method": "counter"}
        })
    );
}

#[test]
fn survives_its_json() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(2)).expect("fits");
    let json = serde_json::to_string(&basket).expect("serialises");
    assert_eq!(crate::json::read::<Basket>(&json).expect("reads"), basket);
}

#[test]
fn a_new_menu_reprices_and_takes_out_what_is_gone() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(2)).expect("fits");
    assert_eq!(basket.refresh(&menu()), super::Changes::default());

    let mut dearer = menu();
    dearer.categories[0].products[0].variations[0].price = euro(310);
    let changes = basket.refresh(&dearer);
    assert!(changes.repriced && changes.removed.is_empty());
    assert_eq!(basket.total(), Some(euro(740)));

    let mut without_oat = menu();
    without_oat.categories[0].products[0].option_groups[0]
        .options
        .pop();
    assert_eq!(basket.refresh(&without_oat).removed, vec!["Caffè latte"]);
    assert!(basket.is_empty());
}

#[test]
fn what_sells_out_stays_and_is_marked_until_it_is_back() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(2)).expect("fits");
    basket
        .add(id(100), &Selection::of(latte()).expect("for sale"))
        .expect("fits");
    let mut without_oat = menu();
    without_oat.categories[0].products[0].option_groups[0].options[1].sold_out = true;
    let changes = basket.refresh(&without_oat);
    assert_eq!(changes.sold_out, vec!["Caffè latte"]);
    assert!(changes.removed.is_empty() && !changes.repriced);
    let marked: Vec<_> = basket.lines().iter().map(|line| line.sold_out).collect();
    assert_eq!((marked, basket.has_sold_out()), (vec![true, false], true));
    assert_eq!(basket.refresh(&without_oat), super::Changes::default());

    let mut without_small = menu();
    without_small.categories[0].products[0].variations[0].sold_out = true;
    basket.refresh(&without_small);
    assert!(basket.lines().iter().all(|line| line.sold_out));
    basket.refresh(&menu());
    assert!(!basket.has_sold_out());

    let mut gone = latte();
    gone.variations[0].sold_out = true;
    gone.variations[1].sold_out = true;
    let gone = Selection::of(gone).expect("shown");
    assert_eq!(basket.add(id(100), &gone), Err(Refusal::SoldOut));
}

#[test]
fn what_the_server_says_of_a_line_stands_there_until_it_changes() {
    let mut basket = Basket::default();
    basket.add(id(100), &oat_latte(2)).expect("fits");
    basket
        .add(id(100), &Selection::of(latte()).expect("for sale"))
        .expect("fits");
    let refused = |basket: &Basket| -> Vec<bool> {
        let lines = basket.lines().iter();
        lines.map(|line| line.refused.is_some()).collect()
    };
    basket.note(&[(1, "Only 3 are left".into()), (9, "nobody's".into())]);
    assert_eq!(refused(&basket), [false, true]);
    basket.refresh(&menu());
    assert_eq!(
        refused(&basket),
        [false, true],
        "a new menu says nothing of it"
    );
    basket.set_quantity(1, 3);
    assert_eq!(refused(&basket), [false, false]);
    basket.note(&[(0, "No".into())]);
    basket.note(&[]);
    assert_eq!(refused(&basket), [false, false]);
}

#[test]
fn a_menu_of_another_store_changes_nothing() {
    let mut basket = Basket::default();
    basket.add(id(101), &oat_latte(2)).expect("fits");
    let before = basket.clone();
    basket.refresh(&menu());
    assert_eq!(basket, before);
}

#[test]
fn what_is_kept_of_it_is_shown_again_by_the_menu() {
    let mut basket = Basket::default();
    assert_eq!(basket.kept(), bff_api::Basket::default());
    basket.add(id(100), &oat_latte(2)).expect("fits");
    let mut kept = basket.kept();
    assert_eq!(kept.store_id, Some(id(100)));
    assert_eq!(
        (kept.lines[0].quantity, &kept.lines[0].option_ids),
        (2, &vec![id(22)])
    );

    let mut elsewhere = Basket::default();
    assert!(!elsewhere.shows(&kept));
    assert_eq!(elsewhere.adopt(&kept, Some(&menu())), 0);
    assert_eq!(elsewhere, basket);
    // Known already: no menu is needed for another quantity.
    kept.lines[0].quantity = 5;
    assert!(elsewhere.shows(&kept));
    assert_eq!(elsewhere.adopt(&kept, None), 0);
    assert_eq!(elsewhere.count(), 5);
    // What no menu knows is left out.
    kept.lines[0].variation_id = id(999);
    assert_eq!(elsewhere.adopt(&kept, Some(&menu())), 1);
    assert!(elsewhere.is_empty());
    assert_eq!(elsewhere.adopt(&bff_api::Basket::default(), None), 0);
}

#[test]
fn an_order_of_once_is_put_in_again_as_far_as_there_is_such_a_thing() {
    let line = |variation, options: &[(u128, &str)], quantity| bff_api::OrderLine {
        variation_id: id(variation),
        product: format!("Product {variation}"),
        variation: "Small".into(),
        options: options
            .iter()
            .map(|(option, name)| bff_api::ChosenOption {
                id: id(*option),
                group: "Any".into(),
                name: (*name).into(),
                price: euro(0),
            })
            .collect(),
        quantity,
        unit_price: euro(1),
        line_total: euro(1),
    };
    let mut basket = Basket::default();
    basket.add(id(101), &oat_latte(1)).expect("fits");
    // The options in another order than the menu's; a tea that is gone; a milk that is gone.
    let lines = [
        line(11, &[(33, "Caramel"), (22, "Oat")], 2),
        line(14, &[], 1),
        line(12, &[(23, "Almond")], 1),
    ];
    let missing = basket.again(&menu(), &lines);
    assert_eq!(missing, ["Product 14", "Product 12"]);
    assert_eq!((basket.store(), basket.count()), (Some(id(100)), 2));
    assert_eq!(basket.lines()[0].details(), "Small, Oat, Caramel");
    assert_eq!(basket.total(), Some(euro(2 * 410)), "at the prices of now");
    // Once more adds up.
    basket.again(&menu(), &lines[..1]);
    assert_eq!((basket.lines().len(), basket.count()), (1, 4));
}
