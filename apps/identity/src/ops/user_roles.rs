//! `PUT /v1/users/{id}/roles`: what a person may do from now on, everywhere and at her stores.
//!
//! Invariant: an edit says which version it is of (`If-Match`), and no operator takes the admin's role from herself. An
//! access token that was issued before says what was true then, for five minutes at most. Whoever becomes staff signs in
//! anew: her sessions may have begun without the second factor that staff need.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::events::{self, Change, Reason};
use crate::operator::{Operator, OperatorError};
use crate::ops::user;
use crate::person::PersonId;
use crate::role::Role;
use crate::session;
use crate::standing;
use crate::state::App;
use crate::store::{
    self,
    accounts::{Account, Place},
};

/// A role that holds everywhere.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Everywhere {
    Customer,
    Admin,
}

/// A role that holds at one store.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum AtStore {
    Barista,
    Manager,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPlace {
    store_id: Uuid,
    role: AtStore,
}

/// All roles that she is to have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoles {
    roles: Vec<Everywhere>,
    staff: Vec<NewPlace>,
}

impl NewRoles {
    fn read(self) -> Result<(Vec<Role>, Vec<Place>), Problem> {
        let mut roles: Vec<_> = self.roles.into_iter().map(Role::from).collect();
        roles.sort_unstable();
        roles.dedup();
        let mut staff: Vec<Place> = Vec::with_capacity(self.staff.len());
        for (index, NewPlace { store_id, role }) in self.staff.into_iter().enumerate() {
            if staff.iter().any(|place| place.store_id == store_id) {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid-body",
                    "The body has the wrong shape",
                )
                .field(
                    &format!("/staff/{index}/store_id"),
                    "a person has one role at a store",
                ));
            }
            let role = role.into();
            staff.push(Place { store_id, role });
        }
        Ok((roles, staff))
    }
}

impl From<Everywhere> for Role {
    fn from(role: Everywhere) -> Self {
        match role {
            Everywhere::Customer => Self::Customer,
            Everywhere::Admin => Self::Admin,
        }
    }
}

impl From<AtStore> for Role {
    fn from(role: AtStore) -> Self {
        match role {
            AtStore::Barista => Self::Barista,
            AtStore::Manager => Self::Manager,
        }
    }
}

/// Answers 200 with the account after it; 404, 409 for her own admin's role, 412 stale, 428 without a version.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(new): Json<NewRoles>,
) -> Result<Response, OperatorError> {
    let expected = etag::expected_version(&headers)?;
    let (roles, staff) = new.read()?;
    let account = run(&app, &principal, PersonId(id), expected, &roles, &staff).await?;
    Ok(user::answer(account))
}

async fn run(
    app: &App,
    principal: &Principal,
    person: PersonId,
    expected: i64,
    roles: &[Role],
    staff: &[Place],
) -> Result<Account, OperatorError> {
    let mut db = database::begin(&app.db).await?;
    let Operator(operator) = Operator::of(app, &mut db, principal).await?;
    let version = store::accounts::lock(&mut db, person).await?;
    if version.ok_or(OperatorError::NotFound)? != expected {
        return Err(etag::stale().into());
    }
    if person == operator && !roles.contains(&Role::Admin) {
        return Err(OperatorError::OwnAccount);
    }
    let before = store::accounts::get(&mut db, person).await?;
    let was_staff = before.as_ref().is_some_and(is_staff);
    store::accounts::set_roles(&mut db, person, roles, staff).await?;
    let account = events::changed(app, &mut db, person, Change::Updated)
        .await?
        .ok_or(OperatorError::NotFound)?;
    let grants = store::accounts::grants(&mut db, person).await?;
    let reason = Reason::RolesChanged;
    let ended = if is_staff(&account) && !was_staff {
        session::end_of(app, &mut db, person, |_| true, reason).await?
    } else {
        Vec::new()
    };
    session::record_end(app, &mut db, &ended, reason).await?;
    Entry::of(Kind::RolesChanged)
        .person(person)
        .actor(operator)
        .detail(words(roles, staff))
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    session::after_end(app, ended).await;
    standing::forget(app, &grants).await;
    tracing::info!(user.id = %person, operator.id = %operator, "roles were changed");
    Ok(account)
}

fn is_staff(account: &Account) -> bool {
    account.all_roles().iter().any(|role| role.is_staff())
}

/// The roles as the audit keeps them.
fn words(roles: &[Role], staff: &[Place]) -> String {
    let everywhere = roles.iter().map(ToString::to_string);
    let places = staff
        .iter()
        .map(|place| format!("{} at {}", place.role, place.store_id));
    everywhere.chain(places).collect::<Vec<_>>().join(", ")
}
