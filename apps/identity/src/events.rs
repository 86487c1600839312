//! What this service publishes on `identity-events`: wire types, versioned by name.
//!
//! Invariant: ids, roles and times, and nothing else of a person in any of them. One event per version of an account,
//! its sequence that version, and one per session. A field is only ever added; anything else is a new version beside
//! the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, Utc};
use outbox::Event;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Failure;
use crate::person::PersonId;
use crate::role::Role;
use crate::state::App;
use crate::store::{self, accounts::Account, sessions::Ended};

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/identity";
/// The type of the event that tells of a session's end.
const SESSION_REVOKED: &str = "identity.session.revoked.v1";

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was made.
    Registered,
    /// Its owner signed in.
    LoggedIn,
    /// It has another password.
    PasswordChanged,
    /// Roles, stores, address or whether that is confirmed, name, time zone, or whether it may be used.
    Updated,
    /// It is being removed.
    Deleted,
}

impl Change {
    /// The type of its event.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Registered => "user.registered.v1",
            Self::LoggedIn => "user.logged_in.v1",
            Self::PasswordChanged => "user.password_changed.v1",
            Self::Updated => "user.updated.v1",
            Self::Deleted => "user.deleted.v1",
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its person signed out.
    SignedOut,
    /// Its person ended it from another one.
    SignedOutElsewhere,
    /// A new sign-in in the same browser took its place.
    Replaced,
    /// Its client gave back its refresh token.
    Revoked,
    /// The account was closed.
    Deactivated,
    /// The account has another password.
    PasswordChanged,
    /// Its person became staff, who may have to sign in otherwise.
    RolesChanged,
    /// The account is gone.
    AccountDeleted,
}

impl Reason {
    /// Its name in the event and in the audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SignedOutElsewhere => "signed_out_elsewhere",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Deactivated => "deactivated",
            Self::PasswordChanged => "password_changed",
            Self::RolesChanged => "roles_changed",
            Self::AccountDeleted => "account_deleted",
        }
    }
}

/// The data of every `user.*.v1` event: the account after the change.
#[derive(Serialize)]
struct UserChanged {
    user_id: Uuid,
    roles: Vec<Role>,
    stores: Vec<Uuid>,
    active: bool,
    email_verified: bool,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// The data of the event that tells of a session's end.
#[derive(Serialize)]
struct SessionRevoked {
    sid: Uuid,
    user_id: Uuid,
    reason: Reason,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// Counts an account's version up, unless it is new, and appends the event that tells what happened to it. Answers the
/// account as it is told of; nothing, if there is none. Wake the relay after the commit.
pub async fn changed(
    app: &App,
    db: &mut PgConnection,
    person: PersonId,
    change: Change,
) -> Result<Option<Account>, Failure> {
    if change != Change::Registered {
        store::accounts::count_up(db, person).await?;
    }
    let Some(account) = store::accounts::get(db, person).await? else {
        return Ok(None);
    };
    let data = UserChanged {
        user_id: account.id,
        roles: account.all_roles(),
        stores: account.stores(),
        active: account.active,
        email_verified: account.email_verified,
        version: account.version,
        occurred_at: app.clock.now(),
    };
    append(app, db, change.kind(), account.id, account.version, &data).await?;
    Ok(Some(account))
}

/// Appends the event that tells of a session's end. Wake the relay after the commit.
pub async fn session_revoked(
    app: &App,
    db: &mut PgConnection,
    ended: &Ended,
    reason: Reason,
) -> Result<(), Failure> {
    let data = SessionRevoked {
        sid: ended.id,
        user_id: ended.person.0,
        reason,
        occurred_at: app.clock.now(),
    };
    // A session ends once, so its first event is its last.
    append(app, db, SESSION_REVOKED, ended.id, 1, &data).await
}

async fn append(
    app: &App,
    db: &mut PgConnection,
    kind: &str,
    subject: Uuid,
    sequence: i64,
    data: &impl Serialize,
) -> Result<(), Failure> {
    let event = Event {
        id: app.ids.next(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        subject: subject.to_string(),
        sequence,
        time: app.clock.now(),
        data: serde_json::to_value(data)?,
    };
    Ok(outbox::append(db, &[event]).await?)
}
