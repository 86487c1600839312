//! Signing keys change places, and every other secret stays.

use crate::bao::Bao;

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
async fn without_up_there_is_nothing_to_rotate() {
    let bao = Bao::start().await;
    assert!(
        bao.fail("rotate signing")
            .contains("shares.json is missing")
    );
}
