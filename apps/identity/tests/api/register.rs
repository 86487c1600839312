//! Registration.

use http::header;

use crate::callers::{authorization, encode};
use crate::world::{World, verified};

const ADA: [(&str, &str); 3] = [
    ("name", "Ada Lovelace"),
    ("email", "Ada@Example.com"),
    ("password", "punched cards"),
];

#[tokio::test]
async fn from_registration_to_tokens() {
    let world = World::new().await;
    let mut browser = world.browser();
    let back = format!("/oauth2/authorize?{}", encode(&authorization()));
    let page = browser
        .get(&format!("/register?{}", encode(&[("return", &back)])))
        .await;
    assert_eq!(page.status, 200);

    let mut form = ADA.to_vec();
    form.push(("return", &back));
    let answer = browser.post("/register", &form).await;
    assert_eq!(answer.status, 303);
    assert_eq!(browser.cookie, None, "an account is no sign-in");
    let page = browser.get(answer.location()).await;
    assert!(page.body.contains("your account is ready"), "{}", page.body);

    let form = [
        ("email", "ada@example.com"),
        ("password", "punched cards"),
        ("return", &back),
    ];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.location(), back);
    let answer = browser.get(answer.location()).await;
    let tokens = world
        .bff()
        .redeem(&answer.sent("code").expect("a code"))
        .await;
    let (_, id) = verified(&world, &tokens.text("id_token")).await;
    assert_eq!(id["name"], "Ada Lovelace");
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!(id["roles"], serde_json::json!(["customer"]));
}

#[tokio::test]
async fn an_address_that_is_taken_gets_the_same_answer_and_stays_as_it_is() {
    let world = World::new().await;
    let first = world.browser().post("/register", &ADA).await;
    let thief = [
        ("name", "Eve"),
        ("email", "ada@example.com"),
        ("password", "another one"),
    ];
    let second = world.browser().post("/register", &thief).await;
    assert_eq!(first.status, second.status);
    assert_eq!(first.headers, second.headers);
    assert_eq!(first.body, second.body);

    let sign_in = async |password| {
        let form = [("email", "ada@example.com"), ("password", password)];
        world
            .browser()
            .post("/sign-in", &form)
            .await
            .status
            .as_u16()
    };
    assert_eq!(sign_in("another one").await, 422);
    assert_eq!(sign_in("punched cards").await, 303);
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field() {
    let world = World::new().await;
    let form = [
        ("name", ""),
        ("email", "<b>@"),
        ("password", "short"),
        ("role", "admin"),
    ];
    let answer = world.browser().post("/register", &form).await;
    assert_eq!(answer.status, 422);
    for field in ["name", "email", "password"] {
        assert!(
            answer.body.contains(&format!(r#"id="{field}-wrong""#)),
            "{field}"
        );
    }
    assert!(answer.body.contains("&lt;b&gt;@") && !answer.body.contains("<b>"));
    assert!(
        !answer.body.contains("short\""),
        "a password is never sent back"
    );
    let people: i64 = sqlx::query_scalar("select count(*) from people")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(people, 0);
}

#[tokio::test]
async fn a_form_from_elsewhere_or_leading_elsewhere_is_refused() {
    let world = World::new().await;
    let mut browser = world.browser();
    let mut form = ADA.to_vec();
    form.push(("return", "https://evil.example/"));
    assert_eq!(browser.post("/register", &form).await.status, 400);
    browser.origin = Some("https://evil.example".to_owned());
    let answer = browser.post("/register", &ADA).await;
    assert_eq!(answer.status, 403);
    assert!(!answer.headers.contains_key(header::LOCATION));
}
