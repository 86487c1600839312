//! Whether an address is reached, for what fee, and how soon.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{OTHER_STORE, STORE, World, address, eur};

fn with(changes: &[(&str, Value)]) -> Value {
    let mut address = address();
    for (field, value) in changes {
        address[*field] = value.clone();
    }
    address
}

#[tokio::test]
async fn an_address_is_quoted_by_its_zone_and_written_as_its_country_writes_it() {
    let world = World::new().await;
    let near = world
        .quote(STORE, &with(&[("postcode", json!(" 04 109 "))]))
        .await;
    assert_eq!(near.status, 200, "{}", near.body);
    assert_eq!(near.body["address"], address());
    let terms = |body: &Value| {
        let fields = ["zone", "fee", "tax_rate_bp", "minutes"].map(|name| body[name].clone());
        fields.to_vec()
    };
    assert_eq!(
        terms(&near.body),
        [json!("Zentrum"), eur(250), json!(1900), json!(25)]
    );
    let far = world
        .quote(STORE, &with(&[("postcode", json!("04277"))]))
        .await;
    assert_eq!(
        terms(&far.body),
        [json!("Leipzig"), eur(390), json!(1900), json!(40)]
    );
    let polish = with(&[("postcode", json!("31002")), ("country", json!("PL"))]);
    let polish = world.quote(OTHER_STORE, &polish).await;
    assert_eq!(polish.body["address"]["postcode"], "31-002");
    assert_eq!(polish.body["zone"], "Stare Miasto");
    assert_eq!(world.count("shipments").await, 0);
}

#[tokio::test]
async fn where_nobody_drives_from_a_store_is_out_of_its_reach() {
    let world = World::new().await;
    let out = (422, "address-out-of-reach".to_owned());
    let berlin = with(&[("postcode", json!("10115"))]);
    assert_eq!(world.quote(STORE, &berlin).await.problem(), out);
    // A store that was never given zones delivers nowhere.
    assert_eq!(
        world.quote(Uuid::from_u128(7), &address()).await.problem(),
        out
    );
}

#[tokio::test]
async fn what_is_no_address_is_refused_by_its_fields_and_never_quoted_back() {
    let world = World::new().await;
    let odd = with(&[
        ("name", json!(" ")),
        ("street", json!("Canary\u{7}")),
        ("postcode", json!("CANARY")),
        ("country", json!("PL")),
        ("phone", json!("Canary")),
        ("note", json!("Canary".repeat(40))),
    ]);
    let answer = world.quote(STORE, &odd).await;
    assert_eq!(answer.problem(), (422, "address-invalid".into()));
    let mut pointers = answer.pointers();
    pointers.sort_unstable();
    let fields = ["country", "name", "note", "phone", "postcode", "street"];
    assert_eq!(pointers, fields.map(|field| format!("/address/{field}")));
    assert!(
        !answer.body.to_string().to_lowercase().contains("canary"),
        "{}",
        answer.body
    );

    for odd in [
        json!("Canary Row 7"),
        json!({"name": 7}),
        with(&[("shoe", json!("Canary"))]),
    ] {
        let answer = world.quote(STORE, &odd).await;
        assert_eq!(answer.problem(), (422, "invalid-body".into()));
        assert_eq!(answer.pointers(), ["/address"]);
        assert!(
            !answer.body.to_string().contains("Canary"),
            "{}",
            answer.body
        );
    }
}
