//! The SQL for the databases: the same each time, and without a password.

use crate::bao::Bao;

#[tokio::test]
async fn the_sql_is_the_same_each_time_and_holds_verifiers_only() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let sql = bao.succeed("sql");
    assert_eq!(bao.succeed("sql"), sql);
    for app in ["identity", "catalog", "order"] {
        let (_, database) = bao.secret(app, "database").await.unwrap();
        assert!(!sql.contains(&database["password"]));
        assert!(sql.contains(&format!(
            "ALTER ROLE \"{app}_a\" LOGIN PASSWORD ''SCRAM-SHA-256$4096:"
        )));
    }
    assert!(!sql.contains("bff"));
}

#[tokio::test]
async fn without_up_there_is_no_sql() {
    let bao = Bao::start().await;
    assert!(
        bao.fail("sql")
            .contains("identity has no token yet: run secretstore up first")
    );
}
