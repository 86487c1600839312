//! What becomes of an address that is announced for an account which has just been removed: it is forgotten as well.
//!
//! Invariant: an account stays known for longer than any token of its person is valid, so an order that was placed in
//! the last moment, or announced while the removal was being heard, is found as well.

use chrono::TimeDelta;

use crate::state::App;
use crate::store::{Result, closed_accounts, shipments};

/// An access token is good for five minutes; whatever it announced has been committed by then.
pub const KEPT: TimeDelta = TimeDelta::minutes(10);

/// Forgets where those people live; says of how many shipments. Announcing asks nothing of this: it would be one more
/// statement of every order, and still miss the removal whose transaction is under way.
pub async fn forget(app: &App) -> Result<u64> {
    // Before the look: an account that goes below has been looked at.
    let over = app.clock.now() - KEPT;
    let mut connection = app.db.acquire().await?;
    let mut forgotten = 0;
    for person in closed_accounts::all(&mut connection).await? {
        forgotten += shipments::forget_person(&mut connection, person).await?;
    }
    closed_accounts::forget(&mut connection, over).await?;
    Ok(forgotten)
}
