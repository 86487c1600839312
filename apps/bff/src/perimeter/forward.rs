//! What of a browser's request reaches a service, and what of a service's answer reaches the browser.
//!
//! Invariant: lists of what passes, never of what does not: a header that nobody thought of stays here.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, COOKIE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION, ORIGIN, PRAGMA,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, USER_AGENT, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use dapr_kit::Reply;
use std::time::Duration;

use crate::cookies;
use crate::error::Error;

/// The most bytes a request's body may have, where its row says nothing else.
pub const MOST_BODY: usize = 64 * 1024;
/// The longest path with query that is passed on: sidecars read 16 KiB of request head.
const LONGEST_URI: usize = 8 * 1024;
/// A body that takes longer is given up, so that slow senders hold no room.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(bff_api::IDEMPOTENCY_KEY);
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// From our client to a service.
const TO_SERVICE: [HeaderName; 6] = [
    ACCEPT,
    CONTENT_TYPE,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    PREFER,
];
/// From a service to our client.
const FROM_SERVICE: [HeaderName; 7] = [
    CONTENT_TYPE,
    ETAG,
    LOCATION,
    PREFERENCE_APPLIED,
    RETRY_AFTER,
    CACHE_CONTROL,
    VARY,
];
/// From a service to a registered client.
const TO_CLIENT: [HeaderName; 8] = [
    CONTENT_TYPE,
    ETAG,
    LOCATION,
    PREFERENCE_APPLIED,
    RETRY_AFTER,
    CACHE_CONTROL,
    VARY,
    WWW_AUTHENTICATE,
];
/// From the payment provider, whichever it is, to the payment service, which judges by the signature alone.
const FROM_PROVIDER: [HeaderName; 3] = [
    CONTENT_TYPE,
    HeaderName::from_static("acquirer-signature"),
    HeaderName::from_static("stripe-signature"),
];
/// From anybody to identity, which judges for itself; its cookie comes besides.
const TO_IDENTITY: [HeaderName; 8] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_NONE_MATCH,
    ORIGIN,
    FETCH_SITE,
    USER_AGENT,
];
/// From identity to anybody; its cookie comes besides.
const FROM_IDENTITY: [HeaderName; 13] = [
    CONTENT_DISPOSITION,
    CONTENT_TYPE,
    ETAG,
    LOCATION,
    RETRY_AFTER,
    CACHE_CONTROL,
    VARY,
    PRAGMA,
    WWW_AUTHENTICATE,
    CONTENT_SECURITY_POLICY,
    REFERRER_POLICY,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
];

/// The headers of a request that a service sees.
#[must_use]
pub fn to_service(request: &HeaderMap) -> HeaderMap {
    pick(request, &TO_SERVICE)
}

/// The headers of a request that identity sees; `peer` is who sent it, whatever the request says.
#[must_use]
pub fn to_identity(request: &HeaderMap, peer: Option<std::net::IpAddr>) -> HeaderMap {
    let mut headers = pick(request, &TO_IDENTITY);
    if let Some(cookie) = cookies::only(request, &cookies::IDENTITY) {
        headers.insert(COOKIE, cookie);
    }
    if let Some(peer) = peer.and_then(|peer| HeaderValue::try_from(peer.to_string()).ok()) {
        headers.insert(FORWARDED_FOR, peer);
    }
    headers
}

/// The headers of a webhook that the payment service sees.
#[must_use]
pub fn from_provider(request: &HeaderMap) -> HeaderMap {
    pick(request, &FROM_PROVIDER)
}

/// What the payment provider learns: whether to send it again, and when.
#[must_use]
pub fn to_provider(reply: &Reply) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = reply.status;
    *response.headers_mut() = pick(&reply.headers, &[RETRY_AFTER]);
    response
}

/// A service's answer, for our client. What a service says about a person is not to be kept unless it says so.
pub fn from_service(reply: Reply) -> Result<Response, Error> {
    let mut headers = pick(&reply.headers, &FROM_SERVICE);
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // Services speak of `/v1/…`; our client knows the same things as `/api/…`.
    let local = headers
        .get(LOCATION)
        .and_then(|there| there.to_str().ok()?.strip_prefix("/v1/").map(str::to_owned));
    match local.and_then(|rest| HeaderValue::try_from(format!("/api/{rest}")).ok()) {
        Some(location) => headers.insert(LOCATION, location),
        None => headers.remove(LOCATION),
    };
    answer(reply, headers)
}

/// A service's answer, for a registered client, which knows the same addresses.
pub fn to_client(reply: Reply) -> Result<Response, Error> {
    let mut headers = pick(&reply.headers, &TO_CLIENT);
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if headers
        .get(LOCATION)
        .is_some_and(|there| !there.as_bytes().starts_with(b"/v1/"))
    {
        headers.remove(LOCATION);
    }
    answer(reply, headers)
}

/// Identity's answer, for anybody.
pub fn from_identity(reply: Reply) -> Result<Response, Error> {
    let mut headers = pick(&reply.headers, &FROM_IDENTITY);
    for cookie in reply
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .filter(|cookie| cookies::is_identitys(cookie))
    {
        headers.append(SET_COOKIE, cookie.clone());
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    let mut answer = answer(reply, headers)?;
    // Another provider is away. Identity does not say so by a 5xx, which its sidecar would repeat and our breaker count.
    if answer.status() == StatusCode::FAILED_DEPENDENCY {
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(answer)
}

fn answer(reply: Reply, headers: HeaderMap) -> Result<Response, Error> {
    // Our services answer their failures with problems; a bare one is a sidecar's or a crash's, and shows internals.
    let problem = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
    if reply.status.is_server_error() && !problem {
        return Err(Error::UpstreamBroken(reply.status));
    }
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn pick(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let mut picked = HeaderMap::with_capacity(names.len() + 2);
    for name in names {
        for value in from.get_all(name) {
            picked.append(name.clone(), value.clone());
        }
    }
    picked
}

/// Reads a request's body whole: not more than [`MOST_BODY`] bytes, and not for long.
pub async fn body(headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
    body_of(MOST_BODY, headers, body).await
}

/// The same with as many bytes as are allowed: no more time, which is enough for five MiB at four Mbit/s.
pub async fn body_of(most: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(Error::BodyTooLarge);
    }
    match tokio::time::timeout(BODY_DEADLINE, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The length is checked while reading; a connection that broke gets no answer anyway.
        Ok(Err(_)) => Err(Error::BodyTooLarge),
        Err(_) => Err(Error::BodyTooSlow),
    }
}

/// `path` with the request's query, which is passed on as it came.
pub fn with_query(path: &str, uri: &Uri) -> Result<String, Error> {
    bounded(path, uri)?;
    let query = uri.query().filter(|query| !query.is_empty());
    Ok(query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

/// Refuses a path that is too long with the request's query.
pub fn bounded(path: &str, uri: &Uri) -> Result<(), Error> {
    let query = uri.query().unwrap_or_default();
    if path.len() + query.len() > LONGEST_URI {
        return Err(Error::UriTooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_clients_invent_stays_here() {
        let mut sent = HeaderMap::new();
        for name in [
            "x-user-id",
            "x-user-roles",
            "x-forwarded-for",
            "x-forwarded-host",
            "forwarded",
            "dapr-api-token",
            "dapr-app-id",
            "dapr-caller-app-id",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "host",
            "proxy-authorization",
            "cookie",
            "x-crema-request",
            "x-crema-query",
            "traceparent",
            "content-length",
            "authorization",
        ] {
            sent.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static("forged"),
            );
        }
        sent.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let passed = to_service(&sent);
        assert_eq!(passed.len(), 1);
        assert_eq!(passed[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn identity_sees_its_own_cookie_and_the_true_sender() {
        let mut sent = HeaderMap::new();
        sent.insert(
            COOKIE,
            HeaderValue::from_static("__Host-crema=secret; __Host-crema-id=own; other=1"),
        );
        sent.insert(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
        sent.insert(AUTHORIZATION, HeaderValue::from_static("Basic x"));
        let passed = to_identity(&sent, Some([127, 0, 0, 1].into()));
        assert_eq!(passed[COOKIE], "__Host-crema-id=own");
        assert_eq!(passed[FORWARDED_FOR], "127.0.0.1");
        assert_eq!(passed[AUTHORIZATION], "Basic x");
        assert!(!to_identity(&sent, None).contains_key(FORWARDED_FOR));
    }

    proptest! {
        #[test]
        fn nothing_but_the_listed_headers_passes(
            names in proptest::collection::vec("(x-user-|x-forwarded-|dapr-|proxy-|)[a-z0-9-]{1,16}", 0..24),
            value in "[ -~]{0,24}",
        ) {
            let mut sent = HeaderMap::new();
            for name in &names {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(&value)) {
                    sent.append(name, value);
                }
            }
            for name in to_service(&sent).keys() {
                prop_assert!(TO_SERVICE.contains(name), "{}", name);
            }
            for name in from_provider(&sent).keys() {
                prop_assert!(FROM_PROVIDER.contains(name), "{}", name);
            }
            for name in to_identity(&sent, None).keys() {
                prop_assert!(TO_IDENTITY.contains(name) || *name == COOKIE, "{}", name);
                prop_assert!(!name.as_str().starts_with("dapr-") && !name.as_str().starts_with("x-"), "{}", name);
            }
        }
    }
}
