//! The password of a database, be it the app's own or its sidecar's, by two logins that take turns: one in use, one locked.
//!
//! Invariant: the other login opens with its new password before the app is told of it, and the one before is locked when
//! everybody has had time to read that and nobody is connected by it. What an interrupted run left is a password for the
//! login that comes next, or an open login that nobody uses.

use std::time::Duration;

use super::{RotateError, Standing, Step};
use crate::{
    kv::{self, Secret},
    random, scram,
    secrets::{WITH_DATABASE, WITH_STATE},
    superuser::Superuser,
    vault::Vault,
};

/// The password of the login that comes next, while it is not in use yet.
const NEXT: &str = "next_password";

/// Where the login of an app's database is, if it has one.
pub fn path(app: &str) -> Option<String> {
    if WITH_DATABASE.contains(&app) {
        return Some(format!("{app}/database"));
    }
    WITH_STATE.contains(&app).then(|| format!("{app}/state"))
}

fn known(app: &str) -> Result<String, RotateError> {
    path(app).ok_or(RotateError::NotReady)
}

pub(super) async fn standing(
    keeper: &Vault,
    app: &str,
    superuser: &Superuser,
) -> Result<Standing, RotateError> {
    let secret = kv::read(keeper, &known(app)?).await?;
    if secret.version == 0 {
        return Ok(Standing::Absent);
    }
    let other = other(app, &secret)?;
    let under_way = secret.values.contains_key(NEXT) || superuser.login(&other).await?.open;
    Ok(if under_way {
        Standing::UnderWay
    } else {
        Standing::Settled(secret.age())
    })
}

pub(super) async fn begin(keeper: &Vault, app: &str) -> Result<Step, RotateError> {
    let path = known(app)?;
    let mut secret = kv::read(keeper, &path).await?;
    if !secret.values.contains_key(NEXT) {
        secret.values.insert(NEXT.to_owned(), random::token()?);
        kv::write_unless_overtaken(keeper, &path, &secret).await?;
    }
    Ok(Step::Taken)
}

/// Whether the next step is to open the other login.
pub(super) async fn is_prepared(keeper: &Vault, app: &str) -> Result<bool, RotateError> {
    let secret = kv::read(keeper, &known(app)?).await?;
    Ok(secret.values.contains_key(NEXT))
}

pub(super) async fn step(
    keeper: &Vault,
    app: &str,
    superuser: &Superuser,
    settle: Duration,
) -> Result<Step, RotateError> {
    let path = known(app)?;
    let mut secret = kv::read(keeper, &path).await?;
    if secret.version == 0 {
        return Ok(Step::Done);
    }
    let other = other(app, &secret)?;
    if let Some(password) = secret.values.remove(NEXT) {
        superuser
            .open(&other, &scram::verifier(&other, &password))
            .await?;
        secret.values.insert("username".to_owned(), other);
        secret.values.insert("password".to_owned(), password);
        kv::write_unless_overtaken(keeper, &path, &secret).await?;
        return Ok(Step::Taken);
    }
    let login = superuser.login(&other).await?;
    if !login.open {
        return Ok(Step::Done);
    }
    let left = settle.saturating_sub(secret.age());
    if !left.is_zero() {
        return Ok(Step::Wait(left));
    }
    if login.sessions > 0 {
        return Ok(Step::InUse(other));
    }
    superuser.lock(&other).await?;
    Ok(Step::Taken)
}

/// The login that is not in use.
fn other(app: &str, secret: &Secret) -> Result<String, RotateError> {
    let [a, b] = ["a", "b"].map(|turn| format!("{app}_{turn}"));
    match secret.values.get("username") {
        Some(login) if *login == a => Ok(b),
        Some(login) if *login == b => Ok(a),
        _ => Err(RotateError::NotReady),
    }
}
