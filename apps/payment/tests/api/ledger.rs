//! The ledger defends itself: PostgreSQL refuses what does not balance, and every change of what was booked.

use service::database;

use crate::world::World;

const INSERT: &str = "INSERT INTO ledger (transaction_id, payment_id, account, amount, currency, at)
                      SELECT $1, id, account, entry.amount, entry.currency, now()
                      FROM payments, unnest($2::text[], $3::bigint[], $4::text[]) AS entry (account, amount, currency)";

#[tokio::test]
async fn a_transaction_that_does_not_sum_to_zero_is_refused_at_commit() {
    let world = World::new().await;
    world.captured().await;
    for (accounts, amounts, balanced) in [
        (&["cash"][..], &[1][..], false),
        (&["cash", "sales"], &[5, -4], false),
        (&["cash", "sales"], &[5, -5], true),
        (
            &["cash", "provider_receivable", "sales"],
            &[5, 5, -10],
            true,
        ),
    ] {
        let currencies = vec!["EUR"; accounts.len()];
        let mut transaction = database::begin(world.db()).await.expect("a transaction");
        sqlx::query(INSERT)
            .bind(world.app.ids.next())
            .bind(accounts)
            .bind(amounts)
            .bind(&currencies)
            .execute(&mut *transaction)
            .await
            .expect("at first everything goes");
        let committed = transaction.commit().await;
        assert_eq!(committed.is_ok(), balanced, "{accounts:?} {amounts:?}");
        if let Err(error) = committed {
            let error = error.into_database_error().expect("the database's");
            assert_eq!(error.constraint(), Some("ledger_balances"));
        }
    }
}

#[tokio::test]
async fn two_currencies_do_not_balance_each_other() {
    let world = World::new().await;
    world.captured().await;
    let mut transaction = database::begin(world.db()).await.expect("a transaction");
    let transaction_id = world.app.ids.next();
    for (account, amount, currency) in [("cash", 5_i64, "EUR"), ("sales", -5, "USD")] {
        sqlx::query(
            "INSERT INTO ledger (transaction_id, payment_id, account, amount, currency, at)
             SELECT $1, id, $2, $3, $4, now() FROM payments",
        )
        .bind(transaction_id)
        .bind(account)
        .bind(amount)
        .bind(currency)
        .execute(&mut *transaction)
        .await
        .expect("at first everything goes");
    }
    assert!(transaction.commit().await.is_err());
}

#[tokio::test]
async fn what_was_booked_stays_as_it_is() {
    let world = World::new().await;
    let order = world.captured().await;
    for sql in [
        "UPDATE ledger SET amount = 2 * amount",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
    ] {
        let error = sqlx::query(sql).execute(world.db()).await.expect_err(sql);
        let error = error.into_database_error().expect("the database's");
        assert_eq!(error.constraint(), Some("ledger_is_append_only"), "{sql}");
    }
    world.check_money(order).await;
}

#[tokio::test]
async fn the_database_itself_refuses_sums_that_can_not_be() {
    let world = World::new().await;
    world.captured().await;
    for (sql, constraint) in [
        ("UPDATE payments SET refunded = 891", "no_more_back_than_came"),
        ("UPDATE payments SET captured = 891", "no_more_back_than_came"),
        ("UPDATE payments SET token = 'tok'", "token_while_needed"),
        ("UPDATE payments SET status = 'voided', reversed = true", "captured_says_so"),
        (
            "INSERT INTO operations SELECT gen_random_uuid(), payment_id, kind, 2, 'other', amount, state, provider_id,
                    code, actor, reason, tries, started_at, settled_at, leased_until, due_at
             FROM operations WHERE kind = 'capture'",
            "one_authorisation_one_capture",
        ),
    ] {
        let error = sqlx::query(sql).execute(world.db()).await.expect_err(sql);
        let error = error.into_database_error().expect("the database's");
        assert_eq!(error.constraint(), Some(constraint), "{sql}");
    }
}
