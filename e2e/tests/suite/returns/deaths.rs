//! Every place where a service may die on a return's way, people's decisions among them: it dies there, comes back, and
//! money and goods move once.
//!
//! Invariant: a place counts only if the process ended while it was armed; then the provider's books, the shelf and the
//! checker are looked at.

use anyhow::{Context as _, Result, ensure};
use e2e::order::list;
use e2e::patience::until;
use e2e::{Answer, Client, Order, Part, Role, Target, checker, failpoints};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ask, given, handed_over, number, pieces, reaches, sold};
use crate::healing::press;
use crate::shop::{Shelf, times};
use crate::stack::{self, GENEROUS, browser, newcomer, ready, whole, word};

const AROUND_A_CALL: &[&str] = &["before_call", "before_commit", "after_commit"];
const AROUND_A_COMMIT: &[&str] = &["before_commit", "after_commit"];

/// The places that a return passes by itself: whose, the step, the moments.
const PLACES: [(&str, &str, &[&str]); 6] = [
    ("order", "order.return_ask", AROUND_A_COMMIT),
    ("order", "order.return_refund", AROUND_A_CALL),
    ("order", "order.return_stock", AROUND_A_CALL),
    ("order", "order.return_finish", AROUND_A_COMMIT),
    ("inventory", "inventory.return", AROUND_A_COMMIT),
    ("payment", "payment.refund", AROUND_A_CALL),
];

/// What somebody decides about a return.
struct Decision {
    /// As the return's history and the places call it.
    action: &'static str,
    /// Where the button leads.
    path: &'static str,
    /// Who presses it.
    role: Role,
    /// Where the return stands before it, and in the end.
    from: &'static str,
    to: &'static str,
    /// How it is refused once it was taken.
    taken: &'static str,
    /// Whether money is given for it, and whether goods come back.
    gives: bool,
    moves: bool,
}

const DECISIONS: [Decision; 4] = [
    Decision {
        action: "approve",
        path: "approval",
        role: Role::Manager,
        from: "waiting",
        to: "done",
        taken: "not-waiting",
        gives: true,
        moves: true,
    },
    Decision {
        action: "reject",
        path: "rejection",
        role: Role::Manager,
        from: "waiting",
        to: "rejected",
        taken: "not-waiting",
        gives: false,
        moves: false,
    },
    Decision {
        action: "retry",
        path: "retry",
        role: Role::Admin,
        from: "manual",
        to: "done",
        taken: "not-parked",
        gives: true,
        moves: true,
    },
    // Its money is given by other means, or so the note says: payment is not asked again.
    Decision {
        action: "settle",
        path: "settle",
        role: Role::Admin,
        from: "manual",
        to: "done",
        taken: "not-parked",
        gives: false,
        moves: true,
    },
];

/// How many pieces come back by a return that somebody decides: dear enough to wait for a manager.
const DEAR: i64 = 2;

/// Has a service die at a place while this goes on; returns once it is back.
async fn dying<T>(
    target: &Target,
    app: &str,
    place: &str,
    meanwhile: impl Future<Output = Result<T>>,
) -> Result<T> {
    let part = Part::App(app.to_owned());
    ready(target, app).await?;
    let before = target.instance(&part).context("it does not run")?;
    failpoints::arm(target, app, place, 0).await?;
    let done = meanwhile.await?;
    until(&format!("the end at {place}"), GENEROUS, || async {
        (target.instance(&part)? != before).then_some(())
    })
    .await?;
    ready(target, app).await?;
    Ok(done)
}

#[tokio::test]
async fn whoever_dies_on_a_returns_way_it_happens_once() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let barista = browser(&stack, Role::Barista).await?;
    // Who runs the store needs nobody's approval.
    let manager = browser(&stack, Role::Manager).await?;
    let mut places = Vec::new();
    for (app, step, moments) in PLACES {
        places.extend(
            moments
                .iter()
                .map(|moment| (app, format!("{step}.{moment}"))),
        );
    }
    let quantity = i64::try_from(places.len())?;
    let shelf = Shelf::of(&stack, "butter croissant").await?;
    let order = handed_over(&customer, &barista, "Butter croissant", quantity).await?;
    let before = sold(&shelf).await?;
    for (app, place) in &places {
        let back = async {
            let asked = ask(&manager, &order, &pieces(1, "restocked")).await?;
            reaches(&manager, &asked, "done").await
        };
        dying(&stack, app, place, back)
            .await
            .context(place.clone())?;
    }
    ensure!(
        given(&stack, &order)? == number(&order.total, "amount"),
        "the provider's books"
    );
    ensure!(times(&stack, &order.id, "refunded")? == places.len());
    came_back(&shelf, &before, quantity).await?;
    let report = checker::judge(&stack).await?;
    ensure!(report.is_sound(), "{report}");
    Ok(())
}

/// Holds what is on the shelf against what was there before so many pieces came back.
async fn came_back(shelf: &Shelf, before: &Value, pieces: i64) -> Result<()> {
    let after = shelf.level().await?;
    for count in ["available", "restocked"] {
        ensure!(
            number(&after, count) == number(before, count) + pieces,
            "{pieces} came back: {before} and then {after}"
        );
    }
    Ok(())
}

/// Returns that wait for an operator, because payment was away while they were tried.
async fn parked(
    target: &Target,
    manager: &Client,
    order: &Order,
    count: usize,
) -> Result<Vec<Value>> {
    target.put_away("payment").await?;
    let meanwhile = async {
        let (mut asked, mut parked) = (Vec::new(), Vec::new());
        // Side by side: each is tried for a while.
        for _ in 0..count {
            asked.push(ask(manager, order, &pieces(DEAR, "restocked")).await?);
        }
        for it in asked {
            parked.push(reaches(manager, &it, "manual").await?);
        }
        anyhow::Ok(parked)
    };
    let meanwhile = meanwhile.await;
    target.bring_back("payment").await?;
    whole(target).await?;
    meanwhile.context("while payment was away")
}

/// Presses a decision's button until somebody has heard it.
async fn decide(by: &Client, decision: &Decision, it: &Value) -> Result<Answer> {
    let path = format!("/api/returns/{}/{}", word(it, "id"), decision.path);
    let body = match decision.action {
        "reject" | "settle" => json!({ "note": "Decided while somebody died." }),
        _ => json!({}),
    };
    press(decision.path, || by.post(&path, &body, &[])).await
}

/// Has order die at a moment of a decision; returns when it has been taken, once.
async fn taken_once(
    target: &Target,
    by: &Client,
    decision: &Decision,
    moment: &str,
    it: &Value,
) -> Result<()> {
    let place = format!("order.return_{}.{moment}", decision.action);
    let answer = dying(target, "order", &place, decide(by, decision, it)).await?;
    if moment == "before_commit" {
        // The first press came to nothing: it is the second one that counts.
        ensure!(answer.status.is_success(), "{answer:?}");
    } else {
        let refused = answer.expect(StatusCode::CONFLICT)?.json()?;
        ensure!(
            word(&refused, "type").ends_with(decision.taken),
            "{refused}"
        );
    }
    let (id, action) = (word(it, "id"), decision.action);
    let told = format!(
        "SELECT actor, outcome FROM return_history WHERE return_id = '{id}' AND action = '{action}'"
    );
    let told = target.rows("order", &told).await?;
    ensure!(told.len() == 1, "{action} is told {} times", told.len());
    Ok(())
}

#[tokio::test]
async fn whoever_dies_while_somebody_decides_the_decision_counts_once() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let barista = browser(&stack, Role::Barista).await?;
    let manager = browser(&stack, Role::Manager).await?;
    let admin = browser(&stack, Role::Admin).await?;
    let shelf = Shelf::of(&stack, "ethiopia guji").await?;
    let places = DECISIONS.len() * AROUND_A_COMMIT.len();
    let quantity = DEAR * i64::try_from(places)?;
    let order = handed_over(&customer, &barista, "Ethiopia Guji", quantity).await?;
    let each = number(&order.total, "amount") / i64::try_from(places)?;
    let before = sold(&shelf).await?;
    let wanted = DECISIONS.iter().filter(|it| it.from == "manual");
    let wanted = wanted.count() * AROUND_A_COMMIT.len();
    let mut parked = parked(&stack, &manager, &order, wanted).await?;
    let (mut refunds, mut back) = (0, 0);
    for decision in &DECISIONS {
        let by = match decision.role {
            Role::Admin => &admin,
            _ => &manager,
        };
        for moment in AROUND_A_COMMIT {
            let it = match decision.from {
                "manual" => parked.pop().context("a parked return")?,
                _ => ask(&barista, &order, &pieces(DEAR, "restocked")).await?,
            };
            ensure!(it["state"] == decision.from, "{it}");
            let taken = async {
                taken_once(&stack, by, decision, moment, &it).await?;
                // The operator sees the queue, the store's staff the returns.
                reaches(&manager, &it, decision.to).await
            };
            taken
                .await
                .with_context(|| format!("{} {moment}", decision.action))?;
            refunds += usize::from(decision.gives);
            back += DEAR * i64::from(decision.moves);
        }
    }
    let queue = admin.get("/api/returns?limit=100").await?;
    let queue = queue.expect(StatusCode::OK)?.json()?;
    let mut left = list(&queue["items"]).iter();
    ensure!(
        !left.any(|it| it["order_id"] == order.id.as_str()),
        "{queue}"
    );
    ensure!(times(&stack, &order.id, "refunded")? == refunds);
    ensure!(
        given(&stack, &order)? == each * i64::try_from(refunds)?,
        "the provider's books"
    );
    came_back(&shelf, &before, back).await?;
    let report = checker::judge(&stack).await?;
    ensure!(report.is_sound(), "{report}");
    Ok(())
}
