//! A customer's own system: a server with TLS on loopback that writes down what it gets and answers as it is told.

use crate::fake_discord::tls::{self, Tls};
use crate::harness::eventually;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What every receiver of the run is called behind.
pub(crate) const DOMAIN: &str = "receiver.example";
/// The hosts of chat robots, which a receiver plays for a bot that is told where they are.
pub(crate) const ROBOTS: [&str; 5] =
    ["hooks.slack.com", "open.feishu.cn", "open.larksuite.com", "oapi.dingtalk.com", "qyapi.weixin.qq.com"];

/// The authority of the run and a certificate for every name below [`DOMAIN`] and the hosts of robots.
fn tls() -> &'static Tls {
    static TLS: OnceLock<Tls> = OnceLock::new();
    TLS.get_or_init(|| {
        let below = format!("*.{DOMAIN}");
        tls::make(&[&[below.as_str()], ROBOTS.as_slice()].concat())
    })
}

/// PEM of the run's authority.
pub(crate) fn authority() -> String {
    tls().authority_pem.clone()
}

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// With this status.
    Status(u16),
    /// With this status and body.
    Says(u16, &'static str),
    /// With a redirect to this address.
    Redirect(String),
    /// Not at all.
    Silent,
    /// With 200 and a body that does not end.
    Endless,
    /// By hanging up.
    HangUp,
    /// With what is no HTTP.
    Babble,
    /// By hanging up before TLS is agreed on.
    NoTls,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Got {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The `webhook-id`.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether the public verifier accepts it with this secret.
    pub(crate) fn verifies(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}

struct Inner {
    got: Mutex<Vec<Got>>,
    manner: Mutex<Manner>,
    connections: AtomicUsize,
}

/// The server; it ends when it is dropped.
pub(crate) struct Receiver {
    /// Its address.
    pub(crate) url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// A receiver that answers 204.
    pub(crate) async fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST, 0).await
    }

    /// A receiver at this address of loopback.
    pub(crate) async fn at(address: Ipv4Addr, port: u16) -> Self {
        let listener = TcpListener::bind((address, port)).await.expect("a port on loopback");
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner {
            got: Mutex::default(),
            manner: Mutex::new(Manner::Status(204)),
            connections: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&inner)));
        Self { url: format!("https://r{port}.{DOMAIN}:{port}/hook"), inner, task }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        reqwest::Url::parse(&self.url).unwrap().port().unwrap()
    }

    /// Answers so from now on.
    pub(crate) fn answers(&self, manner: Manner) {
        *self.inner.manner.lock().unwrap() = manner;
    }

    /// How many connections came.
    pub(crate) fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// What came so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.inner.got.lock().unwrap().clone()
    }

    /// Waits until so many messages came.
    pub(crate) async fn gets(&self, count: usize) -> Vec<Got> {
        let what = format!("{count} messages at {}", self.url);
        eventually(&what, async || Some(self.got()).filter(|got| got.len() >= count)).await
    }

    /// Waits for a message of this type.
    pub(crate) async fn gets_type(&self, kind: &str) -> Got {
        let of_type = |got: &Got| got.json()["type"] == kind;
        let what = format!("{kind} at {}", self.url);
        eventually(&what, async || self.got().into_iter().find(of_type)).await
    }
}

async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { return };
        inner.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(answer(socket, Arc::clone(&inner)));
    }
}

async fn answer(socket: TcpStream, inner: Arc<Inner>) -> Option<()> {
    let manner = inner.manner.lock().unwrap().clone();
    if matches!(manner, Manner::NoTls) {
        return None;
    }
    let mut stream = tls().acceptor.accept(socket).await.ok()?;
    let got = read(&mut stream).await?;
    inner.got.lock().unwrap().push(got);
    let text = match manner {
        Manner::Status(status) => format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\nok"),
        Manner::Says(status, body) => {
            format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Manner::Redirect(to) => format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
        Manner::Babble => "十三 what is this\r\n\r\n".to_owned(),
        Manner::HangUp | Manner::NoTls => return None,
        Manner::Silent => std::future::pending().await,
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
            let piece = format!("1000\r\n{}\r\n", "x".repeat(4096));
            loop {
                stream.write_all(piece.as_bytes()).await.ok()?;
            }
        }
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// One request with a `content-length`.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Got> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Got { path, headers, body })
}
