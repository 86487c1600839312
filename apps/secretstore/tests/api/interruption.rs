//! Ctrl-C in the middle of the privileged part: the root token is revoked before the tool ends.
//!
//! A relay between tool and vault holds one request back, so that the signal surely comes in the middle.

use std::process::{Command, Stdio};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::bao::Bao;

/// Passes everything on but a request that contains `held`: that one is announced and never answered.
async fn relay(to: u16, held: &'static str) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, caught) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let (mut tool, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut vault = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let (mut request, mut answer) = ([0; 16_384], [0; 16_384]);
                loop {
                    tokio::select! {
                        read = tool.read(&mut request) => match read {
                            Ok(0) | Err(_) => return,
                            Ok(n) if String::from_utf8_lossy(&request[..n]).contains(held) => {
                                seen.send(()).await.unwrap();
                            }
                            Ok(n) => vault.write_all(&request[..n]).await.unwrap(),
                        },
                        read = vault.read(&mut answer) => match read {
                            Ok(0) | Err(_) => return,
                            Ok(n) => tool.write_all(&answer[..n]).await.unwrap(),
                        },
                    }
                }
            });
        }
    });
    (port, caught)
}

#[tokio::test]
async fn an_interrupted_run_revokes_its_root_token() {
    let bao = Bao::start().await;
    let left = bao.crashed_run().await;
    let inspector = bao.inspector(&left).await;
    for signal in ["-INT", "-TERM"] {
        let (port, mut caught) = relay(bao.port, "/v1/crema/data/order/client").await;
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
