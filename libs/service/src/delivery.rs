//! What our sidecar is told of an event that was not taken.
//!
//! Invariant: a delivery is repeated for as long as it takes (dapr/resiliency/events.yaml), so only what passes by
//! itself may ask for that. Anything else would hold up the events behind it for ever: it goes to the dead letters.

use http::StatusCode;

use crate::problem::Problem;

/// 503 asks for another delivery; 404 takes the event to the dead-letter topic at once.
pub fn not_taken(why: impl Into<Problem>) -> StatusCode {
    match why.into().status() {
        StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_delivered_again_and_what_does_not_is_put_aside() {
        let told = |status| not_taken(Problem::new(status, "any", "Any"));
        assert_eq!(told(StatusCode::SERVICE_UNAVAILABLE), 503);
        for lasting in [400, 404, 409, 413, 422, 500] {
            let lasting = StatusCode::from_u16(lasting).expect("a status");
            assert_eq!(told(lasting), 404, "{lasting}");
        }
    }
}
