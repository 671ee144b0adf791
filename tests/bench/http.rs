//! A caller over HTTP/1.1 with keep-alive, as light as pgbench is: bytes out, bytes in, nothing parsed that is not needed.

use serde_json::Value;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the last answer's body starts.
    body: usize,
}

/// A request's bytes, made once and sent often.
pub(crate) fn request(method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if !token.is_empty() {
        write!(text, "Authorization: Bearer {token}\r\n").unwrap();
    }
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    if method != "GET" {
        write!(text, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

/// A POST of JSON.
pub(crate) fn post(path: &str, token: &str, body: &Value) -> Vec<u8> {
    request("POST", path, token, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: Vec::with_capacity(1 << 16), body: 0 }
    }

    /// Sends a request and reads its whole answer; gives the status.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                self.body = end + 4;
                break head(&self.buffer[..end]).ok_or(io::ErrorKind::InvalidData)?;
            }
        };
        while self.buffer.len() < self.body + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(status)
    }

    /// Sends a request that must succeed; gives the answer's JSON.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Value {
        let status = self.send(request).await.expect("an answer");
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let shown = String::from_utf8_lossy(&self.buffer[self.body..]);
        assert!((200..300).contains(&status), "{}: {status} {shown}", String::from_utf8_lossy(line));
        serde_json::from_slice(&self.buffer[self.body..]).expect("JSON")
    }

    /// The size of the last answer's body.
    pub(crate) fn body_length(&self) -> usize {
        self.buffer.len() - self.body
    }
}

/// Status and length from an answer's head.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((status, length?))
}
