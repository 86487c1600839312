//! A backup is the whole vault: another one is made of it, opened by the same shares.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::bao::Bao;

#[tokio::test]
async fn a_backup_restored_into_an_empty_vault_has_every_secret_and_the_same_shares() {
    let mut bao = Bao::start().await;
    let inspector = bao.inspector(&bao.crashed_run().await).await;
    bao.succeed("up");
    let (secrets, files) = (bao.secrets().await, bao.files());
    let file = bao.state().with_file_name("backup");
    let name = file.display();
    let said = bao.succeed(&format!("backup {name}"));
    assert!(said.starts_with("backup written: "), "{said}");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!file.with_added_extension("new").exists());
    // Nothing of ours is readable in it.
    let bytes = fs::read(&file).unwrap();
    let password = &secrets["order/database"].1["password"];
    let mut words = bytes.windows(password.len());
    assert!(!words.any(|word| word == password.as_bytes()));
    // What is written later is not in it.
    bao.succeed("rotate clients --settle 0");
    assert_ne!(bao.secrets().await, secrets);

    bao.lose().await;
    let restore = format!("restore {name}");
    let shares = bao.state().join("vault/shares.json");
    let away = shares.with_extension("away");
    fs::rename(&shares, &away).unwrap();
    assert!(bao.fail(&restore).contains("shares.json is missing"));
    assert!(bao.succeed("status").starts_with("initialised=false "));
    fs::rename(&away, &shares).unwrap();
    assert_eq!(
        bao.succeed(&restore),
        "vault restored; run secretstore up next\n"
    );
    assert_eq!(bao.secrets().await, secrets);
    // The root token that took the snapshot is in it, and revoked.
    let living = bao.living_tokens(&inspector).await;
    assert!(living.len() > 5, "{living:?}");
    assert!(!living.iter().flatten().any(|policy| policy == "root"));
    let unchanged = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";
    assert_eq!(bao.succeed("up"), unchanged);
    assert_eq!(bao.files(), files);

    bao.restart().await;
    bao.succeed("unseal");
    assert_eq!(bao.secrets().await, secrets);
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let file = bao.state().with_file_name("backup");
    fs::write(&file, "something else").unwrap();
    let name = file.display();
    let said = bao.fail(&format!("backup {name}"));
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "something else");

    let secrets = bao.secrets().await;
    let said = bao.fail(&format!("restore {name}"));
    assert!(said.contains("the vault is not empty"), "{said}");
    assert_eq!(bao.secrets().await, secrets);
}
