//! What stands between tool and vault, so that a run ends in the middle of one request and nowhere else.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::bao::Bao;

/// Runs the tool, and ends it by force in the middle of the n-th request that contains `held`.
pub async fn killed(bao: &Bao, command: &str, held: &'static str, n: usize) {
    let (port, mut caught) = relay(bao.port, held, n).await;
    let mut tool = bao.tool(command, port);
    tool.stdout(Stdio::null()).stderr(Stdio::null());
    let mut tool = tool.spawn().unwrap();
    caught.recv().await.unwrap();
    tool.kill().unwrap();
    tool.wait().unwrap();
}

/// Passes everything on but the n-th request that contains `held`: that one is announced and never answered.
pub async fn relay(to: u16, held: &'static str, n: usize) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, caught) = mpsc::channel(1);
    let left = Arc::new(AtomicUsize::new(n));
    tokio::spawn(async move {
        loop {
            let (mut tool, _) = listener.accept().await.unwrap();
            let (seen, left) = (seen.clone(), left.clone());
            tokio::spawn(async move {
                let mut vault = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let (mut request, mut answer) = ([0; 16_384], [0; 16_384]);
                loop {
                    tokio::select! {
                        read = tool.read(&mut request) => match read {
                            Ok(0) | Err(_) => return,
                            Ok(n) if String::from_utf8_lossy(&request[..n]).contains(held)
                                && left.fetch_sub(1, Ordering::Relaxed) == 1 =>
                            {
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
