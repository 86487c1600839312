//! `GET` and `POST /account/email`: asking for another e-mail address.
//!
//! Invariant: the answer and the work are the same whether or not somebody has the address. That is looked up when the
//! mail is made, and told to the address alone; nothing changes before its link is used (`/change-email`).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;

use crate::audit::{self, Entry, Kind};
use crate::form::{self, FormError};
use crate::mail::Purpose;
use crate::origin::Origin;
use crate::pages::{self, AskForMailPage};
use crate::paths;
use crate::person::EmailAddress;
use crate::session::Session;
use crate::state::App;
use crate::step_up;
use crate::store;
use crate::throttle;

const PAGE: &str = paths::ACCOUNT_EMAIL;
const PURPOSE: Purpose = Purpose::ChangeAddress;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    step_up::recently(&app, &headers, PAGE).await?;
    let page = AskForMailPage {
        purpose: PURPOSE,
        email: "",
        wrong: None,
    };
    Ok(page.render(StatusCode::OK))
}

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, PAGE).await?;

    let email = params.one("email")?.unwrap_or_default();
    match EmailAddress::parse(email) {
        Ok(address) => {
            ask(&app, &session, &address, &Origin::of(&headers)).await?;
            Ok(pages::mailed::asked(PURPOSE))
        }
        Err(wrong) => {
            let page = AskForMailPage {
                purpose: PURPOSE,
                email,
                wrong: Some(wrong),
            };
            Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// Asks for a mail to the address that she wants.
async fn ask(
    app: &App,
    session: &Session,
    address: &EmailAddress,
    origin: &Origin,
) -> Result<(), FormError> {
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    let charged = throttle::charge(&mut db, origin, now).await?;
    charged.map_err(FormError::TooEarly)?;
    store::mails::queue_wish(&mut db, app.ids.next(), address, session.id, now).await?;
    Entry::of(Kind::MailAsked)
        .person(session.person)
        .session(session.id)
        .account(&audit::pseudonym(address.as_str()))
        .origin(origin)
        .detail(PURPOSE.as_str())
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    Ok(())
}
