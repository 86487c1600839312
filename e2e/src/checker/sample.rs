//! A small sound system for the checker's own tests.
//!
//! Invariant: it holds every invariant.

mod spoiled;

use serde_json::json;

pub(super) use spoiled::SPOILED;

use super::audit::{digest, hash, hexadecimal};
use super::evidence::{
    Admission, Booked, Checkout, Entered, Event, Evidence, GivenBack, Level, Movement, Operation,
    Order, OrderLine, Payment, Recipe, Refund, Reservation, Return, ReturnRefund, ReturnedLine,
    Seal, Searched, Shipment, Slot, Sold, Transition, Waiting,
};
use crate::history::{Command, Entry, Phase};

const STORE: &str = "store-1";
const ITEM: &str = "beans";
/// All three orders took it, and one of them gave it back.
const SLOT: &str = "2026-03-02T08:00:00+00:00";
/// What is paid: a tip is in it, and something was taken off.
const PRICE: i64 = 250;
const OFF: i64 = 30;
const TIP: i64 = 20;
/// What bringing an order costs; both that were paid by card are brought.
const FEE: i64 = 40;
/// What is given for the goods of the return; the fee comes back with them.
const BACK: i64 = 125;
/// A step: its axis, from where, to where.
type Step = (&'static str, Option<&'static str>, &'static str);

const CONFIRMED: [Step; 2] = [
    ("checkout", None, "pending"),
    ("checkout", Some("pending"), "confirmed"),
];
const MADE: [Step; 4] = [
    ("fulfilment", Some("waiting"), "preparation"),
    ("fulfilment", Some("preparation"), "ready"),
    ("fulfilment", Some("ready"), "delivered"),
    ("checkout", Some("confirmed"), "completed"),
];
const UNDONE: [Step; 2] = [
    ("checkout", Some("confirmed"), "pending"),
    ("checkout", Some("pending"), "cancelled"),
];

/// Three orders: one paid by card and one at the counter, both handed over, and one by card that was cancelled. A part of
/// the first came back and was thrown away.
pub(super) fn sound() -> Evidence {
    let mut evidence = Evidence {
        outboxes: vec![Waiting {
            app: "order".into(),
            events: 0,
        }],
        searched: Searched {
            logs: 1,
            messages: 1,
            columns: 1,
            secrets: 1,
        },
        database_log: vec!["LOG:  checkpoint complete".into()],
        levels: vec![Level {
            store_id: STORE.into(),
            item_id: ITEM.into(),
            initial: 10,
            received: 0,
            restocked: 2,
            adjusted: 0,
            available: 8,
            reserved: 0,
            sold: 3,
            wasted: 1,
        }],
        movements: vec![movement(None, "initial", 10)],
        slots: vec![Slot {
            store_id: STORE.into(),
            starts_at: SLOT.into(),
            taken: 2,
            capacity: 2,
        }],
        ..Evidence::default()
    };
    let made = [&CONFIRMED[..], &MADE].concat();
    order(&mut evidence, "card", "card", &made, "completed");
    order(&mut evidence, "counter", "counter", &made, "completed");
    let undone = [&CONFIRMED[..], &UNDONE].concat();
    order(&mut evidence, "undone", "card", &undone, "cancelled");
    pay_by_card(&mut evidence, "card", false);
    pay_by_card(&mut evidence, "undone", true);
    pay_at_the_counter(&mut evidence, "counter");
    tell_of_the_refund(&mut evidence, "undone");
    bring_back(&mut evidence, "card");
    ship(&mut evidence, "card", "delivered");
    ship(&mut evidence, "undone", "cancelled");
    seal(&mut evidence);
    evidence
}

fn order(evidence: &mut Evidence, id: &str, method: &str, steps: &[Step], checkout: &str) {
    let over = checkout == "completed";
    evidence.orders.push(Order {
        id: id.into(),
        store_id: STORE.into(),
        slot: Some(SLOT.into()),
        checkout: checkout.into(),
        fulfilment: if over { "delivered" } else { "waiting" }.into(),
        payment_method: method.into(),
        payment_status: if over { "captured" } else { "refunded" }.into(),
        currency: "EUR".into(),
        total: PRICE,
        discount: OFF,
        tip: TIP,
        fee: 0,
        courier: None,
        lines: PRICE + OFF - TIP,
        shares: OFF,
        taxed: PRICE - TIP,
        version: i64::try_from(steps.len()).expect("a few"),
        written_by: format!("last of {id}"),
    });
    evidence.sold.push(Sold {
        order_id: id.into(),
        version: i64::try_from(steps.len()).expect("a few"),
        store_id: STORE.into(),
        checkout: checkout.into(),
        currency: "EUR".into(),
        gross: PRICE + OFF - TIP,
        discount: OFF,
        delivery: 0,
        tip: TIP,
        total: PRICE,
        taxed: PRICE - TIP,
        lines: PRICE + OFF - TIP,
    });
    evidence.checkouts.push(Checkout {
        order_id: id.into(),
        state: "settled".into(),
        direction: if over { "forward" } else { "back" }.into(),
        step: "confirm".into(),
        by_hand: false,
    });
    for (version, step) in (1..).zip(steps) {
        transition(evidence, id, version, *step);
        publish(evidence, id, version, step.2, method);
    }
    let last = evidence.history.last_mut().expect("some");
    last.written_by = format!("last of {id}");
    let status = if over { "committed" } else { "released" };
    evidence.reservations.push(Reservation {
        order_id: id.into(),
        store_id: Some(STORE.into()),
        status: status.into(),
        items: vec![ITEM.into()],
        quantities: vec![1],
    });
    evidence
        .movements
        .push(movement(Some(id), "reservation", 1));
    evidence.movements.push(movement(Some(id), "sale", 1));
    if !over {
        evidence.movements.push(movement(Some(id), "restock", 1));
    }
    let asked = |command, phase| Entry {
        at: 0,
        command,
        phase,
        key: Some(format!("key of {id}")),
        order: Some(id.into()),
        status: None,
    };
    evidence.asked.push(asked(Command::Place, Phase::Ok));
    if !over {
        evidence.asked.push(asked(Command::Cancel, Phase::Ok));
    }
}

fn transition(evidence: &mut Evidence, id: &str, version: i64, (axis, from, to): Step) {
    let mut row = Transition {
        order_id: id.into(),
        version,
        at: 1_000 + version,
        actor: "somebody".into(),
        axis: axis.into(),
        from_status: from.map(str::to_owned),
        to_status: to.into(),
        hash: String::new(),
        written_by: format!("{version} of {id}"),
    };
    let before = evidence.history.last().filter(|row| row.order_id == id);
    let previous = before.map_or_else(|| vec![0; 32], |row| bytes(&row.hash));
    row.hash = hexadecimal(&hash(&previous, &row));
    evidence.history.push(row);
}

fn publish(evidence: &mut Evidence, id: &str, version: i64, to: &str, method: &str) {
    let kind = match to {
        "pending" | "preparation" | "ready" | "delivered" => "order.told.v1".to_owned(),
        to => format!("order.{to}.v1"),
    };
    let event = Event {
        id: format!("event {version} of {id}"),
        source: "/order".into(),
        kind,
        subject: id.into(),
        sequence: version,
        data: json!({
            "payment": { "method": method }, "total": { "amount": PRICE }, "lines": [],
            "delivery": (method == "card").then_some(FEE),
        }),
    };
    for app in ["inventory", "order", "payment", "shipping"] {
        evidence.admissions.push(Admission {
            app: app.into(),
            source: event.source.clone(),
            id: event.id.clone(),
        });
    }
    // Twice, as it happens when a relay dies before it has noted what it published.
    evidence.events.extend([event.clone(), event]);
}

fn movement(order: Option<&str>, kind: &str, quantity: i64) -> Movement {
    Movement {
        store_id: STORE.into(),
        item_id: ITEM.into(),
        order_id: order.map(str::to_owned),
        return_id: None,
        kind: kind.into(),
        quantity,
    }
}

fn operation(order: &str, kind: &str, provider: Option<&str>) -> Operation {
    Operation {
        id: format!("{kind} of {order}"),
        payment_id: format!("payment of {order}"),
        order_id: order.into(),
        kind: kind.into(),
        provider_key: provider.map(|_| format!("{order}:{kind}")),
        provider_id: provider.map(str::to_owned),
        amount: PRICE,
        state: "succeeded".into(),
        by_staff: false,
        of_return: false,
    }
}

fn booked(order: &str, kind: &str, id: &str, status: &str) -> Booked {
    Booked {
        id: id.into(),
        kind: kind.into(),
        reference: order.into(),
        amount: PRICE,
        status: status.into(),
    }
}

fn entries(order: &str, transaction: &str, account: &str, amount: i64) -> [Entered; 2] {
    [(account, amount), ("sales", -amount)].map(|(account, amount)| Entered {
        transaction_id: transaction.into(),
        payment_id: format!("payment of {order}"),
        account: account.into(),
        amount,
        currency: "EUR".into(),
    })
}

fn payment(order: &str, method: &str, refunded: i64) -> Payment {
    Payment {
        id: format!("payment of {order}"),
        order_id: order.into(),
        method: method.into(),
        status: "captured".into(),
        currency: "EUR".into(),
        amount: PRICE,
        captured: PRICE,
        refunded,
    }
}

fn pay_by_card(evidence: &mut Evidence, order: &str, given_back: bool) {
    let refunded = if given_back { PRICE } else { 0 };
    evidence.payments.push(payment(order, "card", refunded));
    let kinds = [
        ("authorise", "authorisation", "authorised", 0),
        ("capture", "capture", "captured", PRICE),
        ("refund", "refund", "refunded", -PRICE),
    ];
    for (kind, theirs, status, moved) in kinds {
        if kind == "refund" && !given_back {
            continue;
        }
        let id = format!("{theirs} of {order}");
        evidence.operations.push(operation(order, kind, Some(&id)));
        evidence.provider.push(booked(order, theirs, &id, status));
        if moved != 0 {
            let transaction = format!("{kind} of {order}");
            let entries = entries(order, &transaction, "provider_receivable", moved);
            evidence.ledger.extend(entries);
        }
    }
}

/// Order hears that the money of a cancelled order went back.
fn tell_of_the_refund(evidence: &mut Evidence, order: &str) {
    let id = format!("refund of {order}");
    let event = Event {
        id: format!("event of the {id}"),
        source: "/payment".into(),
        kind: "payment.refund_processed.v1".into(),
        subject: format!("payment of {order}"),
        sequence: 4,
        data: json!({ "refund": { "refund_id": id } }),
    };
    evidence.admissions.push(Admission {
        app: "order".into(),
        source: event.source.clone(),
        id: event.id.clone(),
    });
    evidence.events.push(event);
    evidence.refunds.push(Refund {
        id,
        order_id: order.into(),
        amount: PRICE,
        cause: "undone".into(),
    });
}

fn pay_at_the_counter(evidence: &mut Evidence, order: &str) {
    evidence.payments.push(payment(order, "counter", 0));
    evidence.operations.push(operation(order, "capture", None));
    let transaction = format!("capture of {order}");
    evidence
        .ledger
        .extend(entries(order, &transaction, "cash", PRICE));
}

/// A part of an order comes back, is given for, and thrown away.
fn bring_back(evidence: &mut Evidence, order: &str) {
    evidence.returns.push(Return {
        id: "return".into(),
        order_id: order.into(),
        state: "done".into(),
        amount: BACK + FEE,
        fee: FEE,
        by_hand: false,
    });
    evidence.returned_lines.push(ReturnedLine {
        return_id: "return".into(),
        line: 1,
        quantity: 1,
        amount: BACK,
        goods: "wasted".into(),
        variation_id: "coffee".into(),
        option_ids: Vec::new(),
    });
    evidence.order_lines.push(OrderLine {
        order_id: order.into(),
        line: 1,
        quantity: 2,
        cost: PRICE,
        returned: 1,
        refunded: BACK,
    });
    let event = Event {
        id: "event of the return".into(),
        source: "/order".into(),
        kind: "order.returned.v1".into(),
        subject: "return".into(),
        sequence: 1,
        data: json!({ "lines": [] }),
    };
    evidence.admissions.push(Admission {
        app: "order".into(),
        source: event.source.clone(),
        id: event.id.clone(),
    });
    evidence.events.push(event);
    evidence.given_back.push(GivenBack {
        return_id: "return".into(),
        order_id: order.into(),
        amount: BACK + FEE,
        taxed: BACK + FEE,
        lines: BACK,
        delivery: FEE,
    });
    evidence.return_refunds.push(ReturnRefund {
        return_id: "return".into(),
        order_id: order.into(),
        amount: BACK + FEE,
        state: "succeeded".into(),
    });
    evidence.recipes.push(Recipe {
        id: "coffee".into(),
        item_id: ITEM.into(),
        quantity: 1,
    });
    for kind in ["restock", "waste"] {
        evidence.movements.push(Movement {
            return_id: Some("return".into()),
            ..movement(Some(order), kind, 1)
        });
    }
    let mut refund = operation(order, "refund", Some("refund of the return"));
    (refund.amount, refund.by_staff, refund.of_return) = (BACK + FEE, true, true);
    evidence.operations.push(refund);
    let mut line = booked(order, "refund", "refund of the return", "refunded");
    line.amount = BACK + FEE;
    evidence.provider.push(line);
    let transaction = format!("refund of {order}");
    let entries = entries(order, &transaction, "provider_receivable", -BACK - FEE);
    evidence.ledger.extend(entries);
    let own = evidence.payments.iter_mut().find(|it| it.order_id == order);
    own.expect("a payment").refunded = BACK + FEE;
}

/// An order is brought: what is paid is the same, and a part of it the fee.
fn ship(evidence: &mut Evidence, order: &str, status: &str) {
    let own = evidence.orders.iter_mut().find(|it| it.id == order);
    let own = own.expect("an order");
    (own.fee, own.courier) = (FEE, Some("booked".into()));
    own.lines -= FEE;
    let mut sold = evidence.sold.iter_mut();
    let sold = sold.find(|sold| sold.order_id == order);
    let sold = sold.expect("a sale");
    sold.delivery = FEE;
    sold.gross -= FEE;
    sold.lines -= FEE;
    evidence.shipments.push(Shipment {
        order_id: order.into(),
        status: status.into(),
        fee: FEE,
    });
    let last = if status == "delivered" {
        "shipment.delivered.v1"
    } else {
        "shipment.cancelled.v1"
    };
    for (sequence, kind) in (1..).zip(["shipment.created.v1", last]) {
        let event = Event {
            id: format!("{kind} of {order}"),
            source: "/shipping".into(),
            kind: kind.into(),
            subject: order.into(),
            sequence,
            data: json!({}),
        };
        evidence.admissions.push(Admission {
            app: "order".into(),
            source: event.source.clone(),
            id: event.id.clone(),
        });
        evidence.events.extend([event.clone(), event]);
    }
}

fn seal(evidence: &mut Evidence) {
    let heads: Vec<_> = evidence
        .orders
        .iter()
        .map(|order| {
            let mut rows = evidence.history.iter().rev();
            rows.find(|row| row.order_id == order.id)
                .expect("its last row")
        })
        .collect();
    let mut seal = Seal {
        seal: 1,
        at: 2_000,
        orders: heads.iter().map(|row| row.order_id.clone()).collect(),
        versions: heads.iter().map(|row| row.version).collect(),
        digest: String::new(),
    };
    let hashes: Vec<_> = heads.iter().map(|row| row.hash.as_str()).collect();
    seal.digest = hexadecimal(&digest(&[0; 32], &seal, &hashes));
    evidence.seals = vec![seal];
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let text = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(text, 16).expect("a byte")
        })
        .collect()
}
