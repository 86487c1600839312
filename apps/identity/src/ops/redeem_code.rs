//! The authorization code grant (RFC 6749 §4.1.3) with PKCE.
//!
//! Invariant: a code gives tokens once; a second use ends everything the first one gave.

use chrono::{DateTime, Utc};
use service::database;

use crate::audit::{Entry, Kind};
use crate::client::{Client, GrantType};
use crate::error::OAuthError;
use crate::opaque::{self, Opaque};
use crate::ops::token::{Answer, Holder, Issue, issue};
use crate::params::Params;
use crate::person::PersonId;
use crate::pkce;
use crate::scope::Scopes;
use crate::standing::{self, Standing};
use crate::state::App;
use crate::store::{self, codes::Code};
use crate::token::IdClaims;

const INVALID: OAuthError = OAuthError::InvalidGrant("the code is not valid");

/// Redeems a code.
pub async fn run(app: &App, client: &Client, params: &Params) -> Result<Answer, OAuthError> {
    let required = |name, missing| params.one(name)?.ok_or(OAuthError::InvalidRequest(missing));
    let code_hash = opaque::hash(required("code", "code is missing")?);
    let redirect_uri = required("redirect_uri", "redirect_uri is missing")?;
    let verifier = required("code_verifier", "code_verifier is missing")?;

    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    let code = store::codes::lock(&mut db, &code_hash)
        .await?
        .filter(|code| code.client == client.id())
        .ok_or(INVALID)?;
    if code.redeemed {
        store::grants::revoke(&mut db, code.grant, now).await?;
        let reused = entry(Kind::CodeReused, client, &code);
        reused.record(app, &mut db).await?;
        db.commit().await?;
        standing::forget(app, &[code.grant]).await;
        tracing::warn!(
            client = client.id(),
            "a code was used twice: its grant has ended"
        );
        return Err(INVALID);
    }
    let good = now < code.expires_at
        && redirect_uri == code.redirect_uri
        && pkce::proves(verifier, &code.challenge);
    if !good {
        return Err(INVALID);
    }
    let standing = store::grants::standing(&mut db, code.grant, now)
        .await?
        .ok_or(INVALID)?;
    store::codes::redeem(&mut db, &code_hash, now).await?;
    let access = app.ids.next();
    let refresh = if client.may(GrantType::RefreshToken) {
        let refresh = Opaque::new(&app.ids)?;
        let hash = refresh.hash();
        store::refresh_tokens::insert(&mut db, &hash, code.grant, None, access, now).await?;
        Some(refresh)
    } else {
        None
    };

    let redeemed = entry(Kind::CodeRedeemed, client, &code);
    let scopes = Scopes::parse(&code.scope);
    let order = Issue {
        audience: client.id(),
        scopes: &scopes,
        access,
        holder: Holder::Grant(&standing, code.grant),
    };
    let mut answer = issue(app, client, &order)?;
    answer.refresh_token = refresh.map(|refresh| refresh.reveal().to_owned());
    if scopes.contains("openid") {
        let profile = store::people::profile(&mut db, PersonId(standing.person))
            .await?
            .ok_or(INVALID)?;
        let expires_at = now.timestamp() + answer.expires_in;
        let claims = id_claims(
            app,
            client,
            code,
            &standing,
            profile,
            &scopes,
            (now, expires_at),
        );
        answer.id_token = Some(app.mint.id(&claims)?);
    }
    redeemed.record(app, &mut db).await?;
    db.commit().await?;
    Ok(answer)
}

fn entry(kind: Kind, client: &Client, code: &Code) -> Entry {
    Entry::of(kind)
        .person(code.person)
        .session(code.session)
        .client(client.id())
}

fn id_claims(
    app: &App,
    client: &Client,
    code: Code,
    standing: &Standing,
    profile: store::people::Profile,
    scopes: &Scopes,
    (now, expires_at): (DateTime<Utc>, i64),
) -> IdClaims {
    IdClaims {
        iss: app.issuer().as_str().to_owned(),
        aud: client.id().to_owned(),
        sub: standing.person.to_string(),
        iat: now.timestamp(),
        exp: expires_at,
        auth_time: code.signed_in_at.timestamp(),
        nonce: code.nonce,
        sid: standing.session,
        name: scopes.contains("profile").then_some(profile.name),
        zoneinfo: profile.zone.filter(|_| scopes.contains("profile")),
        email: scopes.contains("email").then_some(profile.email),
        email_verified: scopes.contains("email").then_some(profile.email_verified),
        roles: client.is_own().then_some(profile.roles),
        stores: client.is_own().then_some(profile.stores),
    }
}
