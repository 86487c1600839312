//! Takes a step of a locked shipment: its row and its event.
//!
//! Invariant: whatever a step changes is one transaction with the event that tells of it.

use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::shipment::{Shipment, Step};
use crate::state::App;
use crate::store::{shipments, tracking};

/// Takes it, in the caller's transaction; nothing if it does not happen here. `change` has its say before it is stored.
pub async fn take(
    app: &App,
    connection: &mut PgConnection,
    shipment: &Shipment,
    step: Step,
    change: impl FnOnce(&mut Shipment),
) -> Result<Option<Shipment>, Error> {
    let Some((mut after, event)) = shipment.take(step, app.clock.now()) else {
        tracing::info!(
            order.id = %shipment.order_id.0,
            shipment.status = shipment.status.name(),
            ?step,
            "a step came too late, or again"
        );
        return Ok(None);
    };
    change(&mut after);
    shipments::update(connection, &after).await?;
    if shipment.address.is_some() && after.address.is_none() {
        tracking::forget(connection, after.order_id).await?;
    }
    if let Some(kind) = event {
        outbox::append(connection, &[events::of(&after, kind, &app.ids)?]).await?;
    }
    metrics::counter!("crema_shipments_moved_total", "status" => after.status.name()).increment(1);
    tracing::info!(
        order.id = %after.order_id.0,
        shipment.status = after.status.name(),
        ?step,
        "a shipment went on"
    );
    Ok(Some(after))
}
