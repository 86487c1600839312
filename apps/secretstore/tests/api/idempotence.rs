//! Running the tool again, and after a restart, leaves every secret, token and file as it was.

use crate::bao::Bao;

#[tokio::test]
async fn running_again_and_after_a_restart_changes_nothing() {
    let mut bao = Bao::start().await;
    assert!(
        bao.succeed("status")
            .starts_with("initialised=false sealed=true version=")
    );
    let first = bao.succeed("up");
    assert_eq!(
        first,
        "vault initialised; secrets written: 27, tokens made: 7, certificate issued\n"
    );
    let (files, secrets) = (bao.files(), bao.secrets().await);
    assert_eq!(secrets.len(), 26);
    assert!(secrets.values().all(|(version, _)| *version == 1));

    let unchanged = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";
    assert_eq!(bao.succeed("up"), unchanged);
    assert_eq!((&bao.files(), &bao.secrets().await), (&files, &secrets));

    bao.restart().await;
    assert!(
        bao.succeed("status")
            .starts_with("initialised=true sealed=true ")
    );
    assert_eq!(bao.succeed("up"), unchanged);
    assert_eq!((&bao.files(), &bao.secrets().await), (&files, &secrets));

    bao.restart().await;
    assert!(
        bao.succeed("unseal")
            .starts_with("initialised=true sealed=false ")
    );
    assert_eq!(bao.secrets().await, secrets);
}

#[tokio::test]
async fn a_token_or_file_that_is_lost_is_made_again_and_nothing_else() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let (files, secrets) = (bao.files(), bao.secrets().await);
    let folder = bao.state().join("secrets/order");
    std::fs::write(folder.join("vault-token"), "s.notoneofours").unwrap();
    std::fs::remove_file(folder.join("dapr-api-token")).unwrap();

    let report = bao.succeed("up");
    assert_eq!(
        report,
        "vault open; secrets written: 0, tokens made: 1, certificate kept\n"
    );
    assert_eq!(bao.secrets().await, secrets);
    let mut repaired = bao.files();
    let token = folder.join("vault-token");
    assert_ne!(repaired[&token], files[&token]);
    let accessors = bao.state().join("secrets/rotator/accessors.json");
    assert_ne!(repaired[&accessors], files[&accessors]);
    for changed in [token, accessors] {
        repaired.insert(changed.clone(), files[&changed].clone());
    }
    assert_eq!(repaired, files);
}

#[tokio::test]
async fn shares_of_another_vault_are_never_overwritten() {
    let bao = Bao::start().await;
    let place = bao.state().join("vault");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("shares.json"), "{}").unwrap();
    assert!(bao.fail("up").contains("belongs to another one"));
    assert!(bao.succeed("status").starts_with("initialised=false "));

    std::fs::remove_file(place.join("shares.json")).unwrap();
    bao.succeed("up");
    std::fs::remove_file(place.join("shares.json")).unwrap();
    assert!(bao.fail("up").contains("shares.json is missing"));
}
