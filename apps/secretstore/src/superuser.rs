//! PostgreSQL's superuser, as a program that runs the SQL on its standard input: `PROGRAM sql`.
//!
//! Invariant: a password goes there as a SCRAM verifier, by the standard input alone, and nothing that the program says about
//! an error is repeated, since it may quote the statement.

use std::{ffi::OsString, io, path::PathBuf, process::Stdio};

use thiserror::Error;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::sql::{identifier, literal};

/// SQL that did not run.
#[derive(Debug, Error)]
pub enum SuperuserError {
    /// The program can't be run.
    #[error("{} can't be run: {source}", program.display())]
    Program {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It failed, or said what makes no sense.
    #[error("{} could not {action}", program.display())]
    Failed {
        /// Its path.
        program: PathBuf,
        /// What was tried.
        action: &'static str,
    },
}

/// Who runs SQL as the superuser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superuser(PathBuf);

/// A role that may log in, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// Whether it may.
    pub open: bool,
    /// How many are connected by it.
    pub sessions: u32,
}

impl Superuser {
    /// By this program.
    pub fn new(program: OsString) -> Self {
        Self(program.into())
    }

    /// How a login stands.
    pub async fn login(&self, role: &str) -> Result<Login, SuperuserError> {
        let action = "look at a login";
        let role = literal(role);
        let rows = self
            .run(
                action,
                &format!(
                    "SELECT rolcanlogin, (SELECT count(*) FROM pg_stat_activity WHERE usename = rolname) \
                     FROM pg_roles WHERE rolname = {role};\n"
                ),
            )
            .await?;
        let read = || {
            let (open, sessions) = rows.trim().split_once('|')?;
            Some(Login {
                open: open == "t",
                sessions: sessions.parse().ok()?,
            })
        };
        read().ok_or_else(|| self.failed(action))
    }

    /// Lets a login in by the password of this verifier, and by no other.
    pub async fn open(&self, role: &str, verifier: &str) -> Result<(), SuperuserError> {
        let (role, verifier) = (identifier(role), literal(verifier));
        let sql = format!("ALTER ROLE {role} LOGIN PASSWORD {verifier};\n");
        self.run("open a login", &sql).await.map(drop)
    }

    /// Lets nobody in by it any more.
    pub async fn lock(&self, role: &str) -> Result<(), SuperuserError> {
        let role = identifier(role);
        let sql = format!("ALTER ROLE {role} NOLOGIN PASSWORD NULL;\n");
        self.run("lock a login", &sql).await.map(drop)
    }

    async fn run(&self, action: &'static str, sql: &str) -> Result<String, SuperuserError> {
        let unusable = |source| SuperuserError::Program {
            program: self.0.clone(),
            source,
        };
        let mut program = Command::new(&self.0)
            .arg("sql")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(unusable)?;
        if let Some(mut input) = program.stdin.take() {
            // A program that takes no input says more by how it ends.
            let _ = input.write_all(sql.as_bytes()).await;
        }
        let done = program.wait_with_output().await.map_err(unusable)?;
        if !done.status.success() {
            return Err(self.failed(action));
        }
        String::from_utf8(done.stdout).map_err(|_| self.failed(action))
    }

    fn failed(&self, action: &'static str) -> SuperuserError {
        SuperuserError::Failed {
            program: self.0.clone(),
            action,
        }
    }
}
