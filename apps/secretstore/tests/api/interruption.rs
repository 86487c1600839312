//! Ctrl-C in the middle of the privileged part: the root token is revoked before the tool ends.
//!
//! A relay between tool and vault holds one request back, so that the signal surely comes in the middle.

use std::process::{Command, Stdio};

use crate::{bao::Bao, relay::relay};

#[tokio::test]
async fn an_interrupted_run_revokes_its_root_token() {
    let bao = Bao::start().await;
    let left = bao.crashed_run().await;
    let inspector = bao.inspector(&left).await;
    for signal in ["-INT", "-TERM"] {
        let (port, mut caught) = relay(bao.port, "/v1/crema/data/order/client", 1).await;
        let tool = bao
            .tool("up", port)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        caught.recv().await.unwrap();
        let kill = format!("kill {signal} {}", tool.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        let output = tokio::task::spawn_blocking(|| tool.wait_with_output())
            .await
            .unwrap()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            said,
            "secretstore: interrupted; the root token of this run is revoked\n"
        );
        let living = bao.living_tokens(&inspector).await;
        assert!(
            !living.iter().flatten().any(|policy| policy == "root"),
            "{living:?}"
        );
    }
}
