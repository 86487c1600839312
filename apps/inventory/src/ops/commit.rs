//! `order.confirmed.v1`: what an order holds is sold.
//!
//! Invariant: a confirmed order's stock is booked as sold even when its hold has expired, because it will be made. What
//! is then missing is booked as an adjustment, so that no level falls below zero.

use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::ops::release::given_back;
use crate::ops::reserve::movements;
use crate::reservation::{Commit, OrderId, Reservation, Status};
use crate::state::App;
use crate::stock::{Kind, Movement, Posting, StoreId};
use crate::store::levels::Guard;
use crate::store::{levels, reservations};

/// Why an adjustment was needed.
const SOLD_AFTER_EXPIRY: &str = "sold after expiry";

/// Sells, in the caller's transaction, what the order holds.
pub async fn commit(
    app: &App,
    connection: &mut PgConnection,
    actor: &str,
    order: OrderId,
) -> Result<(), Error> {
    let Some(reservation) = reservations::find_for_update(connection, order).await? else {
        // The saga reserves before it confirms, so this order is older than this service or was repaired by hand.
        tracing::warn!(order.id = %order.0, "a confirmed order has no reservation");
        return Ok(());
    };
    let wanted = reservation.status.commit();
    let (Commit::Sell | Commit::TakeAgain, Some(claim)) = (wanted, &reservation.claim) else {
        tracing::info!(order.id = %order.0, status = ?reservation.status, "nothing was left to commit");
        return Ok(());
    };
    let now = app.clock.now();
    let mut all = Vec::new();
    if wanted == Commit::TakeAgain {
        all = take_again(app, connection, claim.store_id, &reservation).await?;
    }
    all.extend(movements(app, Kind::Sale, &reservation.portions));
    let posting = Posting {
        store_id: claim.store_id,
        order_id: Some(order),
        return_id: None,
        actor: actor.to_owned(),
        at: now,
        movements: all,
    };
    given_back(&levels::post(connection, &posting, Guard::On).await?)?;
    let committed = reservation.turn(Status::Committed);
    reservations::update(connection, &committed).await?;
    let told = events::of_reservation(&committed, &app.ids, now).transpose()?;
    outbox::append(connection, told.as_slice()).await?;
    metrics::counter!("crema_reservations_committed_total").increment(1);
    Ok(())
}

/// The movements that hold again what has expired, with an adjustment where there is too little.
async fn take_again(
    app: &App,
    connection: &mut PgConnection,
    store: StoreId,
    reservation: &Reservation,
) -> Result<Vec<Movement>, Error> {
    let items: Vec<_> = reservation.items().collect();
    let available = levels::lock(connection, store, &items).await?;
    let adjustment = |portion: &crate::stock::Portion| {
        let left = available.get(&portion.item_id).copied().unwrap_or_default();
        let missing = portion.quantity - left;
        (missing > 0).then(|| Movement {
            id: app.ids.next(),
            item_id: portion.item_id,
            kind: Kind::Adjustment,
            quantity: missing,
            reason: Some(SOLD_AFTER_EXPIRY.to_owned()),
        })
    };
    let mut all: Vec<_> = reservation.portions.iter().filter_map(adjustment).collect();
    if !all.is_empty() {
        tracing::warn!(order.id = %reservation.order_id.0, "an order was sold that had expired, beyond what was left");
    }
    all.extend(movements(app, Kind::Reservation, &reservation.portions));
    Ok(all)
}
