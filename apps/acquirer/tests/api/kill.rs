//! The real program, killed with SIGKILL: what it answered is there after a new start, and is told over HTTPS.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{Method, StatusCode};
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::merchant::{Merchant, Post};
use crate::sidecar;
use crate::world::{Answer, Folder, call, euros, soon};

const PROGRAM: &str = env!("CARGO_BIN_EXE_acquirer");

/// Everything around the program.
struct Stage {
    folder: Folder,
    sidecar: SocketAddr,
    issuer: String,
    merchant: Merchant,
}

/// The program, running.
struct Program {
    child: Child,
    base: String,
}

impl Stage {
    /// A sidecar with the secret, and a merchant whose certificate only our own authority vouches for.
    async fn set() -> Self {
        let folder = Folder::new();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        std::fs::write(folder.0.join("ca.pem"), cert.pem()).expect("written");
        // Another test of this process may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tls = RustlsConfig::from_pem(cert.pem().into(), signing_key.serialize_pem().into());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let merchant = Merchant::default();
        let server =
            axum_server::from_tcp_rustls(listener, tls.await.expect("a usable certificate"));
        let router = merchant.router().into_make_service();
        tokio::spawn(server.expect("a listener").serve(router));
        Self {
            folder,
            sidecar: sidecar::start().await,
            issuer: format!("https://localhost:{port}"),
            merchant,
        }
    }

    async fn start(&self) -> Program {
        self.run(&mut Command::new(PROGRAM)).await
    }

    /// On a disk that has room for this many KiB.
    async fn start_within(&self, kib: usize) -> Program {
        // Ignored signals stay so: the program sees an error of its write instead.
        let limited = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\"");
        self.run(Command::new("bash").args(["-c", &limited, PROGRAM]))
            .await
    }

    /// The ledger's lines, once no webhook is owed any more.
    async fn settled(&self) -> Vec<Value> {
        loop {
            let text = std::fs::read_to_string(self.folder.ledger()).expect("a ledger");
            // The last line may be on its way.
            let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            let lines: Vec<Value> = whole
                .lines()
                .map(|line| serde_json::from_str(line).expect("a line"))
                .collect();
            let count = |field: &str| {
                lines
                    .iter()
                    .filter(|line| line.get(field).is_some())
                    .count()
            };
            if count("event") == count("webhook") {
                return lines;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn run(&self, command: &mut Command) -> Program {
        let port = self.sidecar.port().to_string();
        let mut child = command
            .env("APP_PORT", "0")
            .env("CREMA_OPS_PORT", "0")
            .env("CREMA_PROVIDER_LISTEN", "127.0.0.1:0")
            .env("CREMA_LEDGER_FILE", self.folder.ledger())
            .env("CREMA_ISSUER", &self.issuer)
            .env("SSL_CERT_FILE", self.folder.0.join("ca.pem"))
            .env("DAPR_HTTP_PORT", &port)
            .env("DAPR_GRPC_PORT", &port)
            .env("DAPR_API_TOKEN", "of a test")
            .env("APP_API_TOKEN", "of a test")
            .env_remove("RUST_BACKTRACE")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program");
        let mut log = BufReader::new(child.stdout.take().expect("its output")).lines();
        loop {
            let line = log.next_line().await.expect("readable").expect("it serves");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            if line["message"] == "serving the merchant" {
                let address = line["address"].as_str().expect("an address");
                let base = format!("http://{address}");
                // Read on, so that the program never waits for a reader.
                tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
                return Program { child, base };
            }
        }
    }
}

impl Program {
    async fn authorise(&self, n: usize) -> Option<Answer> {
        let body =
            json!({ "reference": format!("p{n}"), "token": "tok_visa", "amount": euros(500) });
        let key = format!("p{n}:au");
        let post = call(
            &self.base,
            Method::POST,
            "/v1/authorisations",
            Some(&key),
            Some(body),
        );
        post.await
    }

    /// Answers as before the end of another one.
    async fn knows(&self, answers: Vec<(usize, Answer)>) {
        for (n, answer) in answers {
            assert_eq!(self.authorise(n).await, Some(answer), "{n}");
        }
    }

    async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }
}

#[tokio::test]
async fn a_kill_loses_no_answer_and_no_webhook() {
    let stage = Stage::set().await;
    stage.merchant.answer([], StatusCode::SERVICE_UNAVAILABLE);
    let program = stage.start().await;
    // Eight callers at once, until they are cut off in the middle of it.
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let program = &program;
    let caller = async || {
        let mut answers = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            let Some(answer) = program.authorise(n).await else {
                return answers;
            };
            answers.push((n, answer));
            if answered.fetch_add(1, Ordering::SeqCst) == 100 {
                // SIGKILL, by its own id.
                let id = program.child.id().expect("it runs").to_string();
                let kill = Command::new("kill").args(["-KILL", &id]).status().await;
                assert!(kill.expect("kill").success());
            }
        }
    };
    let answers = futures::future::join_all((0..8).map(|_| caller())).await;
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    assert!(answers.len() > 100);

    let ledger = stage.folder.ledger();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&ledger)
        .expect("a ledger");
    file.write_all(br#"{"at":"2026-01-31T08:05"#)
        .expect("written");
    stage.merchant.answer([], StatusCode::OK);
    let tried = stage.merchant.posts().len();
    let program = stage.start().await;
    program.knows(answers).await;
    let lines = soon(stage.settled()).await;
    assert!(
        lines.iter().all(|line| line["seq"].is_u64()),
        "the torn line is gone"
    );
    let posts = stage.merchant.posts();
    assert!(posts.iter().all(Post::is_signed));
    let told: BTreeSet<_> = posts[tried..].iter().map(|post| post.event().0).collect();
    let owed = lines.iter().filter_map(|line| line["event"].as_str());
    for event in owed {
        assert!(told.contains(event), "{event} is told after the kill");
    }
    program.kill().await;
}

#[tokio::test]
async fn a_full_disk_ends_the_program_and_loses_no_answer() {
    let stage = Stage::set().await;
    let mut program = stage.start_within(8).await;
    let mut answers = Vec::new();
    // Far more than there is room for.
    for n in 0..1000 {
        match program.authorise(n).await {
            Some(answer) if answer.status == 201 => answers.push((n, answer)),
            Some(answer) => {
                assert_eq!((answer.status, answer.error()), (503, "unavailable"));
                break;
            }
            None => break,
        }
    }
    assert!(!answers.is_empty());
    let end = soon(program.child.wait()).await.expect("it ends");
    assert_eq!(end.code(), Some(1), "by itself, to begin again");

    let program = stage.start().await;
    program.knows(answers).await;
    soon(stage.settled()).await;
    program.kill().await;
}
