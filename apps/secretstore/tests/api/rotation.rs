//! Signing keys and the keys that an app keeps for itself change places, and every other secret stays.

use crate::{bao::Bao, relay::killed};

#[tokio::test]
async fn a_rotation_moves_each_key_one_place_on_and_no_other_secret() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let (mut before, files) = (bao.secrets().await, bao.files());
    let said = bao.succeed("rotate signing");
    assert_eq!(
        said,
        "signing keys rotated; identity signs with them within seconds\n"
    );
    let mut after = bao.secrets().await;
    let (first, old) = before.remove("identity/signing").unwrap();
    let (second, new) = after.remove("identity/signing").unwrap();
    assert_eq!((first, second), (1, 2));
    for prefix in ["", "rs256."] {
        let name = |place: &str| format!("{prefix}{place}");
        assert_eq!(new[&name("current")], old[&name("next")]);
        assert_eq!(new[&name("retired")], old[&name("current")]);
        assert!(!old.values().any(|key| *key == new[&name("next")]));
    }
    assert_eq!((after, bao.files()), (before, files));

    // Neither a hasty repetition nor the next start undoes anything.
    let said = bao.fail("rotate signing");
    assert!(said.contains("have just been rotated: wait "), "{said}");
    assert_eq!(
        bao.succeed("up"),
        "vault open; secrets written: 0, tokens made: 0, certificate kept\n"
    );
    assert_eq!(
        bao.secret("identity", "signing").await,
        Some((2, new.clone()))
    );

    // Theft can't wait.
    bao.succeed("rotate signing --stolen");
    let (third, fresh) = bao.secret("identity", "signing").await.unwrap();
    assert_eq!((third, fresh.len()), (3, 5));
    assert!(
        fresh
            .iter()
            .filter(|(name, _)| *name != "current_since")
            .all(|(_, key)| !new.values().any(|old| old == key))
    );
}

#[tokio::test]
async fn the_next_key_of_an_app_works_and_the_one_before_stays_for_as_long_as_what_it_made() {
    for (kind, app, said, again) in [
        (
            "session",
            "bff",
            "session key rotated; the one before still opens\n",
            "the session key has just been rotated: wait 46",
        ),
        (
            "quotes",
            "catalog",
            "key of quotes rotated; what the one before signed is still good\n",
            "the key of quotes has just been rotated: wait ",
        ),
    ] {
        let bao = Bao::start().await;
        bao.succeed("up");
        let path = format!("{app}/{kind}");
        let mut before = bao.secrets().await;
        let command = format!("rotate {kind} --settle 0");
        assert_eq!(bao.succeed(&command), said);
        let mut after = bao.secrets().await;
        let (_, old) = before.remove(&path).unwrap();
        let (version, new) = after.remove(&path).unwrap();
        assert_eq!((version, new.len()), (2, 3));
        assert_eq!(new["current"], old["next"]);
        assert_eq!(new["previous"], old["current"]);
        assert!(!old.values().any(|key| *key == new["next"]));
        assert_eq!(after, before);

        // A second one would shut out what the first key made.
        let said = bao.fail(&command);
        assert!(said.contains(again), "{said}");
        bao.succeed("up");
        assert_eq!(bao.secret(app, kind).await, Some((2, new)));
    }
}

#[tokio::test]
async fn a_rotation_by_one_write_that_is_killed_there_has_changed_nothing() {
    let bao = Bao::start().await;
    bao.succeed("up");
    for (command, app, name) in [
        ("rotate signing", "identity", "signing"),
        ("rotate session --settle 0", "bff", "session"),
        ("rotate quotes --settle 0", "catalog", "quotes"),
    ] {
        let before = bao.secrets().await;
        killed(&bao, command, "POST /v1/crema/data/", 1).await;
        assert_eq!(bao.secrets().await, before, "{command}");
        bao.succeed(command);
        assert_ne!(
            bao.secret(app, name).await.as_ref(),
            before.get(&format!("{app}/{name}"))
        );
    }
}

#[tokio::test]
async fn without_up_there_is_nothing_to_rotate() {
    let bao = Bao::start().await;
    assert!(
        bao.fail("rotate signing")
            .contains("shares.json is missing")
    );
    assert!(
        bao.fail("rotate clients")
            .contains("run secretstore up first")
    );
}
