//! I14: the sales are what the orders and their returns say.
//!
//! Invariant: what should be there is worked out from the orders and the returns; the read model is only compared.

use std::collections::{HashMap, HashSet};

use super::evidence::{Evidence, GivenBack, Sold};
use super::{Invariant, Verdict};

/// I14: each order that was told of with its lines is in the sales as it stands, each return that is done as it was given,
/// and nothing else is. Of what order gave up hearing, as long as it waits for an operator, nothing is said.
pub(super) fn equal_the_orders(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I14);
    // What was told before events had lines is no sale.
    let told: HashSet<&str> = evidence
        .events
        .iter()
        .filter(|event| event.source == "/order" && event.data["lines"].is_array())
        .map(|event| event.subject.as_str())
        .collect();
    let given_up = given_up(evidence);
    let told = &told - &given_up;
    let mut sold: HashMap<&str, &Sold> = HashMap::new();
    for row in &evidence.sold {
        if !given_up.contains(row.order_id.as_str()) {
            sold.insert(&row.order_id, row);
        }
    }
    let orders = evidence.orders.iter();
    for order in orders.filter(|order| told.contains(order.id.as_str())) {
        let due = Sold {
            order_id: order.id.clone(),
            store_id: order.store_id.clone(),
            checkout: order.checkout.clone(),
            currency: order.currency.clone(),
            gross: order.lines,
            discount: order.shares,
            delivery: order.fee,
            tip: order.tip,
            total: order.total,
            taxed: order.taxed,
            lines: order.lines,
            version: order.version,
        };
        match sold.remove(order.id.as_str()) {
            None => verdict.violated(&order.id, "it is not among the sales"),
            Some(row) if *row != due => {
                verdict.violated(&order.id, format!("sold as {row:?} rather than {due:?}"));
            }
            Some(_) => {}
        }
    }
    for order in sold.keys() {
        verdict.violated(order, "it is sold, and is no such order");
    }
    given_back(evidence, &told, &given_up, &mut verdict);
    verdict.saw(evidence.sold.len(), "sales");
    verdict.saw(evidence.given_back.len(), "returns");
    verdict
}

/// Of which orders and returns an event waits among order's dead letters.
fn given_up(evidence: &Evidence) -> HashSet<&str> {
    let letters = evidence.dead_letters.iter();
    let waiting: HashSet<_> = letters
        .filter(|letter| letter.app == "order" && !letter.redriven)
        .map(|letter| (letter.source.as_str(), letter.event_id.as_str()))
        .collect();
    let events = evidence.events.iter();
    events
        .filter(|event| waiting.contains(&(event.source.as_str(), event.id.as_str())))
        .map(|event| event.subject.as_str())
        .collect()
}

fn given_back(
    evidence: &Evidence,
    told: &HashSet<&str>,
    given_up: &HashSet<&str>,
    verdict: &mut Verdict,
) {
    let mut given: HashMap<&str, &GivenBack> = HashMap::new();
    for row in &evidence.given_back {
        if !given_up.contains(row.return_id.as_str()) {
            given.insert(&row.return_id, row);
        }
    }
    let done = evidence.returns.iter().filter(|it| it.state == "done");
    for it in done.filter(|it| told.contains(it.id.as_str())) {
        let due = GivenBack {
            return_id: it.id.clone(),
            order_id: it.order_id.clone(),
            amount: it.amount,
            taxed: it.amount,
            lines: it.amount - it.fee,
            delivery: it.fee,
        };
        match given.remove(it.id.as_str()) {
            None => verdict.violated(&it.id, "it is done, and not among the sales' returns"),
            Some(row) if *row != due => {
                verdict.violated(&it.id, format!("given as {row:?} rather than {due:?}"));
            }
            Some(_) => {}
        }
    }
    for id in given.keys() {
        verdict.violated(id, "it was given for, and is no return that is done");
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::DeadLetter;
    use super::super::sample;
    use super::*;

    #[test]
    fn what_waits_for_an_operator_is_excused_until_it_was_redriven() {
        for (redriven, violations) in [(false, 0), (true, 1)] {
            let mut evidence = sample::sound();
            evidence.sold[0].checkout = "confirmed".into();
            evidence.dead_letters.push(DeadLetter {
                app: "order".into(),
                source: "/order".into(),
                event_id: "event 6 of card".into(),
                redriven,
            });
            let verdict = equal_the_orders(&evidence);
            assert_eq!(verdict.violations.len(), violations, "{verdict:?}");
        }
    }
}
