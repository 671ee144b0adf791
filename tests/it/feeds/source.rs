//! A partner's server: TLS on loopback, which gives the document that it is told to and writes down who asked.

use crate::fake_discord::tls::{self, Tls};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tillwatch_backend::platform::outbound::{AddressPolicy, Lookup};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What every source of the run is called behind.
const DOMAIN: &str = "source.example";

fn tls() -> &'static Tls {
    static TLS: OnceLock<Tls> = OnceLock::new();
    TLS.get_or_init(|| tls::make(&[&format!("*.{DOMAIN}")]))
}

/// Every name below [`DOMAIN`] is this machine; no other name has an address.
struct Loopback;

impl Lookup for Loopback {
    fn lookup(&self, host: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let known = host.ends_with(DOMAIN);
        Box::pin(async move { Ok(Vec::from_iter(known.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)))) })
    }
}

/// A policy that takes loopback for public.
pub(super) fn policy() -> AddressPolicy {
    AddressPolicy::for_tests(|ip| ip.is_loopback(), Arc::new(Loopback), Some(tls().authority_pem.clone()))
}

/// What is answered. With an `etag`, who names it gets 304.
#[derive(Clone, Debug, Default)]
pub(super) struct Says {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Behind its body a byte comes now and then, and never the last.
    pub(super) trickles: bool,
    /// The body never ends.
    pub(super) endless: bool,
}

/// A request: its headers by name in small letters, and its first line.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) line: String,
    pub(super) headers: BTreeMap<String, String>,
}

struct Inner {
    says: Mutex<Says>,
    asked: Mutex<Vec<Asked>>,
    held: watch::Sender<bool>,
}

/// The server; it ends when it is dropped.
pub(super) struct Source {
    /// Its address, with a secret behind the `?`.
    pub(super) url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Source {
    /// A source that gives this text.
    pub(super) async fn giving(text: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (held, _) = watch::channel(false);
        let inner = Arc::new(Inner { says: Mutex::default(), asked: Mutex::default(), held });
        let task = tokio::spawn(serve(listener, Arc::clone(&inner)));
        let source = Self { url: format!("https://s{port}.{DOMAIN}:{port}/costs?token=hush"), inner, task };
        source.gives(text);
        source
    }

    /// Gives this text from now on.
    pub(super) fn gives(&self, text: &str) {
        self.says(Says { status: 200, body: text.into(), ..Says::default() });
    }

    /// Answers so from now on.
    pub(super) fn says(&self, says: Says) {
        *self.inner.says.lock().unwrap() = says;
    }

    /// Lets whoever asks wait, or not any more.
    pub(super) fn hold(&self, held: bool) {
        self.inner.held.send_replace(held);
    }

    /// Who asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(answer(socket, Arc::clone(&inner)));
    }
}

async fn answer(socket: TcpStream, inner: Arc<Inner>) -> Option<()> {
    let mut stream = tls().acceptor.accept(socket).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    inner.asked.lock().unwrap().push(Asked { line, headers: headers.clone() });
    let mut says = inner.says.lock().unwrap().clone();
    inner.held.subscribe().wait_for(|held| !held).await.ok()?;
    let etag = says.headers.iter().find(|(name, _)| *name == "etag").map(|(_, tag)| tag);
    if etag.is_some() && etag == headers.get("if-none-match") {
        says = Says { status: 304, ..Says::default() };
    }
    let fields: String = says.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length =
        if says.endless || says.trickles { String::new() } else { format!("content-length: {}\r\n", says.body.len()) };
    let head = format!("HTTP/1.1 {} Said\r\n{fields}{length}connection: close\r\n\r\n", says.status);
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&says.body).await.ok()?;
    if says.trickles {
        return trickle(&mut stream).await;
    }
    if says.endless {
        return flood(&mut stream).await;
    }
    stream.shutdown().await.ok()
}

/// A byte now and then, until nobody listens.
async fn trickle(stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
    loop {
        stream.write_all(b"x").await.ok()?;
        stream.flush().await.ok()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As much as goes, until nobody listens.
async fn flood(stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
    let piece = vec![b'x'; 65_536];
    loop {
        stream.write_all(&piece).await.ok()?;
    }
}
