//! Adding and removing an identity provider: its secret comes by the standard input, and nothing else changes.

use std::{io::Write as _, process::Stdio};

use crate::bao::Bao;

const CAMPUS: &str = r#"{"issuer":"https://id.example","client_id":"c","client_secret":"a canary","label":"Campus"}"#;

fn add(bao: &Bao, description: &str) -> (bool, String) {
    let mut tool = bao.tool("provider add campus", bao.port);
    let tool = tool.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = tool.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(description.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn one_is_added_and_removed_and_no_other_secret_changes() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let mut before = bao.secrets().await;
    let (done, said) = add(&bao, "{}");
    assert!(
        !done && said.contains("the standard input must be JSON"),
        "{said}"
    );
    let (done, said) = add(&bao, CAMPUS);
    assert!(done && !said.contains("canary"), "{said}");
    let mut after = bao.secrets().await;
    before.remove("identity/federation");
    let (version, fields) = after.remove("identity/federation").unwrap();
    assert_eq!((version, fields.len()), (2, 5));
    assert_eq!(
        (&*fields["providers"], &*fields["campus.label"]),
        ("campus", "Campus")
    );
    assert_eq!(after, before);
    assert!(!bao.logs().contains("a canary"));

    let unchanged = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";
    assert_eq!(bao.succeed("up"), unchanged);
    bao.succeed("provider remove campus");
    let (_, fields) = bao.secret("identity", "federation").await.unwrap();
    assert_eq!(
        fields.into_iter().collect::<Vec<_>>(),
        [("providers".to_owned(), String::new())]
    );
}
