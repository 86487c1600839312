//! The SQL that gives every app its roles and its database, for psql as the superuser.
//!
//! Running it again changes nothing; a password appears as a SCRAM verifier only.

use std::{fmt::Write as _, path::Path};

use secrecy::SecretString;
use thiserror::Error;
use url::Url;

use crate::{
    files::{self, FileError},
    handout, kv,
    rotate::database,
    scram,
    vault::{Vault, VaultError},
};

/// SQL that can't be written.
#[derive(Debug, Error)]
pub enum SqlError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// An app's token can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `up` has not run for this app.
    #[error("{app} has no {what} yet: run secretstore up first")]
    NotReady {
        /// The app.
        app: String,
        /// What it lacks.
        what: &'static str,
    },
}

/// Roles and database of one app.
struct Database<'a> {
    app: &'a str,
    name: String,
    owner: String,
    login: String,
    verifier: String,
}

/// Reads each app's database secret with the app's own token, and writes the SQL.
pub async fn print(state: &Path, address: &Url, apps: &[String]) -> Result<String, SqlError> {
    let vault = Vault::at(address)?;
    let mut sql = String::from(HEAD);
    for app in apps {
        if let Some(path) = database::path(app) {
            sql.push_str(&statements(&database(state, &vault, app, &path).await?));
        }
    }
    Ok(sql)
}

const HEAD: &str = "\\set ON_ERROR_STOP on\nSET standard_conforming_strings = on;\n";

async fn database<'a>(
    state: &Path,
    vault: &Vault,
    app: &'a str,
    path: &str,
) -> Result<Database<'a>, SqlError> {
    let lacks = |what| SqlError::NotReady {
        app: app.to_owned(),
        what,
    };
    let token = files::read(&handout::vault_token(state, app))?.ok_or(lacks("token"))?;
    let own = vault.with_token(&SecretString::from(token))?;
    let secret = kv::read(&own, path).await?;
    let value = |key| {
        secret
            .values
            .get(key)
            .cloned()
            .ok_or(lacks("database secret"))
    };
    let login = value("username")?;
    Ok(Database {
        app,
        name: value("database")?,
        owner: value("role")?,
        verifier: scram::verifier(&login, &value("password")?),
        login,
    })
}

/// Two logins alternate at a rotation, so both exist; only the one in the secret is opened here, and the other is left alone.
fn statements(database: &Database<'_>) -> String {
    let Database {
        app,
        name,
        owner,
        login,
        verifier,
    } = database;
    let mut sql = format!("\n-- {app}\n");
    create_role(&mut sql, owner);
    for role in [format!("{app}_a"), format!("{app}_b")] {
        create_role(&mut sql, &role);
        join(&mut sql, &role, owner);
    }
    unless(
        &mut sql,
        &format!(
            "ALTER ROLE {} LOGIN PASSWORD {}",
            identifier(login),
            literal(verifier)
        ),
        &format!(
            "SELECT FROM pg_authid WHERE rolname = {} AND rolcanlogin AND rolpassword = {}",
            literal(login),
            literal(verifier)
        ),
    );
    unless(
        &mut sql,
        &format!(
            "CREATE DATABASE {} OWNER {}",
            identifier(name),
            identifier(owner)
        ),
        &format!("SELECT FROM pg_database WHERE datname = {}", literal(name)),
    );
    unless(
        &mut sql,
        &format!("REVOKE ALL ON DATABASE {} FROM PUBLIC", identifier(name)),
        &format!(
            "SELECT FROM pg_database WHERE datname = {} AND datacl IS NOT NULL \
             AND NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0)",
            literal(name)
        ),
    );
    sql
}

fn create_role(sql: &mut String, role: &str) {
    unless(
        sql,
        &format!("CREATE ROLE {} NOLOGIN", identifier(role)),
        &format!("SELECT FROM pg_roles WHERE rolname = {}", literal(role)),
    );
}

fn join(sql: &mut String, role: &str, group: &str) {
    unless(
        sql,
        &format!("GRANT {} TO {}", identifier(group), identifier(role)),
        &format!(
            "SELECT FROM pg_auth_members WHERE member = {}::regrole AND roleid = {}::regrole",
            literal(&identifier(role)),
            literal(&identifier(group))
        ),
    );
}

/// `CREATE DATABASE` runs in no transaction and knows no `IF NOT EXISTS`: psql executes what the query yields.
fn unless(sql: &mut String, statement: &str, exists: &str) {
    let statement = literal(statement);
    // Writing to a String can't fail.
    let _ = writeln!(
        sql,
        "SELECT {statement} WHERE NOT EXISTS ({exists}) \\gexec"
    );
}

/// A name as SQL has it.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL has it.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_conditional() {
        let sql = statements(&Database {
            app: "order",
            name: "db-order".to_owned(),
            owner: "order_owner".to_owned(),
            login: "order_a".to_owned(),
            verifier: "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy".to_owned(),
        });
        for statement in sql
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("--"))
        {
            assert!(statement.contains(" WHERE NOT EXISTS ("), "{statement}");
            assert!(statement.ends_with(" \\gexec"), "{statement}");
        }
        for part in [
            "SELECT 'CREATE ROLE \"order_owner\" NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'order_owner') \\gexec\n",
            "'GRANT \"order_owner\" TO \"order_b\"'",
            "'ALTER ROLE \"order_a\" LOGIN PASSWORD ''SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy'''",
            "'CREATE DATABASE \"db-order\" OWNER \"order_owner\"'",
            "'REVOKE ALL ON DATABASE \"db-order\" FROM PUBLIC'",
        ] {
            assert!(sql.contains(part), "{part}\nis not in\n{sql}");
        }
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(
            literal(&identifier("it's \"so\"")),
            "'\"it''s \"\"so\"\"\"'"
        );
    }
}
