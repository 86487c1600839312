//! When an authorization request that wants a new sign-in was first seen: told by the browser on its way back from the
//! sign-in page, and believed because we marked it.
//!
//! Invariant: the instant belongs to one request, every parameter of it; whoever changes a parameter or the instant begins
//! anew, and has to sign in.

use chrono::{DateTime, Duration, Utc};

use crate::params::Params;
use crate::sealed::{Purpose, SealError, Sealer};

/// The parameter that carries it.
pub const PARAMETER: &str = "first_seen";

/// How long a sign-in may take before the request counts as new.
const LIFETIME: Duration = Duration::hours(1);

/// The request's query, saying that it was first seen now.
pub fn written(sealer: &Sealer, params: &Params, now: DateTime<Utc>) -> Result<String, SealError> {
    let (query, at) = (params.without(&[PARAMETER]), now.timestamp_micros());
    let mark = sealer.mark(Purpose::FirstSeen, &text(at, &query))?;
    Ok(format!("{query}&{PARAMETER}={at}.{mark}"))
}

/// When the request was first seen, if it says so and not too long ago.
#[must_use]
pub fn read(sealer: &Sealer, params: &Params, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (at, mark) = params.one(PARAMETER).ok()??.split_once('.')?;
    let at: i64 = at.parse().ok()?;
    let ours = sealer.is_marked(
        Purpose::FirstSeen,
        &text(at, &params.without(&[PARAMETER])),
        mark,
    );
    DateTime::from_timestamp_micros(at).filter(|seen| ours && now - *seen <= LIFETIME)
}

fn text(at: i64, query: &str) -> String {
    format!("{at} {query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use dapr_kit::{Secret, Secrets};

    #[test]
    fn it_is_believed_for_the_very_request_and_for_an_hour() {
        let fields = [("current".to_owned(), STANDARD.encode([1; 32]))];
        let secret = Secret::new("totp", fields.into());
        let sealer = Sealer::new(Secrets::fixed(secret)).expect("a key");
        let now: DateTime<Utc> = "2026-03-02T06:30:00Z".parse().expect("an instant");
        let request = Params::query("client_id=bff&prompt=login&state=a%26b");
        let query = written(&sealer, &request, now).expect("a key");
        let back = Params::query(&query);
        assert_eq!(read(&sealer, &back, now), Some(now));
        assert_eq!(read(&sealer, &back, now + LIFETIME), Some(now));
        let late = now + LIFETIME + Duration::microseconds(1);
        assert_eq!(read(&sealer, &back, late), None);
        assert_eq!(read(&sealer, &request, now), None);
        for changed in [
            query.replace("login", "none"),
            query.replace("state=a", "state=b"),
            query.replace("first_seen=1", "first_seen=0"),
            format!("{query}&x=1"),
            format!("{query}&{PARAMETER}=1.x"),
        ] {
            assert_eq!(
                read(&sealer, &Params::query(&changed), now),
                None,
                "{changed}"
            );
        }
        let again = written(&sealer, &back, now).expect("a key");
        assert_eq!(again, query, "an old mark is not carried along");
    }
}
