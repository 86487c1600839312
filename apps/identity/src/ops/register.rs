//! `GET` and `POST /register`: a new account.
//!
//! Invariant: the answer to a well-formed form is the same whether or not the address had an account, and so is the
//! work: an account that exists is left as it is. Which it was is told to the address alone.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;
use service::database;

use crate::audit::{self, Entry, Kind};
use crate::error::{Failure, no_store};
use crate::events::{self, Change};
use crate::form::{self, FormError, return_to};
use crate::mail::{self, Notice, Purpose};
use crate::origin::Origin;
use crate::pages::RegisterPage;
use crate::password_rules;
use crate::paths;
use crate::person::{EmailAddress, Invalid, Name, PersonId};
use crate::return_to::Elsewhere;
use crate::role::Role;
use crate::state::App;
use crate::store::{self, people::NewPerson};
use crate::throttle;

/// Shows the page.
pub async fn show(RawQuery(query): RawQuery) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let return_to = return_to(&params)?;
    let page = RegisterPage {
        return_to: return_to.as_ref(),
        ..RegisterPage::default()
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
    let return_to = return_to(&params)?;
    let field = |name| params.one(name).map(Option::unwrap_or_default);
    let (email, name) = (field("email")?, field("name")?);
    let password: SecretString = field("password")?.to_owned().into();

    let invalid: Vec<Invalid> = [
        Name::parse(name).err(),
        EmailAddress::parse(email).err(),
        password_rules::acceptable(&password, email, name).err(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (Ok(parsed_name), Ok(parsed_email), []) =
        (Name::parse(name), EmailAddress::parse(email), &invalid[..])
    else {
        let page = RegisterPage {
            return_to: return_to.as_ref(),
            email,
            name,
            invalid: &invalid,
        };
        return Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let origin = Origin::of(&headers);
    let mut db = app.db.acquire().await?;
    let charged = throttle::charge(&mut db, &origin, app.clock.now()).await?;
    charged.map_err(FormError::TooEarly)?;
    drop(db);
    register(&app, &parsed_email, &parsed_name, password, &origin).await?;

    let location = match &return_to {
        Some(there) => format!("{}&registered=1", there.via(paths::SIGN_IN)),
        None => format!("{}?registered=1", paths::SIGN_IN),
    };
    let location = HeaderValue::try_from(location).map_err(|_| Elsewhere)?;
    Ok(no_store((StatusCode::SEE_OTHER, [(header::LOCATION, location)])).into_response())
}

async fn register(
    app: &App,
    email: &EmailAddress,
    name: &Name,
    password: SecretString,
    origin: &Origin,
) -> Result<(), Failure> {
    let password_hash = app
        .passwords
        .hash(password, app.ids.random::<16>()?)
        .await?;
    let id = PersonId(app.ids.next());
    let person = NewPerson {
        id,
        email,
        name,
        password_hash: Some(&password_hash),
        role: Some(Role::Customer),
    };
    let now = app.clock.now();
    let mut db = database::begin(&app.db).await?;
    let (mail, entry) = if store::people::insert(&mut db, &person, now).await? {
        events::changed(app, &mut db, id, Change::Registered).await?;
        tracing::info!(user.id = %id, "registered");
        (
            mail::Kind::Link(Purpose::ConfirmAddress),
            Entry::of(Kind::Registered).person(id),
        )
    } else {
        (
            mail::Kind::Notice(Notice::AddressTaken),
            Entry::of(Kind::RegistrationRepeated).account(&audit::pseudonym(email.as_str())),
        )
    };
    store::mails::queue(&mut db, app.ids.next(), mail, email, now).await?;
    entry.origin(origin).record(app, &mut db).await?;
    db.commit().await?;
    app.outbox.wake();
    Ok(())
}
