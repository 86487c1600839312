//! What all pages of an account have in common: who may see them, and where their forms must come from.

use chrono::TimeDelta;
use http::Method;
use identity::routes;
use service::routes::Access;

use crate::ada;
use crate::world::World;

/// Pages that want a sign-in, and whether it must be a recent one.
const PAGES: [(&str, bool); 9] = [
    ("/account", false),
    ("/account/export", false),
    ("/account/profile", false),
    ("/account/email", true),
    ("/account/password", true),
    ("/account/security", true),
    ("/account/security/set-up", true),
    ("/account/delete", true),
    ("/account/links", true),
];

fn posts() -> Vec<&'static str> {
    let routes = routes::routes();
    let rows = routes.table().iter();
    let forms = rows.filter(|row| row.method == Method::POST && row.access == Access::Public);
    forms
        .filter(|row| !row.path.starts_with("/oauth2/"))
        .map(|row| row.path)
        .collect()
}

#[tokio::test]
async fn every_form_must_come_from_our_own_pages() {
    let world = World::new().await;
    ada::registers(&world).await;
    let mut browser = ada::signs_in(&world).await;
    assert_eq!(posts().len(), 24);
    for origin in [None, Some("https://evil.example".to_owned())] {
        browser.origin = origin;
        for path in posts() {
            assert_eq!(browser.post(path, &[]).await.status, 403, "{path}");
        }
    }
    browser.origin = Some(crate::world::ISSUER.to_owned());
    assert_eq!(browser.get("/account").await.status, 200);
}

#[tokio::test]
async fn the_account_is_for_who_is_signed_in_and_what_matters_for_who_has_just_signed_in() {
    let world = World::new().await;
    ada::registers(&world).await;
    for (page, _) in PAGES {
        let answer = world.browser().get(page).await;
        assert_eq!(answer.status, 303, "{page}");
        let back = answer.location();
        assert!(
            back.starts_with("/sign-in?return=%2Faccount"),
            "{page}: {back}"
        );
        assert_eq!(world.browser().get(back).await.status, 200, "{back}");
    }
    let browser = ada::signs_in(&world).await;
    world.clock.advance(TimeDelta::minutes(15));
    for (page, _) in PAGES {
        let answer = browser.get(page).await;
        let turned = answer.status == 303 && answer.location().starts_with("/sign-in");
        assert!(!turned, "{page}");
    }
    world.clock.advance(TimeDelta::seconds(1));
    for (page, recent) in PAGES {
        let answer = browser.get(page).await;
        let turned = answer.status == 303 && answer.location().starts_with("/sign-in");
        assert_eq!(turned, recent, "{page}");
    }
}

#[tokio::test]
async fn what_matters_is_not_done_for_an_old_sign_in() {
    let world = World::new().await;
    ada::registers(&world).await;
    let mut browser = ada::signs_in(&world).await;
    world.clock.advance(TimeDelta::minutes(16));
    let form = [
        ("old_password", ada::PASSWORD),
        ("password", ada::PASSWORD),
        ("code", "000000"),
        ("email", "bob@example.com"),
    ];
    for path in [
        "/account/email",
        "/account/password",
        "/account/security/begin",
        "/account/security/set-up",
        "/account/security/remove",
        "/account/security/recovery-codes",
        "/account/delete",
    ] {
        let answer = browser.post(path, &form).await;
        assert!(answer.location().starts_with("/sign-in?return="), "{path}");
    }
    assert_eq!(ada::gives(&world, ada::PASSWORD).await.1.status, 303);
}
