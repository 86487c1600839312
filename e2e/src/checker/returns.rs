//! I13: what comes back of an order is within it, is given for once, and is booked once; and what was
//! given back besides is known to it.
//!
//! Invariant: what a return should have moved is worked out from its lines and the recipes; what order says of money and
//! inventory of goods is only compared.

use std::collections::{BTreeMap, HashMap};

use super::evidence::{Evidence, Return, ReturnedLine};
use super::{Invariant, Verdict, refunds};

/// By item, how much came back and how much of that was thrown away.
type Goods<'e> = BTreeMap<&'e str, (i64, i64)>;

/// I13.
pub(super) fn given_and_taken_once(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I13);
    let returns: HashMap<&str, &Return> = evidence
        .returns
        .iter()
        .map(|it| (it.id.as_str(), it))
        .collect();
    within_the_lines(evidence, &returns, &mut verdict);
    refunded(evidence, &returns, &mut verdict);
    taken_back(evidence, &returns, &mut verdict);
    refunds::are_on_receipts(evidence, &mut verdict);
    for it in evidence.returns.iter().filter(|it| it.state == "running") {
        verdict.violated(&it.id, "it goes on for ever");
    }
    verdict.saw(evidence.returns.len(), "returns");
    verdict
}

/// No more of a line than was ordered, and what the line counts is what its returns say.
fn within_the_lines(evidence: &Evidence, returns: &HashMap<&str, &Return>, verdict: &mut Verdict) {
    let mut back: BTreeMap<(&str, i64), (i64, i64)> = BTreeMap::new();
    let mut amounts: HashMap<&str, i64> = HashMap::new();
    for row in &evidence.returned_lines {
        let Some(it) = returns.get(row.return_id.as_str()) else {
            verdict.violated(&row.return_id, "it has lines, and is no return");
            continue;
        };
        *amounts.entry(&it.id).or_default() += row.amount;
        if it.state != "rejected" {
            let sum = back.entry((&it.order_id, row.line)).or_default();
            sum.0 += row.quantity;
            sum.1 += row.amount;
        }
    }
    for it in returns.values() {
        let lines = amounts.get(it.id.as_str()).copied().unwrap_or_default();
        let (amount, fee) = (it.amount, it.fee);
        if lines + fee != amount {
            verdict.violated(
                &it.id,
                format!("it is of {amount}, its lines of {lines}, its fee of {fee}"),
            );
        }
    }
    fees(evidence, verdict);
    for line in &evidence.order_lines {
        let counted = (line.returned, line.refunded);
        let of_returns = back.remove(&(&line.order_id, line.line));
        let of_returns = of_returns.unwrap_or_default();
        let about = format!("line {} of {}", line.line, line.order_id);
        if counted != of_returns {
            verdict.violated(
                &about,
                format!("it counts {counted:?}, its returns say {of_returns:?}"),
            );
        }
        if of_returns.0 > line.quantity || of_returns.1 > line.cost {
            let ordered = (line.quantity, line.cost);
            verdict.violated(&about, format!("{of_returns:?} came back of {ordered:?}"));
        }
    }
    for ((order, line), sum) in back {
        let about = format!("line {line} of {order}");
        verdict.violated(
            about,
            format!("{sum:?} came back, and there is no such line"),
        );
    }
}

/// What bringing an order cost is given back whole, and once.
fn fees(evidence: &Evidence, verdict: &mut Verdict) {
    let mut given: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let counts = |it: &&Return| it.fee != 0 && it.state != "rejected";
    for it in evidence.returns.iter().filter(counts) {
        given.entry(&it.order_id).or_default().push(it.fee);
    }
    for order in &evidence.orders {
        let given = given.remove(order.id.as_str()).unwrap_or_default();
        if !given.is_empty() && given != [order.fee] {
            let fee = order.fee;
            verdict.violated(&order.id, format!("{given:?} was given of a fee of {fee}"));
        }
    }
    for order in given.keys() {
        verdict.violated(order, "its fee was given back, and it is no order");
    }
}

/// What was given for a return is what it says, once; for one that was not let go on, nothing. All of them together are
/// no more than was taken.
fn refunded(evidence: &Evidence, returns: &HashMap<&str, &Return>, verdict: &mut Verdict) {
    let mut given: BTreeMap<&str, i64> = BTreeMap::new();
    let mut of_order: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &evidence.return_refunds {
        let Some(it) = returns.get(row.return_id.as_str()) else {
            verdict.violated(&row.return_id, "it was refunded, and is no return");
            continue;
        };
        if row.order_id != it.order_id {
            let (order, other) = (&it.order_id, &row.order_id);
            verdict.violated(&it.id, format!("it is of {order}, refunded to {other}"));
        }
        if row.state == "succeeded" {
            *given.entry(&it.id).or_default() += row.amount;
            *of_order.entry(&it.order_id).or_default() += row.amount;
        }
    }
    for it in returns.values() {
        let given = given.get(it.id.as_str()).copied().unwrap_or_default();
        let due: &[i64] = match it.state.as_str() {
            // What was done by hand, or may be, is a person's word.
            "done" if it.by_hand => &[0, it.amount],
            "done" => &[it.amount],
            "manual" | "running" => &[0, it.amount],
            _ => &[0],
        };
        if !due.contains(&given) {
            let state = &it.state;
            verdict.violated(
                &it.id,
                format!("it is {state}, and {given} was given rather than {due:?}"),
            );
        }
    }
    for payment in &evidence.payments {
        let given = of_order.remove(payment.order_id.as_str());
        let given = given.unwrap_or_default();
        if given > payment.captured {
            let captured = payment.captured;
            verdict.violated(
                &payment.order_id,
                format!("{given} was given back for returns of {captured} taken"),
            );
        }
    }
    for (order, given) in of_order {
        verdict.violated(order, format!("{given} was given back, and it never paid"));
    }
}

/// What a return moved is what its lines are made of.
fn taken_back(evidence: &Evidence, returns: &HashMap<&str, &Return>, verdict: &mut Verdict) {
    let mut moved: BTreeMap<&str, Goods<'_>> = BTreeMap::new();
    for row in &evidence.movements {
        let Some(id) = row.return_id.as_deref() else {
            continue;
        };
        let Some(it) = returns.get(id) else {
            verdict.violated(id, "it moved stock, and is no return");
            continue;
        };
        if row.order_id.as_deref() != Some(it.order_id.as_str()) {
            verdict.violated(id, format!("it moved stock of {:?}", row.order_id));
        }
        let goods = moved.entry(id).or_default();
        let sum = goods.entry(&row.item_id).or_default();
        match row.kind.as_str() {
            "restock" => sum.0 += row.quantity,
            "waste" => sum.1 += row.quantity,
            kind => verdict.violated(id, format!("it made a movement of the kind {kind}")),
        }
    }
    let mut due: BTreeMap<&str, Goods<'_>> = BTreeMap::new();
    for row in &evidence.returned_lines {
        let goods = due.entry(&row.return_id).or_default();
        made_of(evidence, row, goods);
    }
    for it in returns.values() {
        let moved = moved.remove(it.id.as_str()).unwrap_or_default();
        let due = due.remove(it.id.as_str()).unwrap_or_default();
        let may_be_none = it.by_hand || it.state != "done";
        let may_be_all = !["waiting", "rejected"].contains(&it.state.as_str());
        let sound = (may_be_all && moved == due) || (may_be_none && moved.is_empty());
        if !sound {
            let state = &it.state;
            verdict.violated(
                &it.id,
                format!("it is {state} and moved {moved:?}, its lines are {due:?}"),
            );
        }
    }
}

/// Adds what a line that came back is made of.
fn made_of<'e>(evidence: &'e Evidence, row: &ReturnedLine, goods: &mut Goods<'e>) {
    if row.goods == "kept" {
        return;
    }
    let chosen = std::iter::once(&row.variation_id).chain(&row.option_ids);
    for id in chosen {
        for portion in evidence.recipes.iter().filter(|portion| portion.id == *id) {
            let sum = goods.entry(&portion.item_id).or_default();
            let quantity = portion.quantity * row.quantity;
            sum.0 += quantity;
            if row.goods == "wasted" {
                sum.1 += quantity;
            }
        }
    }
}
