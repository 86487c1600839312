//! The people of the demonstration.

use identity::role::Role;
use identity::seed;

use crate::world::{World, secret};

#[tokio::test]
async fn an_empty_installation_gets_one_person_for_each_role() {
    let world = World::new().await;
    let passwords = Role::ALL.map(|role| (role.as_str(), format!("password of {role}")));
    let passwords = secret("demo", &passwords);
    assert!(seed::wanted(&world.app).await.expect("an answer"));
    seed::run(&world.app, &passwords).await.expect("seeded");
    assert!(!seed::wanted(&world.app).await.expect("an answer"));

    for role in Role::ALL {
        let mut browser = world.browser();
        let email = format!("{role}@crema.example");
        let password = format!("password of {role}");
        let form = [("email", email.as_str()), ("password", password.as_str())];
        assert_eq!(browser.post("/sign-in", &form).await.status, 303, "{role}");
        let tokens = world.bff().redeem(&browser.code().await).await;
        let (_, id) = crate::world::verified(&world, &tokens.text("id_token")).await;
        assert_eq!(id["roles"], serde_json::json!([role]));
        let works_somewhere = matches!(role, Role::Barista | Role::Manager);
        let stores = id["stores"].as_array().map_or(0, Vec::len);
        assert_eq!(stores, if works_somewhere { 2 } else { 0 }, "{role}");
    }
}

#[tokio::test]
async fn a_missing_password_seeds_nobody() {
    let world = World::new().await;
    let passwords = secret("demo", &[("customer", "a password".to_owned())]);
    assert!(seed::run(&world.app, &passwords).await.is_err());
    assert!(seed::wanted(&world.app).await.expect("an answer"));
}
