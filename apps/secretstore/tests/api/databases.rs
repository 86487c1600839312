//! Passwords of databases change by two logins that take turns, on a real PostgreSQL: nobody is locked out, and the login
//! before is locked when nobody uses it.
//!
//! `TESTKIT_POSTGRES` names the server; its logins are the whole server's, so these tests take turns.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
};

use tokio::sync::{Mutex, MutexGuard};

use crate::{bao::Bao, patience::until, relay::killed};

static TURN: Mutex<()> = Mutex::const_new(());
/// The apps of `bao.rs` that have a database.
const OWNERS: [&str; 4] = ["identity", "catalog", "order", "payment"];
/// The app whose sidecar has one.
const WITH_SIDECARS: &str = "bff";
/// Two writes for each of them.
const WRITES: usize = 8;

/// A vault, and a PostgreSQL with the logins that it knows.
struct Ground {
    bao: Bao,
    _turn: MutexGuard<'static, ()>,
}

fn server() -> String {
    let named = std::env::var_os("TESTKIT_POSTGRES").and_then(|name| name.into_string().ok());
    named.expect("TESTKIT_POSTGRES names a PostgreSQL server; ./run.sh test sets it")
}

fn psql(sql: &str) -> String {
    let done = Command::new("psql")
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1", &server(), "-c", sql])
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A program of these lines.
fn script(path: &str, lines: &str) {
    fs::write(path, format!("#!/bin/sh\n{lines}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

impl Ground {
    async fn new() -> Self {
        let turn = TURN.lock().await;
        let bao = Bao::start().await;
        bao.succeed("up");
        let ground = Self { bao, _turn: turn };
        let text = format!(
            "[ \"$*\" = sql ] || exit 2\nexec psql -XqAt -v ON_ERROR_STOP=1 '{}'\n",
            server()
        );
        script(&ground.program(), &text);
        ground.apply();
        ground
    }

    fn program(&self) -> String {
        let program = self.bao.state().with_file_name("superuser");
        program.to_str().unwrap().to_owned()
    }

    fn command(&self) -> String {
        format!("rotate database --settle 0 --sql {}", self.program())
    }

    /// Runs a rotation, and ends it by force in the middle of its n-th change of a role, which has happened or not.
    async fn killed_in_sql(&self, n: usize, happened: bool) {
        let [program, count, caught] = ["hanging", "count", "caught"]
            .map(|name| self.bao.state().with_file_name(name).display().to_string());
        let run = if happened { "run" } else { ":" };
        script(
            &program,
            &format!(
                "run() {{ printf '%s\\n' \"$sql\" | {} sql; }}\n\
                 sql=$(cat)\n\
                 case $sql in ALTER*) echo >>{count} ;; *) run; exit ;; esac\n\
                 [ $(wc -l <{count}) = {n} ] || {{ run; exit; }}\n\
                 {run}\n\
                 echo $$ >{caught}.new; mv {caught}.new {caught}; exec sleep 60\n",
                self.program()
            ),
        );
        fs::write(&count, "").unwrap();
        let command = format!("rotate database --settle 0 --sql {program}");
        let mut tool = self.bao.tool(&command, self.bao.port);
        let mut tool = tool.stdout(Stdio::null()).spawn().unwrap();
        until("the change", async || fs::exists(&caught).unwrap()).await;
        tool.kill().unwrap();
        tool.wait().unwrap();
        let hanging = fs::read_to_string(&caught).unwrap();
        Command::new("kill").arg(hanging.trim()).status().unwrap();
        fs::remove_file(&caught).unwrap();
    }

    /// What every start does.
    fn apply(&self) {
        let mut program = Command::new(self.program())
            .arg("sql")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let sql = self.bao.succeed("sql");
        let mut input = program.stdin.take().unwrap();
        input.write_all(sql.as_bytes()).unwrap();
        drop(input);
        assert!(program.wait().unwrap().success());
    }

    async fn login(&self, app: &str) -> (String, String) {
        let (_, secret) = self.bao.secret(app, "database").await.unwrap();
        (secret["username"].clone(), secret["password"].clone())
    }

    /// Every app gets in by what its secret says.
    async fn everybody_gets_in(&self) {
        for app in OWNERS {
            let (login, password) = self.login(app).await;
            let mut session = connected(&login, &password);
            drop(session.stdin.take());
            assert!(session.wait().unwrap().success(), "{login}");
        }
    }

    /// And by nothing else.
    async fn at_rest(&self) {
        self.everybody_gets_in().await;
        for app in OWNERS {
            let (_, secret) = self.bao.secret(app, "database").await.unwrap();
            assert_eq!(secret.len(), 6, "{app}");
            let query = format!(
                "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname IN ('{app}_a', '{app}_b')"
            );
            assert_eq!(psql(&query), secret["username"]);
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for app in OWNERS.iter().chain(&[WITH_SIDECARS]) {
            psql(&format!("DROP DATABASE IF EXISTS \"db-{app}\""));
            psql(&format!(
                "DROP ROLE IF EXISTS {app}_a, {app}_b, {app}_owner"
            ));
        }
    }
}

/// A session by this login, which lasts as long as its input is open.
fn connected(login: &str, password: &str) -> Child {
    let port = psql("SHOW port");
    Command::new("psql")
        .args(["-XqAt", "-h", "127.0.0.1", "-p", &port, "-U", login])
        .args(["-d", "postgres"])
        .env("PGPASSWORD", password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_other_login_takes_over_and_the_one_before_is_locked_when_nobody_uses_it() {
    let ground = Ground::new().await;
    let (login, password) = ground.login("order").await;
    assert_eq!(login, "order_a");
    let mut session = connected(&login, &password);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'order_a'";
    until("a session", async || psql(sessions) == "1").await;

    let mut tool = ground.bao.tool(&ground.command(), ground.bao.port);
    let mut tool = tool.stdout(Stdio::null()).spawn().unwrap();
    let open = |login: &str| {
        psql(&format!(
            "SELECT rolcanlogin FROM pg_roles WHERE rolname = '{login}'"
        )) == "t"
    };
    // The others' are locked, this one's is not.
    until("the lock of another", async || !open("identity_a")).await;
    until("the other login", async || open("order_b")).await;
    assert!(open("order_a"));
    assert!(tool.try_wait().unwrap().is_none());
    ground.everybody_gets_in().await;
    assert_ne!(ground.login("order").await.1, password);

    // The next run goes on with it: what holds is in PostgreSQL and the vault.
    tool.kill().unwrap();
    tool.wait().unwrap();
    let mut tool = ground.bao.tool(&ground.command(), ground.bao.port);
    let mut tool = tool.stdout(Stdio::null()).spawn().unwrap();
    assert!(tool.try_wait().unwrap().is_none() && open("order_a"));
    drop(session.stdin.take());
    assert!(session.wait().unwrap().success());
    assert!(tool.wait().unwrap().success());
    ground.at_rest().await;
    assert_eq!(ground.login("order").await.0, "order_b");

    // And back again.
    assert_eq!(
        ground.bao.succeed(&ground.command()),
        "database passwords rotated; the logins before are locked\n"
    );
    ground.at_rest().await;
    assert_eq!(ground.login("order").await.0, "order_a");
}

#[tokio::test]
async fn a_rotation_of_passwords_that_is_killed_anywhere_is_completed() {
    let ground = Ground::new().await;
    for n in 1..=WRITES {
        let before = ground.login("order").await.1;
        killed(&ground.bao, &ground.command(), "POST /v1/crema/data/", n).await;
        ground.everybody_gets_in().await;
        if n % 2 == 0 {
            ground.bao.succeed("up");
            ground.apply();
            ground.everybody_gets_in().await;
        }
        ground.bao.succeed(&ground.command());
        ground.at_rest().await;
        assert_ne!(ground.login("order").await.1, before, "killed at write {n}");
    }
}

#[tokio::test]
async fn a_rotation_of_passwords_that_is_killed_inside_its_sql_is_completed() {
    let ground = Ground::new().await;
    // The first app's other login is opened, and the one before is locked; the other apps are no different.
    for n in [1, 2] {
        for happened in [false, true] {
            let before = ground.login("order").await.1;
            ground.killed_in_sql(n, happened).await;
            ground.everybody_gets_in().await;
            if happened {
                ground.bao.succeed("up");
                ground.apply();
                ground.everybody_gets_in().await;
            }
            ground.bao.succeed(&ground.command());
            ground.at_rest().await;
            assert_ne!(
                ground.login("order").await.1,
                before,
                "killed at change {n}"
            );
        }
    }
}

/// The sidecar reads its login when it starts, so that is when the other one takes over.
#[tokio::test]
async fn the_login_of_a_sidecars_database_changes_with_the_tokens() {
    let ground = Ground::new().await;
    let restarter = ground.bao.state().with_file_name("restarter");
    script(restarter.to_str().unwrap(), "exit 0\n");
    let (restarter, program) = (restarter.display(), ground.program());
    let without = format!("rotate tokens --apps {WITH_SIDECARS} --restart {restarter}");
    assert!(ground.bao.fail(&without).contains("--sql is missing"));
    let open =
        "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'bff__'";
    for login in ["bff_b", "bff_a"] {
        let (_, before) = ground.bao.secret(WITH_SIDECARS, "state").await.unwrap();
        ground.bao.succeed(&format!("{without} --sql {program}"));
        let (_, secret) = ground.bao.secret(WITH_SIDECARS, "state").await.unwrap();
        assert_eq!(secret["username"], login);
        assert_ne!(secret["password"], before["password"]);
        assert_eq!(psql(open), login, "the one before is locked");
        let mut session = connected(login, &secret["password"]);
        drop(session.stdin.take());
        assert!(session.wait().unwrap().success());
    }
}

#[tokio::test]
async fn without_a_superuser_no_password_changes() {
    let ground = Ground::new().await;
    let before = ground.bao.secrets().await;
    let said = ground.bao.fail("rotate database");
    assert!(said.contains("--sql is missing"), "{said}");
    let said = ground.bao.fail("rotate database --sql /bin/false");
    assert!(
        said.contains("/bin/false could not look at a login"),
        "{said}"
    );
    assert_eq!(ground.bao.secrets().await, before);
    ground.at_rest().await;
}
