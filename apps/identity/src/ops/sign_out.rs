//! `POST /sign-out`: ends the browser's session here, with every grant that came from it.
//!
//! Invariant: the answer is the same whether or not anybody was signed in.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::form::{self, FormError};
use crate::ops::authorize::see_other;
use crate::ops::logout;
use crate::origin::Origin;
use crate::session;
use crate::state::App;

/// The handler. A client that sent the person here gets her back, if the form says so; otherwise the shop does.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let to = logout::destination(&app, &params, None).await?;
    if let Some(session) = session::current(&app, &headers).await? {
        session::sign_out(&app, session.id, &Origin::of(&headers), None).await?;
        tracing::info!(user.id = %session.person, session.id = %session.id, "signed out");
    }
    let mut answer = match to {
        Some(to) => see_other(&to.location()?),
        None => see_other("/"),
    };
    let taken = session::clear_cookie();
    answer.headers_mut().insert(header::SET_COOKIE, taken);
    Ok(answer)
}
