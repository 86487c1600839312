//! The refresh token grant with rotation (RFC 9700 §4.14).
//!
//! Invariant: every answer replaces the token it was asked with; `rotation` tells a lost answer from a stolen token.

use service::database;

use crate::audit::{Entry, Kind};
use crate::client::Client;
use crate::error::OAuthError;
use crate::opaque::{self, Opaque};
use crate::ops::token::{Answer, Holder, Issue, issue};
use crate::params::Params;
use crate::person::PersonId;
use crate::rotation::{self, Verdict};
use crate::scope::Scopes;
use crate::standing;
use crate::state::App;
use crate::store;

const INVALID: OAuthError = OAuthError::InvalidGrant("the refresh token is not valid");

/// Rotates a refresh token.
pub async fn run(app: &App, client: &Client, params: &Params) -> Result<Answer, OAuthError> {
    let presented = params
        .one("refresh_token")?
        .ok_or(OAuthError::InvalidRequest("refresh_token is missing"))?;
    let presented = opaque::hash(presented);
    let requested = params.one("scope")?;

    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    let token = store::refresh_tokens::lock(&mut db, &presented)
        .await?
        .filter(|token| token.client == client.id())
        .ok_or(INVALID)?;
    let standing = store::grants::standing(&mut db, token.grant, now)
        .await?
        .ok_or(INVALID)?;
    // What an operator took from the client meanwhile is not given again.
    let scopes = Scopes::parse(&token.scope)
        .intersection(&client.asks_for())
        .narrowed(requested)
        .filter(|scopes| !scopes.is_empty())
        .ok_or(OAuthError::InvalidScope)?;
    let used = |kind| {
        Entry::of(kind)
            .person(PersonId(standing.person))
            .session(standing.session)
            .client(client.id())
    };
    let successor = store::refresh_tokens::successor(&mut db, &presented).await?;
    match rotation::judge(token.replaced, successor) {
        Verdict::Advance => store::refresh_tokens::replace(&mut db, &presented, now).await?,
        Verdict::Repeat(lost) => store::refresh_tokens::replace(&mut db, &lost, now).await?,
        Verdict::Compromised => {
            store::grants::revoke(&mut db, token.grant, now).await?;
            used(Kind::RefreshReplayed).record(app, &mut db).await?;
            db.commit().await?;
            standing::forget(app, &[token.grant]).await;
            tracing::warn!(
                client = client.id(),
                user.id = %standing.person,
                "a used refresh token came back: its family has ended"
            );
            return Err(INVALID);
        }
    }
    let next = Opaque::new(&app.ids)?;
    let access = app.ids.next();
    store::refresh_tokens::insert(
        &mut db,
        &next.hash(),
        token.grant,
        Some(&presented),
        access,
        now,
    )
    .await?;
    let order = Issue {
        audience: client.id(),
        scopes: &scopes,
        access,
        holder: Holder::Grant(&standing, token.grant),
    };
    let mut answer = issue(app, client, &order)?;
    answer.refresh_token = Some(next.reveal().to_owned());
    used(Kind::Refreshed).record(app, &mut db).await?;
    db.commit().await?;
    Ok(answer)
}
