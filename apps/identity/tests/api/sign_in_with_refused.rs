//! What of another provider's answer is refused, and that nobody is signed in by it.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::ada::ADDRESS;
use crate::provider::{CLIENT, Provider, Signer};
use crate::traveller::{Traveller, WITH, last_on_record, person};
use crate::world::World;

/// Asserts that this answer signed nobody in, and why.
async fn nobody(world: &World, traveller: &mut Traveller<'_>, why: &str) {
    assert!(!traveller.is_in().await, "{why}");
    assert_eq!(person(world, ADDRESS).await, None, "{why}");
    let (kind, detail) = last_on_record(world).await;
    assert_eq!(
        (&*kind, &*detail.unwrap_or_default()),
        ("provider_refused", why)
    );
}

#[tokio::test]
async fn an_id_token_that_is_not_what_it_must_be() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let now = world.clock.now().timestamp();
    for (claims, why) in [
        (json!({"nonce": "another"}), "nonce"),
        (json!({"nonce": null}), "nonce"),
        (json!({"aud": "another"}), "aud"),
        (json!({"aud": ["another"]}), "aud"),
        (json!({"aud": []}), "aud"),
        (json!({"aud": [CLIENT, "another"]}), "azp"),
        (json!({"aud": [CLIENT, "another"], "azp": "another"}), "azp"),
        (json!({"azp": "another"}), "azp"),
        (json!({"iss": "https://evil.example"}), "iss"),
        (json!({"iss": format!("{}/", provider.issuer)}), "iss"),
        (json!({"exp": now - 31}), "exp"),
        (json!({"iat": now + 60}), "iat"),
        (json!({"iat": now - 3600}), "iat"),
        (json!({"sub": ""}), "sub"),
        (json!({"sub": "x".repeat(256)}), "sub"),
        (json!({"exp": null}), "signature"),
        (json!({"sub": null}), "signature"),
        (json!({"iss": null}), "signature"),
    ] {
        provider.set().claims = claims.clone();
        let mut ada = Traveller::new(&world);
        let answer = ada.signs_in(&provider).await;
        assert_eq!(answer.status, 403, "{claims} {answer:?}");
        nobody(&world, &mut ada, &format!("campus: {why}")).await;
    }
    provider.set().claims = json!({"aud": [CLIENT, "another"], "azp": CLIENT});
    assert_eq!(Traveller::new(&world).signs_in(&provider).await.status, 303);
}

#[tokio::test]
async fn a_signature_that_is_none_or_a_shared_secrets() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    for (key, why) in [(Signer::Nobody, "header"), (Signer::SharedSecret, "key")] {
        provider.set().key = key;
        let mut ada = Traveller::new(&world);
        let answer = ada.signs_in(&provider).await;
        assert_eq!(answer.status, 403, "{key:?} {answer:?}");
        nobody(&world, &mut ada, &format!("campus: {why}")).await;
    }
}

#[tokio::test]
async fn another_keys_signature() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let imposter = Provider::stranger(&world.clock).await;
    imposter.set().key = Signer::EdDsa;
    // Its tokens, under the other's name and with the other's key id.
    provider.set().metadata = json!({"token_endpoint": format!("{}/token", imposter.issuer)});
    imposter.set().claims = json!({"iss": provider.issuer});
    let mut ada = Traveller::new(&world);
    let there = ada.sets_off(WITH, &[]).await;
    let back = provider.authorize(&there);
    let mut over_there = there.clone();
    let address = format!("{}/authorize", imposter.issuer);
    over_there
        .set_port(address.parse::<url::Url>().expect("an address").port())
        .expect("a port");
    imposter.authorize(&over_there);
    let answer = ada.get(&back).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    nobody(&world, &mut ada, "campus: signature").await;
}

#[tokio::test]
async fn a_state_that_is_not_this_browsers_or_not_for_the_first_time() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let there = ada.sets_off(WITH, &[]).await;
    let back = provider.authorize(&there);
    let mut eve = Traveller::new(&world);
    assert_eq!(
        eve.get(&back).await.status,
        400,
        "a browser without a cookie"
    );
    nobody(&world, &mut eve, "state").await;
    eve.sets_off(WITH, &[]).await;
    assert_eq!(eve.get(&back).await.status, 400, "another browser");
    nobody(&world, &mut eve, "state").await;
    for wrong in ["", "&state=x"] {
        let (without, _) = back.split_once("&state=").expect("a state");
        let answer = ada.get(&format!("{without}{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        nobody(&world, &mut ada, "state").await;
    }
    let answer = ada.get(&format!("{back}&state=x")).await;
    assert_eq!(answer.status, 400, "twice: {answer:?}");
    assert_eq!(provider.asked("token"), 0, "nobody was asked yet");

    let jar = ada.jar.clone();
    assert_eq!(ada.get(&back).await.status, 303, "the one that is right");
    let mut replayed = Traveller::new(&world);
    replayed.jar = jar;
    let answer = replayed.get(&back).await;
    assert_eq!(answer.status, 400, "a second time: {answer:?}");
    assert!(!replayed.is_in().await);
    assert_eq!(provider.asked("token"), 1);
}

#[tokio::test]
async fn a_request_is_waited_for_ten_minutes() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
    world.clock.advance(TimeDelta::minutes(10));
    assert_eq!(ada.get(&back).await.status, 400);
    nobody(&world, &mut ada, "state").await;
    identity::sweep::sweep(&world.app).await.expect("swept");
}

#[tokio::test]
async fn an_answer_that_is_another_issuers() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let other = Provider::stranger(&world.clock).await;
    for wrong in [&*other.issuer, "", "HTTPS://EVIL.EXAMPLE"] {
        let mut ada = Traveller::new(&world);
        let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
        let (rest, _) = back.split_once("&iss=").expect("an issuer");
        let answer = ada.get(&format!("{rest}&iss={wrong}")).await;
        assert_eq!(answer.status, 403, "{wrong}");
        nobody(&world, &mut ada, "campus: iss parameter").await;
    }
    assert_eq!(provider.asked("token"), 0, "no code went anywhere");

    // One provider's answer at another one's address.
    let mut ada = Traveller::new(&world);
    let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
    let answer = ada.get(&back.replace("/campus/", "/town/")).await;
    assert_eq!(answer.status, 400);
    nobody(&world, &mut ada, "state").await;
    // The name means another issuer by now.
    let mut ada = Traveller::new(&world);
    let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
    other.is_known_to(&world);
    assert_eq!(ada.get(&back).await.status, 400);
    nobody(&world, &mut ada, "state").await;
    assert_eq!(other.asked("token"), 0);
}

#[tokio::test]
async fn whoever_changes_her_mind_is_not_signed_in() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    for more in ["", "&code=code-0"] {
        let mut ada = Traveller::new(&world);
        let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
        let (path, query) = back.split_once("?code=").expect("a code");
        let (_, rest) = query.split_once('&').expect("more");
        let address = format!("{path}?error=access_denied&{rest}{more}");
        let answer = ada.get(&address).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(
            answer
                .body
                .contains("Campus &lt;Card&gt; did not sign you in.")
        );
        nobody(&world, &mut ada, "campus: consent").await;
    }
    assert_eq!(provider.asked("token"), 0);
}

#[tokio::test]
async fn a_code_that_the_provider_does_not_know() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
    let answer = ada.get(&back.replace("code-0", "code-9")).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    nobody(&world, &mut ada, "campus: code").await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let back = provider.authorize(&ada.sets_off(WITH, &[]).await);
    provider.set().out_of_order = Some(StatusCode::BAD_GATEWAY);
    let answer = ada.get(&back).await;
    // The public entry makes a 503 of it: between services a 5xx is repeated.
    assert_eq!(answer.status, 424, "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "30");
    assert!(answer.body.contains("can't be reached at this moment"));
    let answer = ada.get(&back).await;
    assert_eq!(answer.status, 400, "the request is used up");

    world.clock.advance(TimeDelta::hours(1));
    let answer = ada.post(WITH, &[]).await;
    assert_eq!(
        answer.status, 424,
        "before anybody is sent away: {answer:?}"
    );
    nobody(&world, &mut ada, "campus: away").await;
    // What nobody listens at.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let mut silent = Provider::stranger(&world.clock).await;
    silent.issuer = format!("http://{}", gone.local_addr().expect("an address"));
    drop(gone);
    silent.is_known_to(&world);
    assert_eq!(ada.post(WITH, &[]).await.status, 424);
    let page = ada.get("/sign-in").await;
    assert_eq!(page.status, 200, "signing in by a password goes on");
}

#[tokio::test]
async fn what_a_provider_publishes_leads_nowhere_else() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let elsewhere = "http://192.0.2.1:9/x";
    let spoilt: [(Value, &str); 9] = [
        (json!({"issuer": "https://evil.example"}), "issuer"),
        (json!({"issuer": format!("{}/", provider.issuer)}), "issuer"),
        (json!({"authorization_endpoint": elsewhere}), "address"),
        (
            json!({"authorization_endpoint": "javascript:alert(1)"}),
            "address",
        ),
        (json!({"token_endpoint": elsewhere}), "address"),
        (json!({"jwks_uri": elsewhere}), "address"),
        (
            json!({"userinfo_endpoint": "file:///etc/passwd"}),
            "address",
        ),
        (json!({"token_endpoint": null}), "away"),
        (
            json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
            "client authentication",
        ),
    ];
    for (metadata, why) in spoilt {
        provider.set().metadata = metadata.clone();
        let mut ada = Traveller::new(&world);
        let answer = ada.post(WITH, &[]).await;
        assert_eq!(answer.status, 424, "{metadata}");
        nobody(&world, &mut ada, &format!("campus: {why}")).await;
        assert!(ada.jar.is_empty());
    }
    provider.set().metadata = json!({"padding": "x".repeat(300_000)});
    let answer = Traveller::new(&world).post(WITH, &[]).await;
    assert_eq!(answer.status, 424, "too long");
    let metadata = json!({"jwks_uri": format!("{}/elsewhere", provider.issuer)});
    provider.set().metadata = metadata;
    let answer = Traveller::new(&world).signs_in(&provider).await;
    assert_eq!(answer.status, 424, "a key set that is not there");
}

#[tokio::test]
async fn only_a_button_of_ours_sends_anybody_there() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    for origin in [Some("https://evil.example".to_owned()), None] {
        ada.browser.origin = origin;
        let answer = ada.post(WITH, &[]).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    assert_eq!(ada.get(WITH).await.status, 405, "and no link");
    ada.browser = world.browser();
    let answer = ada.post(WITH, &[("return", "https://evil.example")]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(provider.asked("discovery"), 0);
}

#[tokio::test]
async fn who_comes_back_with_rubbish_too_often_waits() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    provider.set().claims = json!({"nonce": "another"});
    let mut eve = Traveller::new(&world);
    eve.browser.address = Some("203.0.113.7");
    for _ in 0..30 {
        assert_eq!(eve.signs_in(&provider).await.status, 403);
    }
    let answer = eve.signs_in(&provider).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(provider.asked("token"), 30);
    provider.set().claims = json!({});
    let mut ada = Traveller::new(&world);
    ada.browser.address = Some("203.0.113.8");
    for _ in 0..31 {
        assert_eq!(ada.signs_in(&provider).await.status, 303, "success is free");
    }
}
