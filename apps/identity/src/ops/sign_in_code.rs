//! `GET` and `POST /sign-in/code`: the second step of a sign-in.
//!
//! Invariant: only who has just given the right password is asked for a code, and only the right code starts a session.
//! Whose account is closed meanwhile is sent back to the first step, whatever she types.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;

use crate::admission;
use crate::authorization::source_of;
use crate::form::{self, FormError, return_to, see_other, via};
use crate::origin::Origin;
use crate::pages::CodePage;
use crate::paths;
use crate::return_to::ReturnTo;
use crate::second_factor::{self, Proof};
use crate::session;
use crate::state::App;
use crate::store;

/// Shows the page.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let return_to = return_to(&params)?;
    let mut db = app.db.acquire().await?;
    if session::half_way(&app, &mut db, &headers).await?.is_none() {
        return Ok(see_other(&via(paths::SIGN_IN, return_to.as_ref()), None));
    }
    drop(db);
    let page = CodePage {
        return_to: return_to.as_ref(),
        proof: None,
        source: source_of(&app, return_to.as_ref()).await?,
    };
    Ok(page.render())
}

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let return_to = return_to(&params)?;
    let typed = params.one("code")?.unwrap_or_default();
    let first_step = via(paths::SIGN_IN, return_to.as_ref());
    let origin = Origin::of(&headers);
    let mut db = database::begin(&app.db).await?;
    let Some(person) = session::half_way(&app, &mut db, &headers).await? else {
        return Ok(see_other(&first_step, None));
    };
    // One that is only being set up proves nothing yet.
    if !store::second_factors::guards(&mut db, person).await? {
        return Ok(see_other(
            &via(paths::SIGN_IN_SET_UP, return_to.as_ref()),
            None,
        ));
    }
    let proof = second_factor::prove(&app, &mut db, person, typed, &origin).await?;
    db.commit().await?;
    if proof != Proof::Right {
        let page = CodePage {
            return_to: return_to.as_ref(),
            proof: Some(proof),
            source: source_of(&app, return_to.as_ref()).await?,
        };
        return Ok(page.render());
    }
    let cookie = admission::complete(&app, &headers, person, &origin).await?;
    let location = match &cookie {
        Some(_) => return_to.as_ref().map_or(paths::SHOP, ReturnTo::as_str),
        None => first_step.as_str(),
    };
    Ok(see_other(location, cookie))
}
