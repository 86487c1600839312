//! Signing keys and the session key change places, and every other secret stays.

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
async fn the_next_session_key_seals_and_the_one_before_stays_for_as_long_as_a_session() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let mut before = bao.secrets().await;
    let said = bao.succeed("rotate session --settle 0");
    assert_eq!(said, "session key rotated; the one before still opens\n");
    let mut after = bao.secrets().await;
    let (_, old) = before.remove("bff/session").unwrap();
    let (version, new) = after.remove("bff/session").unwrap();
    assert_eq!((version, new.len()), (2, 3));
    assert_eq!(new["current"], old["next"]);
    assert_eq!(new["previous"], old["current"]);
    assert!(!old.values().any(|key| *key == new["next"]));
    assert_eq!(after, before);

    // A second one would shut sessions out that the first key sealed.
    let said = bao.fail("rotate session --settle 0");
    assert!(
        said.contains("the session key has just been rotated: wait 46"),
        "{said}"
    );
    bao.succeed("up");
    assert_eq!(bao.secret("bff", "session").await, Some((2, new)));
}

#[tokio::test]
async fn a_rotation_by_one_write_that_is_killed_there_has_changed_nothing() {
    let bao = Bao::start().await;
    bao.succeed("up");
    for (command, app, name) in [
        ("rotate signing", "identity", "signing"),
        ("rotate session --settle 0", "bff", "session"),
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
