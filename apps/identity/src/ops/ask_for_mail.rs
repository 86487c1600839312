//! `/forgot-password` and `/verify-email/again`: asking for a mail with a link.
//!
//! Invariant: the answer and the work are the same for every address. Whether anybody has it is looked up when the mail
//! is sent, and nobody gets more than one a minute; an origin that asks for many is told to wait.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;

use crate::audit::{self, Entry, Kind};
use crate::form::{self, FormError};
use crate::mail::{self, Purpose};
use crate::origin::Origin;
use crate::pages::{self, AskForMailPage};
use crate::person::EmailAddress;
use crate::state::App;
use crate::store;
use crate::throttle;

/// Shows the page for a new password.
pub async fn show_reset() -> Response {
    blank(Purpose::ResetPassword)
}

/// Shows the page for another confirmation.
pub async fn show_confirmation() -> Response {
    blank(Purpose::ConfirmAddress)
}

/// Takes the form for a new password.
pub async fn submit_reset(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    submit(&app, &headers, &body, Purpose::ResetPassword).await
}

/// Takes the form for another confirmation.
pub async fn submit_confirmation(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    submit(&app, &headers, &body, Purpose::ConfirmAddress).await
}

fn blank(purpose: Purpose) -> Response {
    let page = AskForMailPage {
        purpose,
        email: "",
        wrong: None,
    };
    page.render(StatusCode::OK)
}

async fn submit(
    app: &App,
    headers: &HeaderMap,
    body: &[u8],
    purpose: Purpose,
) -> Result<Response, FormError> {
    let params = form::read(app, headers, body)?;
    let email = params.one("email")?.unwrap_or_default();
    match EmailAddress::parse(email) {
        Ok(address) => {
            ask(app, purpose, &address, &Origin::of(headers)).await?;
            Ok(pages::mailed::asked(purpose))
        }
        Err(wrong) => {
            let wrong = Some(wrong);
            let page = AskForMailPage {
                purpose,
                email,
                wrong,
            };
            Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// Asks for a mail to this address.
async fn ask(
    app: &App,
    purpose: Purpose,
    address: &EmailAddress,
    origin: &Origin,
) -> Result<(), FormError> {
    let kind = mail::Kind::Link(purpose);
    let mut db = database::begin(&app.db).await?;
    let charged = throttle::charge(&mut db, origin, app.clock.now()).await?;
    charged.map_err(FormError::TooEarly)?;
    store::mails::queue(&mut db, app.ids.next(), kind, address, app.clock.now()).await?;
    Entry::of(Kind::MailAsked)
        .account(&audit::pseudonym(address.as_str()))
        .origin(origin)
        .detail(purpose.as_str())
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    Ok(())
}
