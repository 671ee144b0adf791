//! What the tests of this crate share: an API that answers canned JSON on loopback, and things to answer with.
//!
//! Invariant: it listens on 127.0.0.1 only, records every request, and ends when it is dropped.

pub(crate) mod things;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::watch::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::api::{Api, BotKey};
use crate::command::{Actor, Command};

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET`, `POST`.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The header lines, lower case names.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, or null.
    pub(crate) body: Value,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `POST /v1/x`, without the query.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap_or_default())
    }
}

type Respond = dyn Fn(&Request) -> (u16, Value) + Send + Sync;

/// An API that answers as it is told.
pub(crate) struct FakeApi {
    url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    task: AbortHandle,
}

impl FakeApi {
    /// Answers tokens by itself and the rest with `respond`.
    pub(crate) async fn start(respond: impl Fn(&Request) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (record, respond): (_, Arc<Respond>) = (Arc::clone(&seen), Arc::new(respond));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&record), Arc::clone(&respond)));
            }
        });
        Self { url, seen, task: task.abort_handle() }
    }

    /// A client of it.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.url, BotKey::from_seed([7; 32])).unwrap()
    }

    /// The requests so far, without those for tokens.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.all().into_iter().filter(|request| request.target != "/v1/bot/token").collect()
    }

    /// All requests so far.
    pub(crate) fn all(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, record: Arc<Mutex<Vec<Request>>>, respond: Arc<Respond>) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, body) = if request.target == "/v1/bot/token" {
        let number = record.lock().unwrap().iter().filter(|one| one.target == "/v1/bot/token").count();
        (200, json!({ "access_token": format!("token-{number}"), "expires_in": 600 }))
    } else {
        respond(&request)
    };
    record.lock().unwrap().push(request);
    let kind = if body.is_string() { "text/html" } else { "application/json" };
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _gone = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
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
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&bytes[end..end + length]).unwrap_or(Value::Null);
    Some(Request { method: first.next()?, target: first.next()?, headers, body })
}

/// A refusal as the service words it.
pub(crate) fn problem(code: Code) -> (u16, Value) {
    let body = json!({
        "type": format!("/docs/errors#{code}"), "title": code.title(), "status": code.status(), "detail": "raw detail",
        "instance": "/v1/x", "code": code, "request_id": "req-1",
    });
    (code.status(), body)
}

/// A command by its words, with what is given to it; what is empty is not given.
pub(crate) fn command(path: &str, given: &[(&str, &str)]) -> Command {
    let spec = crate::commands::all().find(|spec| spec.path == path).expect("a command");
    given.iter().filter(|(_, value)| !value.is_empty()).fold(Command::new(spec), |command, (option, value)| {
        assert!(spec.options.iter().any(|known| known.name == *option), "{path} has no option {option}");
        command.with(option, value)
    })
}

/// Somebody at a console.
pub(crate) fn actor() -> Actor {
    Actor {
        transport: Transport::Console,
        server: "local".to_owned(),
        channel: "console".to_owned(),
        user: "mei".to_owned(),
    }
}

/// The same person on Discord.
pub(crate) fn discord_actor() -> Actor {
    Actor { transport: Transport::Discord, server: "11".to_owned(), channel: "12".to_owned(), user: "13".to_owned() }
}
