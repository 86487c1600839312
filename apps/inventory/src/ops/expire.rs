//! Holds that nobody confirmed or released in time end by themselves.
//!
//! Invariant: one transaction per reservation, so that none waits for the levels of another.

use service::database;

use crate::config::APP;
use crate::error::Error;
use crate::events;
use crate::ops::release::given_back;
use crate::ops::reserve::movements;
use crate::reservation::Status;
use crate::state::App;
use crate::stock::{Kind, Posting};
use crate::store::levels::Guard;
use crate::store::{levels, reservations};

/// Ends every hold that is over; says how many.
pub async fn expire(app: &App) -> Result<u64, Error> {
    let mut expired = 0;
    while expire_one(app).await? {
        expired += 1;
    }
    if expired > 0 {
        app.outbox.wake();
        metrics::counter!("crema_reservations_expired_total").increment(expired);
    }
    Ok(expired)
}

async fn expire_one(app: &App) -> Result<bool, Error> {
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let Some(reservation) = reservations::find_expired(&mut transaction, now).await? else {
        return Ok(false);
    };
    if let Some(claim) = &reservation.claim {
        let posting = Posting {
            store_id: claim.store_id,
            order_id: Some(reservation.order_id),
            return_id: None,
            actor: APP.to_owned(),
            at: now,
            movements: movements(app, Kind::Release, &reservation.portions),
        };
        given_back(&levels::post(&mut transaction, &posting, Guard::On).await?)?;
    }
    let expired = reservation.turn(Status::Expired);
    reservations::update(&mut transaction, &expired).await?;
    let told = events::of_reservation(&expired, &app.ids, now).transpose()?;
    outbox::append(&mut transaction, told.as_slice()).await?;
    transaction.commit().await?;
    tracing::info!(order.id = %expired.order_id.0, "a reservation has expired");
    Ok(true)
}
