//! `GET` and `POST /account/profile`: what a person wants to be called, and in which time zone she reads times.
//!
//! Invariant: all of it is changed or nothing is; what is wrong is said beside its field.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change};
use crate::form::{self, FormError, see_other};
use crate::origin::Origin;
use crate::pages::ProfilePage;
use crate::paths;
use crate::person::Name;
use crate::session::Session;
use crate::state::App;
use crate::step_up;
use crate::store;
use crate::zone::Zone;

const PAGE: &str = paths::ACCOUNT_PROFILE;

/// Shows the page.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::signed_in(&app, &headers, PAGE).await?;
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, session.person).await?;
    let profile = profile.ok_or(FormError::SignInFirst(PAGE))?;
    let page = ProfilePage {
        name: &profile.name,
        zone: profile.zone.map(Zone::name).unwrap_or_default(),
        invalid: &[],
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
    let session = step_up::signed_in(&app, &headers, PAGE).await?;

    let field = |name| params.one(name).map(Option::unwrap_or_default);
    let (name, zone) = (field("name")?, field("zoneinfo")?);
    let chosen = (!zone.is_empty()).then(|| Zone::parse(zone)).transpose();
    match (Name::parse(name), chosen) {
        (Ok(name), Ok(zone)) => {
            change(&app, &session, &name, zone, &Origin::of(&headers)).await?;
            Ok(see_other(paths::ACCOUNT, None))
        }
        (parsed, chosen) => {
            let invalid: Vec<_> = parsed.err().into_iter().chain(chosen.err()).collect();
            let page = ProfilePage {
                name,
                zone,
                invalid: &invalid,
            };
            Ok(page.render(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// Writes it down, unless it is as it was.
async fn change(
    app: &App,
    session: &Session,
    name: &Name,
    zone: Option<Zone>,
    origin: &Origin,
) -> Result<(), Failure> {
    let person = session.person;
    let mut db = database::begin(&app.db).await?;
    if !store::people::set_profile(&mut db, person, name, zone).await? {
        return Ok(());
    }
    events::changed(app, &mut db, person, Change::Updated).await?;
    Entry::of(Kind::ProfileChanged)
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(user.id = %person, "changed her profile");
    Ok(())
}
