//! `POST /sign-in/with/{provider}`: a sign-in by another provider begins.
//!
//! Invariant: only a button on our own pages begins one, so no link elsewhere makes a browser do so; what comes back is
//! good for this browser, once, for ten minutes.

use std::error::Error as _;
use std::iter::successors;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use service::extract::Path;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::federation::request::{LIFETIME, Tie};
use crate::federation::{FederationError, Provider};
use crate::form::{self, FormError, return_to};
use crate::opaque::Opaque;
use crate::origin::Origin;
use crate::pages::{self, OnwardPage};
use crate::paths;
use crate::return_to::ReturnTo;
use crate::state::App;
use crate::store::{self, federation::Request};

/// The handler.
pub async fn handle(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let return_to = return_to(&params)?;
    let origin = Origin::of(&headers);
    send(&app, &name, return_to.as_ref(), None, &origin).await
}

/// Sends the browser to a provider: to sign in, or to link an account there in this session.
pub async fn send(
    app: &App,
    name: &str,
    return_to: Option<&ReturnTo>,
    session: Option<Uuid>,
    origin: &Origin,
) -> Result<Response, FormError> {
    let Some(provider) = app.federation.find(name) else {
        return Ok(pages::refusal(
            StatusCode::NOT_FOUND,
            "Nobody signs in that way here.",
        ));
    };
    let request = Request {
        provider: provider.name.clone(),
        issuer: provider.issuer.clone(),
        return_to: return_to.map(|there| there.as_str().to_owned()),
        session,
        // Whoever comes from there has to prove that it is she, and not only her browser.
        fresh: return_to.is_some_and(ReturnTo::is_account),
    };
    let tie = Tie::from(Opaque::new(&app.ids)?);
    let redirect_uri = app
        .issuer()
        .at(&paths::sign_in_with_callback(&provider.name));
    let address = app
        .federation
        .authorization(&provider, &redirect_uri, &tie, request.fresh)
        .await;
    let address = match address {
        Ok(address) => address,
        Err(error) => return refused(app, &provider, &error, origin).await,
    };
    let mut db = app.db.acquire().await?;
    let expires_at = app.clock.now() + LIFETIME;
    store::federation::begin(&mut db, &tie.hash(), &request, expires_at).await?;
    let page = OnwardPage {
        label: &provider.label,
        address: &address,
    };
    let mut response = page.render();
    response
        .headers_mut()
        .append(header::SET_COOKIE, tie.set_cookie());
    Ok(response)
}

/// Records that a provider signs nobody in this time, and says so.
pub async fn refused(
    app: &App,
    provider: &Provider,
    error: &FederationError,
    origin: &Origin,
) -> Result<Response, FormError> {
    let mut db = app.db.acquire().await?;
    Entry::of(Kind::ProviderRefused)
        .origin(origin)
        .detail(format!("{}: {}", provider.name, error.word()))
        .record(app, &mut db)
        .await?;
    let causes: Vec<_> = successors(error.source(), |cause| (*cause).source())
        .map(ToString::to_string)
        .collect();
    tracing::warn!(provider = provider.name, %error, causes = causes.join(": "), "a provider signs nobody in");
    Ok(match error {
        FederationError::Away(_) | FederationError::Malformed(_) => pages::away(&provider.label),
        FederationError::Refused(what) => pages::not_vouched(&provider.label, what),
    })
}
