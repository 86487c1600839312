//! Many sessions at the public entry: one person, who signs in again and again.
//!
//! Invariant: each session came about through the pages, with a browser and an address of its own.

use anyhow::{Context as _, Result};
use e2e::{Client, SignIn, Target};
use http::Method;
use http::header::SET_COOKIE;

use crate::http_call::Call;

/// The cookie of a session, as it begins.
const COOKIE: &str = "__Host-crema=";

/// Signs in so often; gives what each browser sends from then on. One after the other: identity would take several
/// tries at once for somebody who guesses.
pub async fn sign_in(target: &Target, person: &SignIn, count: usize) -> Result<Vec<String>> {
    let mut cookies = Vec::with_capacity(count);
    for _ in 0..count {
        cookies.push(cookie(target, person).await?);
    }
    Ok(cookies)
}

async fn cookie(target: &Target, person: &SignIn) -> Result<String> {
    let answers = Client::new(target)?.walk_in(person).await?;
    let set = answers
        .iter()
        .flat_map(|answer| answer.headers.get_all(SET_COOKIE));
    let mut ours = set.filter_map(|value| {
        let value = value.to_str().ok()?.split(';').next()?;
        value.starts_with(COOKIE).then(|| value.to_owned())
    });
    ours.next().context("a sign-in without a session")
}

/// What the page of somebody with this cookie asks at the public entry.
pub fn page_asks(target: &Target, path: &str, cookie: &str) -> Result<Call> {
    Call::new(Method::GET, &target.public().join(path)?, "".into())?
        .tls(target)?
        .header("sec-fetch-site", "same-origin")?
        .header("cookie", cookie)
}
