//! The SQL for the databases: the same each time, and without a password.

use crate::bao::Bao;

#[tokio::test]
async fn the_sql_is_the_same_each_time_and_holds_verifiers_only() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let sql = bao.succeed("sql");
    assert_eq!(bao.succeed("sql"), sql);
    for (app, of) in [
        ("bff", "state"),
        ("identity", "database"),
        ("catalog", "database"),
        ("order", "database"),
    ] {
        let (_, database) = bao.secret(app, of).await.unwrap();
        assert!(!sql.contains(&database["password"]));
        assert!(sql.contains(&format!(
            "ALTER ROLE \"{app}_a\" LOGIN PASSWORD ''SCRAM-SHA-256$4096:"
        )));
    }
    assert!(!sql.contains("acquirer"));
}

#[tokio::test]
async fn without_up_there_is_no_sql() {
    let bao = Bao::start().await;
    assert!(
        bao.fail("sql")
            .contains("bff has no token yet: run secretstore up first")
    );
}
