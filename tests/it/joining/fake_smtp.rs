//! A mail server on loopback that keeps what it takes, refuses for now or for good, or says nothing at all.

use base64::Engine as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tillwatch_backend::platform::mail::MailConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How it treats who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Takes everything.
    Takes,
    /// `451` for every receiver.
    Later,
    /// `550` for every receiver.
    Never,
    /// `550` for every receiver, since it relays nothing for the service.
    NotFromYou,
    /// Takes the connection and is silent.
    Silent,
}

/// A mail that it took.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    /// The receiver on the envelope.
    pub(super) to: String,
    /// Headers, an empty line, the body, as they came.
    pub(super) raw: String,
}

/// The server.
#[derive(Clone)]
pub(super) struct FakeSmtp {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl FakeSmtp {
    /// Listens, in the present runtime.
    pub(super) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, mood: Arc::new(Mutex::new(mood)), taken: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move {
                    // Who hangs up early is no fault of the server's.
                    let _ = server.talk(stream).await;
                });
            }
        });
        server
    }

    /// The settings that lead here.
    pub(super) fn config(&self) -> MailConfig {
        MailConfig {
            smtp_url: Some(format!("smtp://{}", self.address)),
            from: Some("Tillwatch <no-reply@service.example>".to_owned()),
            public_url: Some("https://till.example/".to_owned()),
        }
    }

    /// From now on it treats everybody so.
    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().expect("a lock") = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().expect("a lock")
    }

    /// What it took so far.
    pub(super) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("a lock").clone()
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        if self.mood() == Mood::Silent {
            let mut nothing = String::new();
            stream.read_line(&mut nothing).await?;
            return Ok(());
        }
        stream.write_all(b"220 fake ready\r\n").await?;
        let mut mail = Taken::default();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let word = line.split([' ', ':', '\r']).next().unwrap_or_default().to_uppercase();
            let answer: &str = match (word.as_str(), self.mood()) {
                ("EHLO", _) => "250-fake\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                ("RCPT", Mood::Later) => "451 4.7.1 greylisted, come back later\r\n",
                ("RCPT", Mood::Never) => "550 5.1.1 nobody of this name here\r\n",
                ("RCPT", Mood::NotFromYou) => "550 5.7.1 <li@shop.example>: relaying denied\r\n",
                ("RCPT", _) => {
                    mail.to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    "250 ok\r\n"
                }
                ("DATA", _) => {
                    stream.write_all(b"354 go on\r\n").await?;
                    mail.raw = data(&mut stream).await?;
                    self.taken.lock().expect("a lock").push(std::mem::take(&mut mail));
                    "250 taken\r\n"
                }
                ("QUIT", _) => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

impl Taken {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    /// The body as it was written.
    pub(super) fn body(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match self.header("Content-Transfer-Encoding").as_str() {
            "base64" => {
                let joined: String = body.split_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(joined).expect("base64");
                String::from_utf8(bytes).expect("UTF-8")
            }
            _ => body.replace("=\r\n", "").replace("=3D", "="),
        }
    }

    /// The token in its link.
    pub(super) fn token(&self) -> String {
        let body = self.body();
        let rest = body.split_once("#token=").expect("a link").1;
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}
