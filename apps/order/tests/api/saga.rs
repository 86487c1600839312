//! Looking at sagas in the database, waiting for them, and wishing something of them.

use order::order::{OrderId, Reason};
use order::{checkout, store};
use service::database;
use uuid::Uuid;

use crate::world::{World, until};

/// State, direction, step, whether there is a token, whether there is an owner.
pub type Standing = (String, String, String, bool, bool);

/// Where a saga stands that is over.
pub fn over(direction: &str, step: &str) -> Standing {
    (
        "settled".into(),
        direction.into(),
        step.into(),
        false,
        false,
    )
}

impl World {
    /// What history tells of an order: its statuses, oldest first.
    pub async fn steps(&self, id: Uuid) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT to_status FROM order_history WHERE order_id = $1 ORDER BY version",
        )
        .bind(id)
        .fetch_all(self.db())
        .await
        .expect("the history")
    }

    /// What the saga's history tells: action and outcome.
    pub async fn told(&self, id: Uuid) -> Vec<String> {
        let sql = "SELECT action || ' ' || outcome FROM checkout_history WHERE order_id = $1 ORDER BY position";
        sqlx::query_scalar(sql)
            .bind(id)
            .fetch_all(self.db())
            .await
            .expect("the saga's history")
    }

    /// Where the saga stands: state, direction, step, and whether there is a token or an owner.
    pub async fn saga(&self, id: Uuid) -> Standing {
        let sql =
            "SELECT state, direction, step, card_token IS NOT NULL, owner IS NOT NULL FROM checkouts
                   WHERE order_id = $1";
        sqlx::query_as(sql)
            .bind(id)
            .fetch_one(self.db())
            .await
            .expect("the saga")
    }

    /// Waits until the order's saga tells `line`, action and outcome.
    pub async fn until_told(&self, order: Uuid, line: &str) {
        let sql = "SELECT EXISTS (SELECT FROM checkout_history WHERE order_id = $1 AND action || ' ' || outcome = $2)";
        let told = || async {
            let query = sqlx::query_scalar(sql).bind(order).bind(line);
            query.fetch_one(self.db()).await.expect("an answer")
        };
        until(line, told).await;
    }

    /// Waits for the first order; says which.
    pub async fn until_placed(&self) -> Uuid {
        let placed = || async { self.rows().await[0] > 0 };
        until("placed", placed).await;
        let only = sqlx::query_scalar("SELECT id FROM orders");
        only.fetch_one(self.db()).await.expect("an order")
    }

    /// Lets the lease on an order's saga run out.
    pub async fn end_lease(&self, order: Uuid) {
        let sql = "UPDATE checkouts SET claimable_at = clock_timestamp() WHERE order_id = $1";
        let query = sqlx::query(sql).bind(order);
        query.execute(self.db()).await.expect("the saga");
    }

    /// The order's customer wishes it undone.
    pub async fn recall(&self, order: Uuid) {
        let mut transaction = database::begin(self.db()).await.expect("a transaction");
        let (ids, now) = (&self.app.ids, self.app.clock.now());
        let order = store::orders::find_for_update(&mut transaction, OrderId(order))
            .await
            .expect("the database")
            .expect("the order");
        checkout::request_cancel(&mut transaction, ids, order, Reason::ByCustomer, "me", now)
            .await
            .expect("it can be cancelled");
        transaction.commit().await.expect("a commit");
        self.app.checkouts.wake();
    }

    /// An operator lets a parked checkout go on.
    pub async fn retry(&self, order: Uuid) {
        let mut transaction = database::begin(self.db()).await.expect("a transaction");
        let (ids, now) = (&self.app.ids, self.app.clock.now());
        let order = store::orders::find_for_update(&mut transaction, OrderId(order))
            .await
            .expect("the database")
            .expect("the order");
        checkout::retry(&mut transaction, ids, order, "operator", now)
            .await
            .expect("it is parked");
        transaction.commit().await.expect("a commit");
        self.app.checkouts.wake();
    }

    /// The order's version and its saga's fence.
    pub async fn versions(&self, id: Uuid) -> (i64, i64) {
        sqlx::query_as(
            "SELECT version, fence FROM orders JOIN checkouts ON order_id = orders.id WHERE orders.id = $1",
        )
        .bind(id)
        .fetch_one(self.db())
        .await
        .expect("the versions")
    }
}
