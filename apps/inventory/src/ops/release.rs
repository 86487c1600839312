//! `POST /v1/reservations/{order}/release`, and `order.cancelled.v1`: an order gives back what it holds or has bought.
//!
//! Invariant: whatever came before, afterwards the order holds nothing and can't reserve any more.

use axum::Json;
use axum::extract::State;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::failpoint;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::ops::reserve::movements;
use crate::reservation::{OrderId, Release, Reservation, Status, Summary};
use crate::state::App;
use crate::stock::Posting;
use crate::store::levels::{Guard, Posted};
use crate::store::{levels, reservations};

/// Answers 200 with the reservation, which is released, also when there was none.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<Json<Summary>, Problem> {
    let mut transaction = database::begin(&app.db).await.map_err(Error::from)?;
    let released = release(&app, &mut transaction, &principal.subject, order).await?;
    failpoint::reach("inventory.release.before_commit");
    transaction.commit().await.map_err(Error::from)?;
    failpoint::reach("inventory.release.after_commit");
    app.outbox.wake();
    Ok(Json(Summary::from(&released)))
}

/// Gives back, in the caller's transaction, what the order holds or has bought.
pub async fn release(
    app: &App,
    connection: &mut PgConnection,
    actor: &str,
    order: OrderId,
) -> Result<Reservation, Error> {
    let Some(reservation) = lock_or_bury(app, connection, order).await? else {
        return Ok(Reservation::tombstone(order));
    };
    let now = app.clock.now();
    let kind = match reservation.status.release() {
        Release::Done => return Ok(reservation),
        Release::Close => None,
        Release::GiveBack(kind) => Some(kind),
    };
    if let (Some(kind), Some(claim)) = (kind, &reservation.claim) {
        let posting = Posting {
            store_id: claim.store_id,
            order_id: Some(order),
            return_id: None,
            actor: actor.to_owned(),
            at: now,
            movements: movements(app, kind, &reservation.portions),
        };
        given_back(&levels::post(connection, &posting, Guard::On).await?)?;
    }
    let released = reservation.turn(Status::Released);
    reservations::update(connection, &released).await?;
    let told = events::of_reservation(&released, &app.ids, now).transpose()?;
    outbox::append(connection, told.as_slice()).await?;
    tracing::info!(order.id = %order.0, "a reservation was released");
    Ok(released)
}

/// The order's reservation, locked; nothing if a tombstone was put where none was.
async fn lock_or_bury(
    app: &App,
    connection: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>, Error> {
    if let Some(found) = reservations::find_for_update(connection, order).await? {
        return Ok(Some(found));
    }
    let tombstone = Reservation::tombstone(order);
    if reservations::insert(connection, &tombstone, app.clock.now()).await? {
        return Ok(None);
    }
    // A reserve that was under way has just committed.
    let found = reservations::find_for_update(connection, order).await?;
    Ok(Some(found.ok_or(sqlx::Error::RowNotFound)?))
}

/// Giving back only adds to what is available, and a level once kept is never deleted.
pub(crate) fn given_back(posted: &Posted) -> Result<(), Error> {
    match posted {
        Posted::All => Ok(()),
        Posted::Nothing(_) => Err(Error::ItemNotFound),
    }
}
