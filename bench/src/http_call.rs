//! A caller that repeats one request on a connection that it keeps: the cheapest client that we can have, because it
//! shares the processors with what it measures.
//!
//! Invariant: an answer is read whole, and any status but 200 is a failure, unless whoever floods wants none in particular.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use e2e::Target;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::load::Caller;

/// One request, and where it goes; or several that take turns.
#[derive(Clone)]
pub struct Call {
    port: u16,
    tls: Option<TlsConnector>,
    from: Ipv4Addr,
    any_status: bool,
    /// At least one; alike but for their paths.
    requests: Vec<Request<Full<Bytes>>>,
}

impl Call {
    /// A request to a port of this machine.
    pub fn new(method: Method, url: &Url, body: Bytes) -> Result<Self> {
        let port = url
            .port_or_known_default()
            .context("an address without a port")?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url[url::Position::BeforePath..].parse()?;
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        request
            .headers_mut()
            .insert(HOST, HeaderValue::try_from(host)?);
        Ok(Self {
            port,
            tls: None,
            from: Ipv4Addr::LOCALHOST,
            any_status: false,
            requests: vec![request],
        })
    }

    /// The same at another path of the same server, in turn with those before.
    pub fn also(mut self, url: &Url) -> Result<Self> {
        let mut request = self.requests[0].clone();
        *request.uri_mut() = url[url::Position::BeforePath..].parse()?;
        self.requests.push(request);
        Ok(self)
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let value = HeaderValue::try_from(value)?;
        let name = HeaderName::from_static(name);
        for request in &mut self.requests {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(self)
    }

    /// The same from another address of this machine.
    #[must_use]
    pub fn from(mut self, address: Ipv4Addr) -> Self {
        self.from = address;
        self
    }

    /// The same, content with every answer.
    #[must_use]
    pub fn whatever_comes(mut self) -> Self {
        self.any_status = true;
        self
    }

    /// The same over TLS, trusting the system's own authority alone.
    pub fn tls(mut self, target: &Target) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(target.ca())?)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        self.tls = Some(TlsConnector::from(Arc::new(config)));
        Ok(self)
    }

    /// Callers that make it, each with a connection of its own.
    pub async fn callers(&self, count: usize) -> Result<Vec<Connection>> {
        let call = Arc::new(self.clone());
        let mut callers = Vec::with_capacity(count);
        for turn in 0..count {
            let sender = Some(call.connect().await?);
            let call = Arc::clone(&call);
            callers.push(Connection { call, sender, turn });
        }
        Ok(callers)
    }

    async fn connect(&self) -> Result<Sender> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.from, 0)))?;
        let tcp = socket
            .connect(address)
            .await
            .with_context(|| format!("{address}"))?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => talk(tcp).await,
            Some(tls) => {
                let name = ServerName::try_from("localhost")?;
                talk(tls.connect(name, tcp).await?).await
            }
        }
    }
}

type Sender = SendRequest<Full<Bytes>>;

async fn talk<S>(stream: S) -> Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // How it ends shows at the sender.
    tokio::spawn(connection);
    Ok(sender)
}

/// A caller and its connection.
pub struct Connection {
    call: Arc<Call>,
    sender: Option<Sender>,
    /// Which of the requests is next, counted on and on. Each caller begins with another one.
    turn: usize,
}

impl Connection {
    /// Makes another call to the same server from now on.
    pub fn turn_to(&mut self, call: &Call) {
        self.call = Arc::new(call.clone());
    }

    fn next(&mut self) -> Request<Full<Bytes>> {
        let requests = &self.call.requests;
        let request = requests[self.turn % requests.len()].clone();
        self.turn += 1;
        request
    }

    /// Makes the call and hands its answer over as soon as its head is there.
    pub async fn open(&mut self) -> Result<Response<Incoming>> {
        let mut sender = self.sender.take().context("a connection is opened once")?;
        sender.ready().await?;
        let answer = sender.send_request(self.next()).await?;
        ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
        // The connection lasts for as long as this.
        self.sender = Some(sender);
        Ok(answer)
    }
}

impl Caller for Connection {
    async fn call(&mut self) -> Result<()> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.call.connect().await?,
        };
        sender.ready().await?;
        let request = self.next();
        let path = request.uri().clone();
        let answer = sender.send_request(request).await?;
        let (status, mut body) = (answer.status(), answer.into_body());
        let mut complaint = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            if status != StatusCode::OK {
                complaint.extend(frame.into_data().unwrap_or_default());
            }
        }
        // A failure above gives the connection up.
        self.sender = Some(sender);
        ensure!(
            status == StatusCode::OK || self.call.any_status,
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&complaint)
        );
        Ok(())
    }
}
