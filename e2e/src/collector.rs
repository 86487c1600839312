//! A collector of traces (OTLP over HTTP) that keeps what it is sent.
//!
//! Invariant: it keeps the bytes as they came; in protobuf a text is its own bytes, so whatever a span says can be found.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// An open collector; it closes when dropped.
pub struct Collector {
    url: Url,
    kept: Arc<Mutex<Vec<u8>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Opens one at a port of its own.
    pub async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?).parse()?;
        let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
        let serving = tokio::spawn({
            let kept = Arc::clone(&kept);
            async move {
                while let Ok((connection, _)) = listener.accept().await {
                    // Whoever hangs up has said what it had to say.
                    tokio::spawn(take(connection, Arc::clone(&kept)));
                }
            }
        });
        Ok(Self { url, kept, serving })
    }

    /// Where traces are to be sent.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// All that came.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Takes what comes by one connection.
async fn take(connection: TcpStream, kept: Arc<Mutex<Vec<u8>>>) -> Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().context("a length")?;
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await?;
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut body);
        let taken =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        connection.write_all(taken).await?;
    }
}
