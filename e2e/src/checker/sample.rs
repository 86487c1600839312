//! A small sound system for the checker's own tests, and one way to spoil it for each thing that is decided.
//!
//! Invariant: every row of [`SPOILED`] breaks exactly the invariant that it names.

use serde_json::json;

use super::Invariant;
use super::audit::{digest, hash, hexadecimal};
use super::evidence::{
    Admission, Booked, Checkout, Entered, Event, Evidence, GivenBack, Leak, Level, Movement,
    Operation, Order, OrderLine, Payment, Recipe, Reservation, Return, ReturnRefund, ReturnedLine,
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
/// What is given for the return.
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
        data: json!({ "payment": { "method": method }, "total": { "amount": PRICE }, "lines": [] }),
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
        amount: BACK,
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
        amount: BACK,
        taxed: BACK,
        lines: BACK,
    });
    evidence.return_refunds.push(ReturnRefund {
        return_id: "return".into(),
        order_id: order.into(),
        amount: BACK,
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
    (refund.amount, refund.by_staff) = (BACK, true);
    evidence.operations.push(refund);
    let mut line = booked(order, "refund", "refund of the return", "refunded");
    line.amount = BACK;
    evidence.provider.push(line);
    let transaction = format!("refund of {order}");
    let entries = entries(order, &transaction, "provider_receivable", -BACK);
    evidence.ledger.extend(entries);
    let own = evidence.payments.iter_mut().find(|it| it.order_id == order);
    own.expect("a payment").refunded = BACK;
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

/// Makes the history of an order anew, with a sound chain; what it says is the test's business.
fn retell(evidence: &mut Evidence, id: &str, steps: &[Step]) {
    evidence.history.retain(|row| row.order_id != id);
    for (version, step) in (1..).zip(steps) {
        transition(evidence, id, version, *step);
    }
    let last = evidence.history.last_mut().expect("some");
    last.written_by = format!("last of {id}");
    seal(evidence);
}

/// What is wrong, which invariant that breaks, and how it is done.
type Spoiled = (&'static str, Invariant, fn(&mut Evidence));

pub(super) const SPOILED: &[Spoiled] = &[
    ("an acknowledged order is gone", Invariant::I1, |it| {
        it.asked[0].order = Some("nowhere".into());
    }),
    ("a saga never ends", Invariant::I1, |it| {
        it.checkouts[0].state = "running".into();
    }),
    ("a saga and its order disagree", Invariant::I1, |it| {
        it.checkouts[0].direction = "back".into();
    }),
    ("an order has no saga", Invariant::I1, |it| {
        drop(it.checkouts.remove(0));
    }),
    (
        "an acknowledged cancellation came to nothing",
        Invariant::I1,
        |it| {
            let cancelled = it.asked.last_mut().expect("the cancellation");
            cancelled.order = Some("card".into());
        },
    ),
    ("the provider captured twice", Invariant::I2, |it| {
        it.provider
            .push(booked("card", "capture", "another", "captured"));
    }),
    (
        "the provider holds what we know nothing of",
        Invariant::I2,
        |it| {
            it.provider.push(booked(
                "elsewhere",
                "authorisation",
                "another",
                "authorised",
            ));
        },
    ),
    (
        "we believe in what the provider never did",
        Invariant::I2,
        |it| {
            let mut refund = operation("card", "void", Some("nothing"));
            refund.id = "another".into();
            it.operations.push(refund);
        },
    ),
    ("both tell different amounts", Invariant::I2, |it| {
        it.provider[1].amount = PRICE + 1;
    }),
    ("an outcome stays unknown", Invariant::I2, |it| {
        let mut operation = operation("card", "void", Some("void"));
        operation.state = "open".into();
        it.operations.push(operation);
    }),
    ("stock below zero", Invariant::I3, |it| {
        it.levels[0].available -= 9;
        it.movements.push(movement(None, "adjustment", -9));
        it.levels[0].adjusted -= 9;
    }),
    ("stock out of nowhere", Invariant::I3, |it| {
        it.levels[0].available += 1;
    }),
    ("stock made up without a movement", Invariant::I3, |it| {
        it.levels[0].available += 1;
        it.levels[0].adjusted += 1;
    }),
    ("stock reserved for nobody", Invariant::I3, |it| {
        it.levels[0].available -= 1;
        it.levels[0].reserved += 1;
        it.movements.push(movement(None, "reservation", 1));
    }),
    ("an unbalanced transaction", Invariant::I4, |it| {
        it.ledger[1].amount += 1;
    }),
    ("an unbooked capture", Invariant::I4, |it| {
        drop(it.ledger.drain(..2));
    }),
    ("money that moved for nothing", Invariant::I4, |it| {
        it.ledger.extend(entries("card", "nothing", "cash", 5));
    }),
    ("a completed order that was not paid", Invariant::I5, |it| {
        it.payments[2].captured = 0;
    }),
    ("a cancelled order that was", Invariant::I5, |it| {
        let payment = &mut it.payments[1];
        payment.refunded = 0;
    }),
    ("an event that waits for ever", Invariant::I6, |it| {
        it.outboxes[0].events = 1;
    }),
    ("an event that was never published", Invariant::I6, |it| {
        it.events.retain(|event| event.id != "event 1 of card");
    }),
    ("a transition that was told twice", Invariant::I6, |it| {
        let mut again = it.events[0].clone();
        again.id = "another".into();
        again.subject = "elsewhere".into();
        again.kind = "order.confirmed.v1".into();
        it.events.push(again);
    }),
    ("an effect without its admission", Invariant::I6, |it| {
        it.admissions.retain(|row| row.id != "event 6 of counter");
    }),
    ("a sale that is booked twice", Invariant::I6, |it| {
        it.movements.push(movement(Some("card"), "restock", -1));
        it.levels[0].available -= 1;
        it.levels[0].restocked -= 1;
    }),
    ("a confirmed order that sold nothing", Invariant::I6, |it| {
        it.reservations[0].status = "expired".into();
    }),
    ("an audit row that was changed", Invariant::I7, |it| {
        it.history[1].actor = "nobody".into();
    }),
    ("an audit row of another transaction", Invariant::I7, |it| {
        it.orders[0].written_by = "another".into();
    }),
    ("a broken seal", Invariant::I7, |it| it.seals[0].at += 1),
    ("an unsealed transition", Invariant::I7, |it| {
        it.unsealed = 1;
    }),
    ("an illegal step", Invariant::I8, |it| {
        let steps = [
            CONFIRMED[0],
            CONFIRMED[1],
            MADE[1],
            MADE[1],
            MADE[2],
            MADE[3],
        ];
        retell(it, "card", &steps);
    }),
    (
        "a status that history does not lead to",
        Invariant::I8,
        |it| {
            it.orders[2].fulfilment = "ready".into();
        },
    ),
    ("events out of order", Invariant::I8, |it| {
        let last = it.events.len() - 1;
        it.events.swap(last, 0);
        it.events.swap(last - 1, 1);
    }),
    ("two orders under one key", Invariant::I9, |it| {
        it.asked[1].key = it.asked[0].key.clone();
    }),
    ("a slot keeps what was cancelled", Invariant::I11, |it| {
        it.slots[0].taken = 3;
    }),
    ("a slot is oversold", Invariant::I11, |it| {
        it.slots[0].capacity = 1;
    }),
    ("a slot was given back twice", Invariant::I11, |it| {
        it.slots[0].taken = 1;
    }),
    (
        "an order holds a slot of another store",
        Invariant::I11,
        |it| {
            it.orders[0].store_id = "store-2".into();
            it.sold[0].store_id = "store-2".into();
        },
    ),
    ("a discount that no line bears", Invariant::I12, |it| {
        it.orders[0].shares = 0;
        it.sold[0].discount = 0;
    }),
    ("a line that nobody pays", Invariant::I12, |it| {
        it.orders[0].lines += 1;
        it.sold[0].gross += 1;
        it.sold[0].lines += 1;
    }),
    ("a fee that nobody was told of", Invariant::I12, |it| {
        it.orders[0].fee += 1;
        it.shipments[0].fee += 1;
        it.sold[0].delivery += 1;
    }),
    ("a tip that is taxed", Invariant::I12, |it| {
        it.orders[0].taxed += TIP;
        it.sold[0].taxed += TIP;
    }),
    ("a return that was never refunded", Invariant::I13, |it| {
        it.return_refunds.clear();
    }),
    ("a return that was refunded twice", Invariant::I13, |it| {
        let again = it.return_refunds[0].clone();
        it.return_refunds.push(again);
    }),
    (
        "a return that was rejected and refunded",
        Invariant::I13,
        |it| {
            it.returns[0].state = "rejected".into();
            it.order_lines.clear();
            it.given_back.clear();
        },
    ),
    ("more came back than was ordered", Invariant::I13, |it| {
        it.order_lines[0].quantity = 0;
    }),
    ("more was given than the line cost", Invariant::I13, |it| {
        it.order_lines[0].cost = BACK - 1;
    }),
    ("a line that miscounts its returns", Invariant::I13, |it| {
        it.order_lines[0].refunded = 0;
    }),
    (
        "a return of other goods than its lines",
        Invariant::I13,
        |it| {
            it.recipes[0].quantity = 2;
        },
    ),
    ("a return that goes on for ever", Invariant::I13, |it| {
        it.returns[0].state = "running".into();
        it.given_back.clear();
    }),
    (
        "an order that is not among the sales",
        Invariant::I14,
        |it| {
            drop(it.sold.remove(1));
        },
    ),
    (
        "an order that is sold otherwise than it is",
        Invariant::I14,
        |it| {
            it.sold[0].total += 1;
        },
    ),
    (
        "an order that was cancelled and is sold",
        Invariant::I14,
        |it| {
            it.sold[2].checkout = "confirmed".into();
        },
    ),
    ("a sale of nothing", Invariant::I14, |it| {
        let mut another = it.sold[0].clone();
        another.order_id = "nowhere".into();
        it.sold.push(another);
    }),
    (
        "a return that is not among the sales",
        Invariant::I14,
        |it| {
            it.given_back.clear();
        },
    ),
    (
        "a return that the sales have otherwise",
        Invariant::I14,
        |it| {
            it.given_back[0].lines -= 1;
        },
    ),
    ("an order that nobody brings", Invariant::I15, |it| {
        it.shipments.retain(|shipment| shipment.order_id != "card");
    }),
    ("another fee than the shipment's", Invariant::I15, |it| {
        it.shipments[0].fee += 1;
    }),
    (
        "a completed order that is still on its way",
        Invariant::I15,
        |it| {
            it.shipments[0].status = "dispatched".into();
        },
    ),
    (
        "a cancelled order that a courier is booked for",
        Invariant::I15,
        |it| {
            it.shipments[1].status = "booked".into();
        },
    ),
    ("a cancelled order that was brought", Invariant::I15, |it| {
        it.shipments[1].status = "delivered".into();
    }),
    ("a shipment of no order", Invariant::I15, |it| {
        it.shipments.push(Shipment {
            order_id: "elsewhere".into(),
            ..it.shipments[0].clone()
        });
    }),
    ("an order that was brought twice", Invariant::I15, |it| {
        let told = |event: &&Event| event.kind == "shipment.delivered.v1";
        let mut again = it.events.iter().find(told).expect("it").clone();
        (again.id, again.sequence) = ("another".into(), 3);
        it.admissions.push(Admission {
            app: "order".into(),
            source: again.source.clone(),
            id: again.id.clone(),
        });
        it.events.push(again);
    }),
    ("a secret in a log", Invariant::I10, |it| {
        it.leaks.push(Leak {
            secret: "a password".into(),
            place: "order.log".into(),
        });
    }),
];
