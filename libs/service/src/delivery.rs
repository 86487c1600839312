//! What our sidecar is told of an event that it delivered.
//!
//! Invariant: a delivery is repeated for as long as it takes (dapr/resiliency/events.yaml), so only what passes by
//! itself may ask for that. Anything else would hold up the events behind it for ever: it goes to the dead letters.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use http::StatusCode;

use crate::database;
use crate::problem::Problem;

/// Why an event was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// For this reason it can't be handled. No other try would help: it is for an operator.
    Unusable(String),
    /// Something failed that the event has no part in.
    Failed(Problem),
}

impl From<serde_json::Error> for NotTaken {
    fn from(error: serde_json::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl From<sqlx::Error> for NotTaken {
    fn from(error: sqlx::Error) -> Self {
        if database::is_away(&error) {
            Self::Failed(Problem::unavailable(&error, 1))
        } else if database::is_unstorable(&error) {
            Self::Unusable(error.to_string())
        } else {
            Self::Failed(Problem::internal(&error))
        }
    }
}

impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Unusable(why) => Self::new(
                StatusCode::CONFLICT,
                "dead-letter-unusable",
                "This event can't be handled",
            )
            .detail(why),
            NotTaken::Failed(problem) => problem,
        }
    }
}

/// The answer to a delivery whose effect is `effect`: 204 when it was taken, 503 for another delivery, 404 for the
/// dead-letter topic, at once. An effect that panics would panic again.
pub async fn answer(effect: impl Future<Output = Result<(), NotTaken>>) -> StatusCode {
    match AssertUnwindSafe(effect).catch_unwind().await {
        Ok(Ok(())) => StatusCode::NO_CONTENT,
        Ok(Err(NotTaken::Failed(problem)))
            if problem.status() == StatusCode::SERVICE_UNAVAILABLE =>
        {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Ok(Err(why)) => {
            tracing::error!(?why, "an event can't be handled");
            StatusCode::NOT_FOUND
        }
        Err(_) => {
            tracing::error!("handling an event panicked");
            StatusCode::NOT_FOUND
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(why: NotTaken) -> StatusCode {
        answer(async { Err(why) }).await
    }

    #[tokio::test]
    async fn what_passes_is_delivered_again_and_what_does_not_is_put_aside() {
        assert_eq!(answer(async { Ok(()) }).await, 204);
        let failed = |status| NotTaken::Failed(Problem::new(status, "any", "Any"));
        assert_eq!(told(failed(StatusCode::SERVICE_UNAVAILABLE)).await, 503);
        for lasting in [400, 404, 409, 413, 422, 500] {
            let lasting = StatusCode::from_u16(lasting).expect("a status");
            assert_eq!(told(failed(lasting)).await, 404, "{lasting}");
        }
        assert_eq!(told(NotTaken::Unusable("no JSON".into())).await, 404);
        assert_eq!(told(sqlx::Error::PoolTimedOut.into()).await, 503);
        assert_eq!(told(sqlx::Error::RowNotFound.into()).await, 404);
    }

    #[tokio::test]
    async fn an_event_that_breaks_its_handler_holds_nothing_up() {
        let answered = answer(async {
            let number: u8 = "no number".parse().expect("a handler's mistake");
            Err(NotTaken::Unusable(number.to_string()))
        })
        .await;
        assert_eq!(answered, 404);
    }
}
