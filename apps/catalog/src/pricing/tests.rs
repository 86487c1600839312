//! Pricing against small menus, and against any menu and any order.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use uuid::Uuid;

use super::*;
use crate::discount::spread;
use crate::menu::{Category, CategoryId, GroupId, ProductId, Store, StoreId};

fn option(id: u128, price: i64) -> MenuOption {
    MenuOption {
        id: OptionId(Uuid::from_u128(id)),
        name: format!("option {id}"),
        price,
        default: false,
    }
}

fn group(id: u128, min: u16, max: u16, options: Vec<MenuOption>) -> OptionGroup {
    OptionGroup {
        id: GroupId(Uuid::from_u128(id)),
        name: format!("group {id}"),
        min,
        max,
        options,
    }
}

fn product(
    id: u128,
    tax_rate_bp: u16,
    prices: &[(u128, i64)],
    option_groups: Vec<OptionGroup>,
) -> Product {
    Product {
        id: ProductId(Uuid::from_u128(id)),
        name: format!("product {id}"),
        description: String::new(),
        image: "cup".to_owned(),
        photo: None,
        allergens: Vec::new(),
        tax_rate_bp,
        variations: prices
            .iter()
            .map(|(id, price)| Variation {
                id: VariationId(Uuid::from_u128(*id)),
                name: format!("variation {id}"),
                price: *price,
            })
            .collect(),
        option_groups: option_groups.into_iter().map(Arc::new).collect(),
    }
}

fn menu(products: Vec<Product>) -> Menu {
    Menu {
        store: Store {
            id: StoreId(Uuid::nil()),
            name: "Test".to_owned(),
            street: String::new(),
            city: String::new(),
            timezone: "Europe/Warsaw".to_owned(),
            currency: "EUR".parse().expect("a currency"),
        },
        version: 1,
        good_until: None,
        categories: vec![Category {
            id: CategoryId(Uuid::nil()),
            name: "All".to_owned(),
            products,
        }],
    }
}

/// A latte (variation 1; milk 11 or 12 is a must, at most two of the syrups 21–23) and a croissant (variation 2).
fn café() -> Menu {
    let milk = group(10, 1, 1, vec![option(11, 0), option(12, 50)]);
    let syrup = group(
        20,
        0,
        2,
        vec![option(21, 50), option(22, 50), option(23, 60)],
    );
    menu(vec![
        product(1, 800, &[(1, 380)], vec![milk, syrup]),
        product(2, 500, &[(2, 260)], Vec::new()),
    ])
}

fn line(variation: u128, quantity: i64, options: &[u128]) -> Line {
    Line {
        variation: VariationId(Uuid::from_u128(variation)),
        quantity,
        options: options
            .iter()
            .map(|id| OptionId(Uuid::from_u128(*id)))
            .collect(),
    }
}

fn faults(lines: &[Line]) -> Vec<Fault> {
    match price(&café(), lines) {
        Err(PricingError::Refused(faults)) => faults,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn options_join_the_unit_price_and_tax_is_taken_per_rate() {
    let menu = café();
    let lines = [line(1, 2, &[23, 12]), line(2, 1, &[]), line(1, 1, &[11])];
    let quote = price(&menu, &lines).expect("a price");
    let totals: Vec<_> = quote
        .lines
        .iter()
        .map(|it| (it.unit_price, it.line_total))
        .collect();
    assert_eq!(totals, [(490, 980), (260, 260), (380, 380)]);
    assert_eq!(quote.total, 1620);
    let shares = [
        TaxShare {
            rate_bp: 500,
            gross: 260,
            tax: 12,
        },
        TaxShare {
            rate_bp: 800,
            gross: 1360,
            tax: 101,
        },
    ];
    assert_eq!(quote.tax, shares);
    let options: Vec<_> = quote.lines[0]
        .options
        .iter()
        .map(|(group, _, price)| (group.name.as_str(), *price))
        .collect();
    assert_eq!(options, [("group 10", 50), ("group 20", 60)]);
}

#[test]
fn every_fault_is_named_with_its_place() {
    assert_eq!(faults(&[]), [Fault::Empty]);
    let many = vec![line(2, 1, &[]); MAX_LINES + 1];
    assert_eq!(faults(&many), [Fault::TooManyLines]);
    for quantity in [0, -1, 100, 1_000_000, i64::MIN, i64::MAX] {
        assert_eq!(
            faults(&[line(2, quantity, &[])]),
            [Fault::Quantity { line: 0 }]
        );
    }
    assert_eq!(
        faults(&[line(2, 1, &[]), line(9, 1, &[])]),
        [Fault::UnknownVariation { line: 1 }]
    );
    // Milk exists, but not in a croissant.
    assert_eq!(
        faults(&[line(2, 1, &[11])]),
        [Fault::OptionNotOffered { line: 0, option: 0 }]
    );
    assert_eq!(
        faults(&[line(1, 1, &[11, 21, 21])]),
        [Fault::OptionRepeated { line: 0, option: 2 }]
    );
    let milk = Fault::OptionCount {
        line: 0,
        group: "group 10".to_owned(),
        min: 1,
        max: 1,
    };
    for options in [&[][..], &[11, 12]] {
        assert_eq!(faults(&[line(1, 1, options)]), std::slice::from_ref(&milk));
    }
    assert_eq!(
        faults(&[line(1, 0, &[]), line(9, 1, &[])]),
        [
            Fault::Quantity { line: 0 },
            milk,
            Fault::UnknownVariation { line: 1 }
        ]
    );
}

#[test]
fn the_limits_themselves_are_allowed() {
    let menu = café();
    let lines = vec![line(2, 99, &[]); MAX_LINES];
    let quote = price(&menu, &lines).expect("a price");
    assert_eq!(quote.total, 260 * 99 * 50);
    assert!(price(&menu, &[line(1, 1, &[11, 21, 22])]).is_ok());
}

#[test]
fn tax_rounds_half_away_from_zero() {
    // 100 · 500 / 10500 = 4.76…, 21 · 5 / 105 = 1 exactly, 3 · 10000 / 20000 = 1.5.
    assert_eq!(included_tax(100, 500), Some(5));
    assert_eq!(included_tax(21, 500), Some(1));
    assert_eq!(included_tax(3, 10_000), Some(2));
    assert_eq!(included_tax(-3, 10_000), Some(-2));
    assert_eq!(included_tax(1, 10_000), Some(1));
    assert_eq!(included_tax(12_345, 0), Some(0));
    assert_eq!(
        included_tax(i64::MIN, u16::MAX),
        Some(-8_002_299_416_631_730_093)
    );
}

/// A menu whose amounts and rates are anything `prices` and `rates` yield.
fn any_menu(prices: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Menu> {
    let options = vec(prices.clone(), 0..4);
    let one = (vec(prices, 1..4), options, 0_u16..=10_000, 0_u16..3);
    vec(one, 1..8).prop_map(|products| {
        let products = products
            .into_iter()
            .enumerate()
            .map(|(number, (prices, options, rate, max))| {
                let base = 100 * (number as u128 + 1);
                let variations: Vec<_> = (base..).zip(prices).collect();
                let options: Vec<_> = (base + 50..)
                    .zip(options)
                    .map(|(id, price)| option(id, price))
                    .collect();
                product(base, rate, &variations, vec![group(base, 0, max, options)])
            })
            .collect();
        menu(products)
    })
}

/// A menu as the database allows it, with an order that keeps its rules.
fn placeable() -> impl Strategy<Value = (Menu, Vec<Line>)> {
    any_menu(0_i64..=100_000_000).prop_flat_map(|menu| {
        let products = menu.categories[0].products.clone();
        let one = select(products).prop_flat_map(|product| {
            let group = &product.option_groups[0];
            let ids: Vec<_> = group.options.iter().map(|it| it.id).collect();
            let most = usize::from(group.max).min(ids.len());
            let variations = product.variations.clone();
            (select(variations), QUANTITIES, subsequence(ids, 0..=most)).prop_map(
                |(variation, quantity, options)| Line {
                    variation: variation.id,
                    quantity,
                    options,
                },
            )
        });
        (Just(menu), vec(one, 1..=MAX_LINES))
    })
}

proptest! {
    // Enough to find a slip in the arithmetic, few enough for the debug build.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn an_order_that_keeps_the_rules_adds_up((menu, lines) in placeable()) {
        let quote = price(&menu, &lines).expect("an order that keeps the rules has a price");
        prop_assert_eq!(quote.lines.len(), lines.len());
        for (priced, asked) in quote.lines.iter().zip(&lines) {
            let options: i64 = priced.options.iter().map(|(.., price)| price).sum();
            prop_assert_eq!(priced.options.len(), asked.options.len());
            prop_assert_eq!(priced.line_total, (priced.variation.price + options) * asked.quantity);
        }
        prop_assert_eq!(quote.lines.iter().map(|it| it.line_total).sum::<i64>(), quote.total);
        prop_assert_eq!(quote.tax.iter().map(|it| it.gross).sum::<i64>(), quote.total);
        prop_assert!(quote.tax.windows(2).all(|pair| pair[0].rate_bp < pair[1].rate_bp));
    }

    #[test]
    fn net_and_tax_are_each_within_half_a_cent_and_make_the_gross(
        gross in any::<i64>(),
        rate_bp in any::<u16>(),
    ) {
        let tax = included_tax(gross, rate_bp).expect("tax is a part of the gross amount");
        let net = gross - tax;
        let whole = 10_000 + i128::from(rate_bp);
        let off_tax = i128::from(tax) * whole - i128::from(gross) * i128::from(rate_bp);
        let off_net = i128::from(net) * whole - i128::from(gross) * 10_000;
        prop_assert!(2 * off_tax.abs() <= whole);
        prop_assert!(2 * off_net.abs() <= whole);
        prop_assert_eq!(tax + net, gross);
        // A tie has gone away from zero.
        prop_assert!(2 * off_tax.abs() < whole || off_tax.signum() == i128::from(gross.signum()));
    }

    #[test]
    fn an_order_at_its_prices_of_before_costs_what_it_did_whatever_the_menu_says_now(
        (menu, lines) in placeable(),
        more in 0_i64..1000,
        rate in 0_u16..=10_000,
    ) {
        let before = price(&menu, &lines).expect("a price");
        let prices: Vec<_> = before.lines.iter().map(PricedLine::prices).collect();
        let mut later = menu.clone();
        for product in &mut later.categories[0].products {
            product.tax_rate_bp = rate;
            product.variations.iter_mut().for_each(|it| it.price += more);
            for group in product.option_groups.iter_mut().map(Arc::make_mut) {
                group.options.iter_mut().for_each(|it| it.price += more);
                group.options.reverse();
            }
        }
        let now = price(&later, &lines).expect("a price").at(&prices).expect("prices of this order");
        prop_assert_eq!((now.total, &now.tax), (before.total, &before.tax));
        for (now, before) in now.lines.iter().zip(&before.lines) {
            prop_assert_eq!((now.unit_price, now.line_total), (before.unit_price, before.line_total));
            for (_, option, price) in &before.options {
                prop_assert!(now.options.iter().any(|(_, it, is)| it.id == option.id && is == price));
            }
        }
        prop_assert!(price(&menu, &lines).expect("a price").at(&prices[1..]).is_none());
    }

    #[test]
    fn a_discount_is_borne_by_the_lines_and_taxed_by_none(
        (menu, lines) in placeable(),
        part in any::<Index>(),
    ) {
        let plain = price(&menu, &lines).expect("a price");
        let off = i64::try_from(part.index(usize::try_from(plain.total).expect("a size") + 1));
        let off = off.expect("an amount");
        let totals: Vec<_> = plain.lines.iter().map(|line| line.line_total).collect();
        let shares = spread(off, &totals).expect("shares");
        let total = plain.total;
        let quote = plain.less(&shares).expect("shares of these lines");
        prop_assert_eq!((quote.discount, quote.total), (off, total - off));
        prop_assert_eq!(quote.tax.iter().map(|it| it.gross).sum::<i64>(), quote.total);
        for share in &quote.tax {
            let of_rate = quote.lines.iter().filter(|line| line.tax_rate_bp == share.rate_bp);
            prop_assert_eq!(of_rate.map(|line| line.line_total - line.discount).sum::<i64>(), share.gross);
            prop_assert_eq!(included_tax(share.gross, share.rate_bp), Some(share.tax));
            prop_assert!((0..=share.gross).contains(&share.tax));
        }
        let more: Vec<_> = quote.lines.iter().map(|line| line.line_total + 1).collect();
        prop_assert!(quote.less(&more).is_none());
    }

    #[test]
    fn the_order_of_lines_does_not_matter(
        ((menu, lines), shuffled) in placeable().prop_flat_map(|(menu, lines)| {
            let shuffled = Just(lines.clone()).prop_shuffle();
            (Just((menu, lines)), shuffled)
        })
    ) {
        let one = price(&menu, &lines).expect("a price");
        let other = price(&menu, &shuffled).expect("a price");
        prop_assert_eq!(one.total, other.total);
        prop_assert_eq!(one.tax, other.tax);
    }

    #[test]
    fn no_menu_and_no_order_makes_it_panic(
        menu in any_menu(any::<i64>()),
        lines in vec((any::<Index>(), any::<i64>(), vec(0_u128..1000, 0..6), any::<bool>()), 0..60),
    ) {
        let known: Vec<_> = menu.categories[0].products.iter().flat_map(|it| &it.variations).collect();
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(pick, quantity, options, sane)| {
                let quantity = if sane { quantity.rem_euclid(99) + 1 } else { quantity };
                line(pick.get(&known).id.0.as_u128(), quantity, &options)
            })
            .collect();
        match price(&menu, &lines) {
            Ok(quote) => {
                let sum: i128 = quote.lines.iter().map(|it| i128::from(it.line_total)).sum();
                prop_assert_eq!(sum, i128::from(quote.total));
            }
            Err(PricingError::Refused(faults)) => prop_assert!(!faults.is_empty()),
            Err(PricingError::Overflow) => {}
        }
    }
}
