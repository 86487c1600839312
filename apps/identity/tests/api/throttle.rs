//! The brakes on guessing passwords.

use chrono::TimeDelta;
use http::header;
use identity::throttle::{BURST, EACH};

use crate::world::{Answer, World};

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";

async fn with_ada() -> World {
    let world = World::new().await;
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    assert_eq!(world.browser().post("/register", &form).await.status, 303);
    world
}

/// A try from an address.
async fn tried(world: &World, from: &'static str, email: &str, password: &str) -> Answer {
    let mut browser = world.browser();
    browser.address = Some(from);
    let form = [("email", email), ("password", password)];
    browser.post("/sign-in", &form).await
}

fn retry_after(answer: &Answer) -> i64 {
    let value = answer.headers[header::RETRY_AFTER].to_str().expect("text");
    value.parse().expect("a number")
}

#[tokio::test]
async fn after_five_failures_in_a_row_each_costs_twice_the_wait_whether_or_not_there_is_an_account()
{
    let world = with_ada().await;
    let mut pages = Vec::new();
    for (index, email) in [ADDRESS, "nobody@example.com", "no address at all"]
        .into_iter()
        .enumerate()
    {
        let from = ["192.0.2.1", "192.0.2.2", "192.0.2.3"][index];
        for _ in 0..4 {
            assert_eq!(tried(&world, from, email, "wrong").await.status, 422);
        }
        for wait in [1, 2, 4, 8] {
            assert_eq!(tried(&world, from, email, "wrong").await.status, 422);
            let hashes = world.app.passwords.computed();
            let answer = tried(&world, from, email, PASSWORD).await;
            assert_eq!(answer.status, 429, "{email} {wait}: {answer:?}");
            assert_eq!(retry_after(&answer), wait);
            assert_eq!(
                world.app.passwords.computed(),
                hashes,
                "what comes too early costs no hash"
            );
            world
                .clock
                .advance(TimeDelta::milliseconds(wait * 1000 - 1));
            assert_eq!(tried(&world, from, email, PASSWORD).await.status, 429);
            world.clock.advance(TimeDelta::milliseconds(1));
        }
        tried(&world, from, email, "wrong").await;
        let page = tried(&world, from, email, PASSWORD).await;
        assert_eq!(retry_after(&page), 16);
        assert!(page.body.contains("in 16 seconds you can try again"));
        let typed = format!(r#"value="{email}""#);
        pages.push(page.body.replacen(&typed, r#"value="""#, 1));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{pages:?}");
}

#[tokio::test]
async fn the_wait_ends_at_a_quarter_of_an_hour_and_a_sign_in_clears_it() {
    let world = with_ada().await;
    let from = "192.0.2.1";
    for _ in 0..20 {
        assert_eq!(tried(&world, from, ADDRESS, "wrong").await.status, 422);
        world.clock.advance(TimeDelta::minutes(15));
    }
    assert_eq!(tried(&world, from, ADDRESS, "wrong").await.status, 422);
    assert_eq!(
        retry_after(&tried(&world, from, ADDRESS, PASSWORD).await),
        900
    );
    world.clock.advance(TimeDelta::minutes(15));
    assert_eq!(tried(&world, from, ADDRESS, PASSWORD).await.status, 303);
    for _ in 0..4 {
        assert_eq!(tried(&world, from, ADDRESS, "wrong").await.status, 422);
    }
    assert_eq!(tried(&world, from, ADDRESS, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn failures_of_the_day_before_yesterday_are_forgotten() {
    let world = with_ada().await;
    for _ in 0..5 {
        tried(&world, "192.0.2.1", ADDRESS, "wrong").await;
    }
    world.clock.advance(TimeDelta::days(2));
    for _ in 0..4 {
        assert_eq!(
            tried(&world, "192.0.2.1", ADDRESS, "wrong").await.status,
            422
        );
    }
    assert_eq!(
        tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await.status,
        303
    );
}

#[tokio::test]
async fn guesses_at_the_same_moment_do_not_slip_through_together() {
    let world = with_ada().await;
    let hashes = world.app.passwords.computed();
    let guesses = (0..20).map(|_| tried(&world, "192.0.2.1", ADDRESS, "wrong"));
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 422);
    assert_eq!(looked_at.count(), 5);
    assert_eq!(world.app.passwords.computed() - hashes, 5);
}

#[tokio::test]
async fn each_try_that_is_looked_at_computes_one_hash_whatever_the_account() {
    let world = with_ada().await;
    for (email, password, status) in [
        (ADDRESS, PASSWORD, 303),
        (ADDRESS, "wrong", 422),
        ("nobody@example.com", PASSWORD, 422),
        ("no address", "", 422),
    ] {
        let before = world.app.passwords.computed();
        let answer = tried(&world, "192.0.2.1", email, password).await;
        assert_eq!(answer.status, status);
        assert_eq!(world.app.passwords.computed() - before, 1, "{email}");
    }
}

#[tokio::test]
async fn an_origin_that_tries_many_accounts_runs_out_of_tries_and_others_do_not() {
    let world = with_ada().await;
    for number in 0..BURST {
        let email = format!("person-{number}@example.com");
        assert_eq!(
            tried(&world, "192.0.2.1", &email, "wrong").await.status,
            422
        );
    }
    let answer = tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await;
    assert_eq!(answer.status, 429);
    assert_eq!(retry_after(&answer), EACH.num_seconds());
    // The account itself has no part in it.
    assert_eq!(
        tried(&world, "192.0.2.2", ADDRESS, PASSWORD).await.status,
        303
    );
    world.clock.advance(EACH);
    assert_eq!(
        tried(&world, "192.0.2.1", "last@example.com", "wrong")
            .await
            .status,
        422
    );
    assert_eq!(
        tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await.status,
        429
    );
}

#[tokio::test]
async fn guests_of_one_café_sign_in_as_often_as_they_like() {
    let world = with_ada().await;
    for _ in 0..BURST + 5 {
        assert_eq!(
            tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await.status,
            303
        );
    }
}

#[tokio::test]
async fn only_the_address_that_the_bff_saw_counts() {
    let world = World::new().await;
    let mut browser = world.browser();
    let form = [("email", ADDRESS), ("password", "wrong")];
    for from in ["192.0.2.1, 198.51.100.1", "192.0.2.1, 198.51.100.2"] {
        browser.address = Some(from);
        browser.post("/sign-in", &form).await;
    }
    let origins: i64 = sqlx::query_scalar("select count(*) from sign_in_budgets")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(origins, 1);
}

#[tokio::test]
async fn tries_that_count_no_longer_are_swept_away() {
    let world = World::new().await;
    tried(&world, "192.0.2.1", ADDRESS, "wrong").await;
    let left = async || -> (i64, i64) {
        identity::sweep::sweep(&world.app).await.expect("swept");
        let count =
            "select (select count(*) from failed_sign_ins), (select count(*) from sign_in_budgets)";
        sqlx::query_as(count)
            .fetch_one(&world.app.db)
            .await
            .expect("counts")
    };
    assert_eq!(left().await, (1, 1));
    world.clock.advance(EACH + TimeDelta::milliseconds(1));
    assert_eq!(left().await, (1, 0));
    world.clock.advance(TimeDelta::days(1));
    assert_eq!(left().await, (0, 0));
}

#[tokio::test]
async fn guesses_in_the_account_are_counted_like_those_at_the_door() {
    let world = with_ada().await;
    let mut browser = world.browser();
    let form = [("email", ADDRESS), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &form).await.status, 303);
    let mut thief = browser;
    for (path, field) in [
        ("/account/password", "old_password"),
        ("/account/delete", "password"),
    ] {
        for _ in 0..5 {
            assert_eq!(thief.post(path, &[(field, "wrong")]).await.status, 422);
        }
        let hashes = world.app.passwords.computed();
        let form = [(field, PASSWORD), ("password", PASSWORD)];
        let form = if field == "password" {
            &form[..1]
        } else {
            &form
        };
        let answer = thief.post(path, form).await;
        assert_eq!(answer.status, 429, "{path}: {answer:?}");
        assert_eq!(retry_after(&answer), 1);
        assert_eq!(world.app.passwords.computed(), hashes);
        assert_eq!(
            tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await.status,
            429
        );
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(
            tried(&world, "192.0.2.1", ADDRESS, PASSWORD).await.status,
            303
        );
    }
}

#[tokio::test]
async fn an_origin_that_registers_many_or_asks_for_much_mail_is_told_to_wait_and_others_are_not() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.address = Some("192.0.2.1");
    let register = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    let ask = [("email", ADDRESS)];
    let forms: [(&str, &[(&str, &str)]); 3] = [
        ("/register", &register),
        ("/forgot-password", &ask),
        ("/verify-email/again", &ask),
    ];
    for turn in 0..BURST {
        let (page, form) = forms[usize::try_from(turn).expect("small") % forms.len()];
        let answer = browser.post(page, form).await;
        assert!([200, 303].contains(&answer.status.as_u16()), "{answer:?}");
    }
    let mails = "select count(*) from mails";
    let queued = || sqlx::query_scalar::<_, i64>(mails).fetch_one(&world.app.db);
    let before = (
        world.app.passwords.computed(),
        queued().await.expect("a count"),
    );
    for (page, form) in forms {
        let answer = browser.post(page, form).await;
        assert_eq!(answer.status, 429, "{page}: {answer:?}");
        assert_eq!(retry_after(&answer), EACH.num_seconds());
    }
    let after = (
        world.app.passwords.computed(),
        queued().await.expect("a count"),
    );
    assert_eq!(after, before, "what comes too early costs nothing");

    browser.address = Some("192.0.2.2");
    for (page, form) in forms {
        let answer = browser.post(page, form).await;
        assert_ne!(answer.status, 429, "{page}: {answer:?}");
    }
}
