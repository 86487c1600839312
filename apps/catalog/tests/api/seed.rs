//! The demonstration's seed.

use ::catalog::{MIGRATOR, seed};

use crate::catalog::{Catalog, RYNEK};

#[tokio::test]
async fn it_leaves_a_catalogue_alone_that_has_a_store() {
    let catalog = Catalog::start().await;
    catalog
        .change("UPDATE products SET name = 'Our espresso' WHERE name = 'Espresso'")
        .await;
    assert!(!seed::demo(&catalog.db).await.expect("the seed"));
    assert!(catalog.menu(RYNEK).await.product("Our espresso").is_some());
}

#[tokio::test]
async fn of_two_that_start_together_one_writes() {
    let db = testkit::database(&[&MIGRATOR]).await;
    let (one, other) = tokio::join!(seed::demo(&db), seed::demo(&db));
    let wrote = [one.expect("one"), other.expect("the other")];
    assert_eq!(wrote.iter().filter(|wrote| **wrote).count(), 1);
}
