//! A person's name and time zone.

use serde_json::{Value, json};

use crate::ada::{self, mail};
use crate::audit::kinds;
use crate::callers::{Browser, authorization_with};
use crate::events::{published, told_of};
use crate::foreign::{Foreign, userinfo};
use crate::linked_accounts::{links, with_ada};
use crate::provider::Provider;
use crate::world::{Answer, World, verified};

const PAGE: &str = "/account/profile";

async fn changes(browser: &mut Browser<'_>, name: &str, zone: &str) -> Answer {
    let form = [("name", name), ("zoneinfo", zone)];
    browser.post(PAGE, &form).await
}

/// What an ID token and userinfo tell the BFF that asked for these scopes.
async fn told(world: &World, browser: &Browser<'_>, scope: &'static str) -> [Value; 2] {
    let answer = browser.authorize(&authorization_with("scope", scope)).await;
    let code = answer.sent("code").expect("a code");
    let tokens = world.bff().redeem(&code).await;
    let (_, claims) = verified(world, &tokens.text("id_token")).await;
    let info = userinfo(world, &tokens.text("access_token")).await;
    [claims, info.json()]
}

#[tokio::test]
async fn name_and_zone_are_hers_to_change_and_clients_learn_them() {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let page = browser.get(PAGE).await;
    assert_eq!(page.status, 200);
    for text in [
        r#"name="name" type="text" autocomplete="name" maxlength="80" required value="Ada""#,
        r#"<option value="">UTC</option>"#,
        "<option>Europe/Warsaw</option>",
    ] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    assert!(!page.body.contains("selected"));
    for claims in told(&world, &browser, "openid profile").await {
        assert_eq!(claims["name"], "Ada");
        assert!(claims.get("zoneinfo").is_none(), "she chose none: {claims}");
    }

    let metadata = browser.get("/.well-known/openid-configuration").await;
    let claims = metadata.json()["claims_supported"].clone();
    for name in ["name", "zoneinfo"] {
        let named = claims
            .as_array()
            .is_some_and(|all| all.contains(&json!(name)));
        assert!(named, "{name} in {claims}");
    }

    for _ in 0..2 {
        let answer = changes(&mut browser, " Ada <King> ", "Europe/Warsaw").await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (303, "/account")
        );
    }
    for claims in told(&world, &browser, "openid profile").await {
        assert_eq!(claims["name"], "Ada <King>");
        assert_eq!(claims["zoneinfo"], "Europe/Warsaw");
    }
    for claims in told(&world, &browser, "openid email").await {
        assert!(claims.get("name").is_none(), "{claims}");
        assert!(claims.get("zoneinfo").is_none(), "{claims}");
    }
    let page = browser.get(PAGE).await;
    assert!(
        page.body
            .contains("<option selected>Europe/Warsaw</option>")
    );
    let data = browser.get("/account/export").await.json();
    assert_eq!(
        (&data["name"], &data["zoneinfo"]),
        (&json!("Ada <King>"), &json!("Europe/Warsaw"))
    );
    let page = browser.get("/account").await;
    for text in [
        "<dd>Ada &lt;King&gt;</dd>",
        "<dd>Europe/Warsaw</dd>",
        "2 March 2026, 07:30 Europe/Warsaw",
        r#"href="/account/profile""#,
    ] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }

    let answer = changes(&mut browser, "Ada", "").await;
    assert_eq!(answer.status, 303);
    let page = browser.get("/account").await;
    assert!(page.body.contains("2 March 2026, 06:30 UTC"), "{page:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_changes() {
    let world = World::new().await;
    ada::registers(&world).await;
    let mut browser = ada::signs_in(&world).await;
    changes(&mut browser, "Ada", "Europe/Warsaw").await;
    let long = "x".repeat(81);
    for (name, zone, wrong) in [
        ("", "Europe/Oslo", &["name"][..]),
        (&long, "Europe/Oslo", &["name"]),
        ("A\nda", "Europe/Oslo", &["name"]),
        ("Eve", "Europe/Atlantis", &["zoneinfo"]),
        ("Eve", "Europe/Kiev", &["zoneinfo"]),
        ("Eve", "US/Pacific", &["zoneinfo"]),
        (" ", "\"><b>", &["name", "zoneinfo"]),
    ] {
        let answer = changes(&mut browser, name, zone).await;
        assert_eq!(answer.status, 422, "{name} {zone}");
        for field in ["name", "zoneinfo"] {
            let said = answer.body.contains(&format!(r#"id="{field}-wrong""#));
            let tied = answer
                .body
                .contains(&format!(r#"aria-describedby="{field}-wrong"#));
            let is = wrong.contains(&field);
            assert_eq!((said, tied), (is, is), "{field} of {name} {zone}");
        }
        assert!(!answer.body.contains("<b>"), "{}", answer.body);
    }
    let page = browser.get("/account").await;
    for text in ["<dd>Ada</dd>", "<dd>Europe/Warsaw</dd>"] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
}

#[tokio::test]
async fn a_change_is_told_and_on_record_once_and_names_nobody() {
    let world = World::new().await;
    ada::registers(&world).await;
    let mut browser = ada::signs_in(&world).await;
    for _ in 0..2 {
        changes(&mut browser, "Augusta", "Europe/London").await;
    }
    changes(&mut browser, "Augusta", "").await;
    let changed = |all: Vec<String>, what: &str| all.iter().filter(|one| *one == what).count();
    let ada = ada::id(&world).await.0;
    assert_eq!(changed(told_of(&world, ada).await, "user.updated.v1"), 2);
    assert_eq!(changed(kinds(&world).await, "profile_changed"), 2);
    let events = json!(published(&world).await).to_string();
    let rows: Vec<String> = sqlx::query_scalar("select audit::text from audit order by position")
        .fetch_all(&world.app.db)
        .await
        .expect("the audit");
    for personal in ["Augusta", "London"] {
        assert!(!events.contains(personal) && !rows.join(" ").contains(personal));
    }
}

#[tokio::test]
async fn applications_and_links_are_shown_on_the_days_of_her_zone() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let beans = Foreign::beans(&world).await;
    let mut ada = with_ada(&world).await;
    links(&mut ada, &provider).await;
    beans.tokens(&mut ada.browser, "openid").await;
    for (zone, day) in [("", "2 March 2026"), ("Pacific/Pago_Pago", "1 March 2026")] {
        let form = [("name", "Ada"), ("zoneinfo", zone)];
        ada.post(PAGE, &form).await;
        for page in ["/account", "/account/links"] {
            let shown = ada.get(page).await.body;
            let since = format!(", since {day}");
            assert!(shown.contains(&since), "{since} on {page}: {shown}");
        }
    }
}
