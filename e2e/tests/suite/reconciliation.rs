//! Reconciliation: what is planted at the provider or in payment's tables is found, told with its remedy, and mended.
//!
//! Invariant: the tables are put right again, and what the provider's books can't lose is settled with a note.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use e2e::client::fresh;
use e2e::order::list;
use e2e::patience::until;
use e2e::{Client, Role, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{Desk, ENDS, PAID, ends, order_by_card, outcome};
use crate::stack::{self, browser, newcomer, word};

/// The provider's clock and payment's is the database's here.
async fn now(target: &Target) -> Result<DateTime<Utc>> {
    let rows = target
        .rows("payment", "SELECT clock_timestamp() AS now")
        .await?;
    let now = rows.first().map(|row| word(row, "now").to_owned());
    Ok(now.context("a row")?.parse::<DateTime<Utc>>()?)
}

/// Has everything until now compared; answers the report.
async fn reconciled(target: &Target, admin: &Client) -> Result<Value> {
    let to = now(target).await?;
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let body = json!({ "from": instant(to - TimeDelta::days(30)), "to": instant(to) });
    let wanted = admin.post("/api/reconciliations", &body, &[]).await?;
    let wanted = wanted.expect(StatusCode::ACCEPTED)?.json()?;
    let path = format!(
        "/api/reconciliations/{}",
        word(&wanted, "reconciliation_id")
    );
    until("the reconciliation", ENDS, || async {
        let report = admin.get(&path).await.ok()?.json().ok()?;
        (report["state"] == "finished").then_some(report)
    })
    .await
}

/// What a reconciliation found.
async fn found(admin: &Client, report: &Value) -> Result<Vec<Value>> {
    let id = word(report, "reconciliation_id");
    let path = format!("/api/divergences?reconciliation={id}&state=all&limit=100");
    let page = admin.get(&path).await?.expect(StatusCode::OK)?.json()?;
    Ok(list(&page["items"]).to_vec())
}

/// What the provider calls what it did for an order.
fn id_of(target: &Target, order: &str, status: &str) -> Result<String> {
    let books = target.books()?;
    let line = books
        .iter()
        .find(|line| line["reference"] == order && line["status"] == status);
    Ok(word(line.context("a line")?, "id").to_owned())
}

/// Who pays, and what is planted.
struct Planting<'t> {
    target: &'t Target,
    desk: Desk,
    customer: Client,
    planted: BTreeSet<(&'static str, String)>,
    /// Statements that put payment's tables right again.
    undo: Vec<String>,
}

impl Planting<'_> {
    async fn paid(&self) -> Result<String> {
        let order = order_by_card(&self.customer, "tok_visa").await?;
        Ok(ends(&self.customer, &order.id, PAID).await?.id)
    }

    /// Has the provider take money, which payment did not ask for.
    async fn take(&self, reference: &str) -> Result<String> {
        let amount = json!({ "amount": 500, "currency": "EUR" });
        let purchase = json!({ "reference": reference, "token": "tok_visa", "amount": amount });
        let id = self.desk.does("/v1/authorisations", &purchase).await?;
        let path = format!("/v1/authorisations/{id}/captures");
        self.desk.does(&path, &json!({ "amount": amount })).await
    }

    async fn give_back(&self, capture: &str, amount: i64) -> Result<String> {
        let body = json!({ "amount": { "amount": amount, "currency": "EUR" } });
        let path = format!("/v1/captures/{capture}/refunds");
        self.desk.does(&path, &body).await
    }

    /// Plants at the provider; answers the captures that nobody here knows.
    async fn at_the_provider(&mut self) -> Result<[String; 2]> {
        let stranger = Uuid::parse_str(&fresh())?.to_string();
        let unknown = self.take(&stranger).await?;
        self.planted.insert(("unknown_here", stranger));
        let order = self.paid().await?;
        let twice = self.take(&order).await?;
        self.planted.insert(("captured_twice", order));
        let order = self.paid().await?;
        self.give_back(&id_of(self.target, &order, "captured")?, 1)
            .await?;
        self.planted.insert(("refunded_there", order));
        Ok([unknown, twice])
    }

    /// Plants in payment's tables.
    async fn in_the_tables(&mut self) -> Result<()> {
        let of = |order: &str| {
            format!("payment_id = (SELECT id FROM payments WHERE order_id = '{order}')")
        };
        let order = self.paid().await?;
        let own = of(&order);
        self.change(
            "amount_differs",
            &order,
            &format!(
                "UPDATE operations SET amount = amount + 1 WHERE kind = 'authorise' AND {own}"
            ),
            &format!(
                "UPDATE operations SET amount = amount - 1 WHERE kind = 'authorise' AND {own}"
            ),
        )
        .await?;
        let order = self.paid().await?;
        self.change(
            "currency_differs",
            &order,
            &format!("UPDATE payments SET currency = 'USD' WHERE order_id = '{order}'"),
            &format!("UPDATE payments SET currency = 'EUR' WHERE order_id = '{order}'"),
        )
        .await?;
        let order = self.paid().await?;
        let own = of(&order);
        self.change(
            "state_differs",
            &order,
            &format!(
                "UPDATE operations SET state = 'refused', code = 'planted' WHERE kind = 'capture' AND {own}"
            ),
            &format!(
                "UPDATE operations SET state = 'succeeded', code = NULL WHERE kind = 'capture' AND {own}"
            ),
        )
        .await?;
        let order = self.paid().await?;
        let own = of(&order);
        self.change(
            "refunded_here",
            &order,
            &format!(
                "INSERT INTO operations SELECT gen_random_uuid(), payment_id, 'refund', 1, 'planted ' || payment_id, 1,
                 'succeeded', 're_planted', NULL, actor, reason, 1, started_at, settled_at, leased_until, due_at
                 FROM operations WHERE kind = 'capture' AND {own}"
            ),
            &format!("DELETE FROM operations WHERE provider_id = 're_planted' AND {own}"),
        )
        .await?;
        let order = Uuid::parse_str(&fresh())?.to_string();
        let own = of(&order);
        self.change(
            "unknown_there",
            &order,
            &format!(
                "WITH planted AS (
                     INSERT INTO payments (id, order_id, store_id, method, status, currency, amount, fingerprint, version,
                                           created_at, updated_at)
                     VALUES (gen_random_uuid(), '{order}', gen_random_uuid(), 'card', 'authorised', 'EUR', 500, '', 1,
                             now(), now())
                     RETURNING id
                 )
                 INSERT INTO operations (id, payment_id, kind, number, provider_key, amount, state, provider_id, actor,
                                         tries, started_at, settled_at, leased_until, due_at)
                 SELECT gen_random_uuid(), id, 'authorise', 1, '{order}:authorise', 500, 'succeeded', 'au_planted',
                        'nobody', 1, now(), now(), now(), now() FROM planted"
            ),
            &format!("DELETE FROM operations WHERE {own}; DELETE FROM payments WHERE order_id = '{order}'"),
        )
        .await?;
        let order = self.paid().await?;
        let own = of(&order);
        // Without which the ledger can't be changed.
        let anyhow = "SET session_replication_role = replica";
        self.change(
            "ledger_differs",
            &order,
            &format!("{anyhow}; UPDATE ledger SET amount = 2 * amount WHERE {own}"),
            &format!("{anyhow}; UPDATE ledger SET amount = amount / 2 WHERE {own}"),
        )
        .await
    }

    async fn change(
        &mut self,
        kind: &'static str,
        order: &str,
        plant: &str,
        undo: &str,
    ) -> Result<()> {
        self.target.execute("payment", plant).await?;
        self.undo.push(undo.to_owned());
        self.planted.insert((kind, order.to_owned()));
        Ok(())
    }

    async fn put_right(&mut self) -> Result<()> {
        for statement in self.undo.drain(..) {
            self.target.execute("payment", &statement).await?;
        }
        Ok(())
    }
}

fn told(found: &[Value]) -> BTreeSet<(&str, String)> {
    found
        .iter()
        .map(|one| (word(one, "kind"), word(one, "reference").to_owned()))
        .collect()
}

#[tokio::test]
async fn what_is_planted_is_found_with_its_remedy_and_mended() -> Result<()> {
    let stack = stack::alone().await?;
    let admin = browser(&stack, Role::Admin).await?;
    let customer = newcomer(&stack).await?;
    for token in ["tok_visa", "tok_declined", "tok_lost_capture"] {
        let order = order_by_card(&customer, token).await?;
        outcome(&customer, &order.id).await?;
    }
    let clean = reconciled(&stack, &admin).await?;
    let differs = found(&admin, &clean).await?;
    ensure!(
        differs.is_empty(),
        "before anything was planted: {differs:#?}"
    );
    ensure!(
        clean["ours"] == clean["theirs"] && !list(&clean["ours"]).is_empty(),
        "{clean}"
    );

    let mut planting = Planting {
        target: &stack,
        desk: Desk::of(&stack).await?,
        customer,
        planted: BTreeSet::new(),
        undo: Vec::new(),
    };
    let [unknown, twice] = planting.at_the_provider().await?;
    let tables = planting.in_the_tables().await;
    let report = reconciled(&stack, &admin).await;
    // Whatever came of it: others need the tables as they were.
    planting.put_right().await?;
    tables?;
    let report = report?;
    let differs = found(&admin, &report).await?;
    ensure!(
        told(&differs) == planting.planted && differs.len() == planting.planted.len(),
        "{:#?} rather than {:#?}",
        differs,
        planting.planted
    );
    for one in &differs {
        let (remedy, order) = (word(one, "remedy"), word(one, "reference"));
        ensure!(remedy.contains(order), "{one}");
    }

    planting.give_back(&unknown, 500).await?;
    planting.give_back(&twice, 500).await?;
    let by_hand = differs.iter().find(|one| one["kind"] == "refunded_there");
    let by_hand = word(by_hand.context("it was found")?, "divergence_id").to_owned();
    let path = format!("/api/divergences/{by_hand}/settle");
    let note = json!({ "note": "The customer was given a cent for the jukebox." });
    let refused = planting.customer.post(&path, &note, &[]).await?;
    refused.expect(StatusCode::FORBIDDEN)?;
    let settled = admin.post(&path, &note, &[]).await?;
    settled.expect(StatusCode::OK)?;
    let report = reconciled(&stack, &admin).await?;
    let left = found(&admin, &report).await?;
    ensure!(
        left.len() == 1 && word(&left[0], "divergence_id") == by_hand && !left[0]["note"].is_null(),
        "{left:#?}"
    );
    let open = admin.get("/api/divergences?limit=100").await?;
    let open = open.expect(StatusCode::OK)?.json()?;
    ensure!(list(&open["items"]).is_empty(), "{open}");
    Ok(())
}
