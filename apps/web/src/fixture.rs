//! One product, one store's menu and one order for the unit tests; small prices that are easy to add in the head.

use bff_api::{
    Category, Checkout, Fulfilment, Menu, MenuOption, Money, OptionGroup, Order, Payment,
    PaymentMethod, PaymentStatus, Product, Variation,
};
use uuid::Uuid;

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn euro(amount: i64) -> Money {
    Money {
        amount,
        currency: "EUR".into(),
    }
}

fn option(n: u128, name: &str, price: i64, default: bool) -> MenuOption {
    MenuOption {
        id: id(n),
        name: name.into(),
        price: euro(price),
        default,
        sold_out: false,
    }
}

/// Small 300, large 400; one milk of (whole 0 by default, oat 60); up to two syrups of three at 50.
pub(crate) fn latte() -> Product {
    Product {
        id: id(1),
        name: "Caffè latte".into(),
        description: "Espresso under a lot of steamed milk.".into(),
        image: "latte".into(),
        photo: None,
        allergens: vec!["milk".into()],
        variations: vec![
            Variation {
                id: id(11),
                name: "Small".into(),
                price: euro(300),
                sold_out: false,
            },
            Variation {
                id: id(12),
                name: "Large".into(),
                price: euro(400),
                sold_out: false,
            },
        ],
        option_groups: vec![
            OptionGroup {
                id: id(20),
                name: "Milk".into(),
                min: 1,
                max: 1,
                options: vec![
                    option(21, "Whole milk", 0, true),
                    option(22, "Oat", 60, false),
                ],
            },
            OptionGroup {
                id: id(30),
                name: "Syrup".into(),
                min: 0,
                max: 2,
                options: vec![
                    option(31, "Vanilla", 50, false),
                    option(32, "Hazelnut", 50, false),
                    option(33, "Caramel", 50, false),
                ],
            },
        ],
    }
}

pub(crate) fn menu() -> Menu {
    let tea = Product {
        id: id(2),
        name: "Green tea".into(),
        description: "Sencha, brewed at 70 degrees.".into(),
        image: "tea".into(),
        photo: None,
        allergens: vec![],
        variations: vec![Variation {
            id: id(13),
            name: "Pot".into(),
            price: euro(350),
            sold_out: false,
        }],
        option_groups: vec![],
    };
    Menu {
        store_id: id(100),
        currency: "EUR".into(),
        categories: vec![
            Category {
                id: id(200),
                name: "Coffee".into(),
                products: vec![latte()],
            },
            Category {
                id: id(201),
                name: "Tea".into(),
                products: vec![tea],
            },
        ],
    }
}

pub(crate) fn order(n: u128, version: i64) -> Order {
    Order {
        id: id(n),
        number: format!("A-{n:03}"),
        store_id: id(100),
        store_name: "Crema Rynek".into(),
        placed_at: "2026-01-02T03:04:05.678Z".parse().expect("an instant"),
        pickup: None,
        checkout: Checkout::Confirmed,
        fulfilment: Fulfilment::Waiting,
        payment: Payment {
            method: PaymentMethod::Counter,
            status: PaymentStatus::Due,
        },
        reason: None,
        lines: vec![],
        discount: None,
        delivery: None,
        tip: None,
        total: euro(820),
        tax: vec![],
        version,
    }
}
