//! Recipes: sums of needs, short lines, what is sold out.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const BEANS: ItemId = ItemId(Uuid::from_u128(1));
const MILK: ItemId = ItemId(Uuid::from_u128(2));
const BUN: ItemId = ItemId(Uuid::from_u128(3));
const FLAT_WHITE: Uuid = Uuid::from_u128(11);
const BUN_PIECE: Uuid = Uuid::from_u128(12);
const GIFT_CARD: Uuid = Uuid::from_u128(13);
const WHOLE: Uuid = Uuid::from_u128(21);
const SHOT: Uuid = Uuid::from_u128(22);

fn portion(item_id: ItemId, quantity: i64) -> Portion {
    Portion { item_id, quantity }
}

fn book() -> RecipeBook {
    RecipeBook {
        variations: [
            (FLAT_WHITE, vec![portion(BEANS, 18)]),
            (BUN_PIECE, vec![portion(BUN, 1)]),
        ]
        .into(),
        options: [
            (WHOLE, vec![portion(MILK, 150)]),
            (SHOT, vec![portion(BEANS, 9)]),
        ]
        .into(),
    }
}

fn lines(lines: &[(Uuid, i64, &[Uuid])]) -> Lines {
    let line = |(variation_id, quantity, options): &(Uuid, i64, &[Uuid])| Line {
        variation_id: *variation_id,
        quantity: Pieces::try_from(*quantity).expect("pieces"),
        option_ids: Chosen::try_from(options.to_vec()).expect("options"),
    };
    Lines::try_from(lines.iter().map(line).collect::<Vec<_>>()).expect("lines")
}

#[test]
fn a_line_needs_its_variation_and_its_options_times_its_pieces() {
    let order = lines(&[
        (FLAT_WHITE, 2, &[WHOLE, SHOT, SHOT]),
        (GIFT_CARD, 5, &[Uuid::from_u128(99)]),
        (FLAT_WHITE, 1, &[]),
    ]);
    assert_eq!(
        book().needs(&order).total(),
        [portion(BEANS, 2 * 36 + 18), portion(MILK, 300)]
    );
}

#[test]
fn the_line_that_finds_too_little_left_is_short() {
    let order = lines(&[
        (BUN_PIECE, 2, &[]),
        (FLAT_WHITE, 1, &[WHOLE]),
        (BUN_PIECE, 2, &[]),
        (BUN_PIECE, 1, &[]),
    ]);
    let needs = book().needs(&order);
    let left = [(BUN, 3), (BEANS, 18), (MILK, 149)];
    assert_eq!(needs.short(left.into()), [1, 2]);
    assert_eq!(needs.short(HashMap::new()), [0, 1, 2, 3]);
}

#[test]
fn sold_out_is_what_lacks_any_of_its_items() {
    let left = [(BEANS, 17), (MILK, 150), (BUN, 1)];
    let sold_out = book().sold_out(&left.into());
    assert_eq!(sold_out.variations, [FLAT_WHITE]);
    assert!(sold_out.options.is_empty());
    let nothing = book().sold_out(&HashMap::new());
    assert_eq!(nothing.variations, [FLAT_WHITE, BUN_PIECE]);
    assert_eq!(nothing.options, [WHOLE, SHOT]);
}

#[test]
fn quantities_and_lengths_are_bounded() {
    let line =
        |quantity: serde_json::Value| json!({"variation_id": FLAT_WHITE, "quantity": quantity});
    for bad in [
        json!(0),
        json!(-1),
        json!(100),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!("1"),
    ] {
        assert!(
            serde_json::from_value::<Line>(line(bad.clone())).is_err(),
            "{bad}"
        );
    }
    assert!(serde_json::from_value::<Line>(line(json!(99))).is_ok());
    let many = |count| serde_json::from_value::<Lines>(json!(vec![line(json!(1)); count])).is_ok();
    assert!(!many(0) && many(1) && many(50) && !many(51));
    let chosen = |count| serde_json::from_value::<Chosen>(json!(vec![WHOLE; count])).is_ok();
    assert!(chosen(0) && chosen(50) && !chosen(51));
}

proptest! {
    /// What is taken together fits if and only if every line fits after the ones before it.
    #[test]
    fn an_order_is_short_exactly_if_its_total_is(
        wanted in prop::collection::vec((0..3usize, 1..5i64, 0..3usize), 1..8),
        beans in 0..200i64, milk in 0..600i64, buns in 0..8i64,
    ) {
        let variations = [FLAT_WHITE, BUN_PIECE, GIFT_CARD];
        let options: [&[Uuid]; 3] = [&[], &[WHOLE], &[SHOT, WHOLE]];
        let order: Vec<_> = wanted
            .iter()
            .map(|(variation, pieces, chosen)| (variations[*variation], *pieces, options[*chosen]))
            .collect();
        let needs = book().needs(&lines(&order));
        let left: HashMap<_, _> = [(BEANS, beans), (MILK, milk), (BUN, buns)].into();
        let fits = needs.total().iter().all(|portion| left[&portion.item_id] >= portion.quantity);
        prop_assert_eq!(needs.short(left).is_empty(), fits);
    }
}
