//! Mail on its way out: one message to one address, through the SMTP server that `SMTP_URL` names, or kept.
//!
//! Cast: [`Outgoing`] and its [`Mailer`] (SMTP, or the local outbox, which sends nothing), [`Message`] (what is sent) and [`Unsent`] (why it
//! was not: for now, or for good). What a mail says and when it is tried again is the business of the identity
//! wing. Invariants: TLS is rustls; a password for the server never crosses a network in the clear; a wrong setting loses
//! no mail; of what a server says its code is kept and never its words, which name the receiver; a message has its
//! own `Message-ID`, the same at each try, so that a server that took it twice can tell; nothing of a message can add a
//! header.

mod url;

use crate::platform::tally::Tally;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::error::Error as _;
use std::time::{Duration, Instant};

/// A server that takes no connection in this time is away.
const CONNECT: Duration = Duration::from_secs(3);
/// A mail takes no longer than this in all; then it is sent later.
const LONGEST: Duration = Duration::from_secs(10);
/// Characters of a server's refusal that are kept.
const TOLD: usize = 300;

/// What the settings say of mail.
#[derive(Clone, Debug, Default)]
pub struct MailConfig {
    /// `SMTP_URL`; without it mails are kept.
    pub smtp_url: Option<String>,
    /// `MAIL_FROM`.
    pub from: Option<String>,
    /// `PUBLIC_URL`: where the links in mails lead.
    pub public_url: Option<String>,
}

/// How the process's mail leaves, and where its links lead.
#[derive(Clone)]
pub struct Outgoing {
    /// What sends.
    pub mailer: Mailer,
    /// What stands before the path of every link, without a slash at its end.
    pub public_url: String,
}

impl Outgoing {
    /// As the settings say; links lead to `otherwise` when they say nothing of that.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn new(config: &MailConfig, otherwise: &str) -> Result<Self, String> {
        let public_url = config.public_url.as_deref().unwrap_or(otherwise).trim_end_matches('/').to_owned();
        Ok(Self { mailer: Mailer::new(config)?, public_url })
    }
}

/// A message to one person.
#[derive(Clone, Debug)]
pub struct Message {
    /// What tells this message from all others; the same at each try.
    pub id: String,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It may be taken later.
    Later(String),
    /// It will never be taken.
    Never(String),
}

/// How mail leaves.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one of them in a process")]
pub enum Mailer {
    /// It does not: it is kept in the database.
    Outbox,
    /// Through an SMTP server.
    Smtp {
        /// The way to the server.
        transport: AsyncSmtpTransport<Tokio1Executor>,
        /// Who sends.
        from: Mailbox,
    },
}

impl Mailer {
    /// The mailer that the settings describe.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn new(config: &MailConfig) -> Result<Self, String> {
        let Some(url) = &config.smtp_url else { return Ok(Self::Outbox) };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url::with_tls(url)?)
            .map_err(|error| format!("SMTP_URL: {error}. {}", url::TAKES))?;
        let from = config.from.as_deref().ok_or("MAIL_FROM: not set, but SMTP_URL is.")?;
        let from = check_from(from)?;
        Ok(Self::Smtp { transport: builder.timeout(Some(CONNECT)).build(), from })
    }

    /// Sends a message; `Ok(false)` when there is no server, so that it stays where it is.
    ///
    /// # Errors
    /// [`Unsent`].
    pub async fn send(&self, message: &Message) -> Result<bool, Unsent> {
        let Self::Smtp { transport, from } = self else { return Ok(false) };
        let letter = compose(message, from)?;
        let sent = tokio::time::timeout(LONGEST, transport.send(letter)).await;
        match sent {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(Unsent::Later("the mail server took too long".to_owned())),
        }
    }
}

/// Servers that refuse the service itself, told once in a while.
static REFUSALS: Tally = Tally::new(Duration::from_mins(1));

/// What `error` means for the message.
fn unsent(error: &SmtpError) -> Unsent {
    // What is no answer of the server's (no connection, no TLS) names no receiver.
    let Some(code) = error.status() else { return Unsent::Later(told(&error.to_string())) };
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let unsent = answered(&code.to_string(), &words);
    if error.is_permanent()
        && let Unsent::Later(answer) = &unsent
        && let Some(times) = REFUSALS.count("refused", Instant::now())
    {
        tracing::warn!(answer, times, "the mail server refuses the service's mails: look at SMTP_URL and MAIL_FROM");
    }
    unsent
}

/// What a server's refusal means, by its code (RFC 5321) and the status that its words may begin with (RFC 3463).
/// Only what is wrong with the receiver's own address is for good; a wrong password (535), relaying that is not
/// allowed (550 5.7.1) or a sender that is not taken (553) is mended in the settings, and then the mail shall go.
fn answered(code: &str, words: &str) -> Unsent {
    const NO_RECEIVER: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];
    let status = words.split_whitespace().next().filter(|word| is_status(word));
    let told = format!(
        "the mail server answered {}",
        [Some(code), status].into_iter().flatten().collect::<Vec<_>>().join(" ")
    );
    match (code, status) {
        ("550" | "551" | "553", Some(status)) if NO_RECEIVER.contains(&status) => Unsent::Never(told),
        // "User not local": said of receivers only.
        ("551", None) => Unsent::Never(told),
        _ => Unsent::Later(told),
    }
}

/// Whether a word is an enhanced status: three numbers with dots.
fn is_status(word: &str) -> bool {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split('.').count() == 3 && word.split('.').all(number)
}

/// The sender that `MAIL_FROM` names.
///
/// # Errors
/// A sentence that names the setting.
pub fn check_from(from: &str) -> Result<Mailbox, String> {
    from.parse().map_err(|error| {
        format!("MAIL_FROM: {error}. It takes an address, such as `Tillwatch <no-reply@retailer.example>`.")
    })
}

/// Refuses an `SMTP_URL` that cannot be one.
///
/// # Errors
/// A sentence that names the setting and never its password.
pub fn check_url(url: &str) -> Result<(), String> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(&url::with_tls(url)?)
        .map(|_| ())
        .map_err(|error| format!("SMTP_URL: {error}. {}", url::TAKES))
}

/// Refuses a `PUBLIC_URL` that no link may begin with: links carry tokens, so that they go over https, save on this
/// machine.
///
/// # Errors
/// A sentence that names the setting.
pub fn check_public_url(url: &str) -> Result<(), String> {
    let takes = "It takes https://host and perhaps a path; http:// for this machine only.";
    let parsed = ::url::Url::parse(url).map_err(|error| format!("PUBLIC_URL: {error}. {takes}"))?;
    let plain = parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
    let safe = match parsed.scheme() {
        "https" => true,
        "http" => parsed.host_str().is_some_and(url::is_here),
        _ => false,
    };
    if safe && plain { Ok(()) } else { Err(format!("PUBLIC_URL: no link with a token may begin so. {takes}")) }
}

/// Whether mail can be sent to `address`.
pub fn is_address(address: &str) -> bool {
    address.parse::<Address>().is_ok()
}

fn compose(message: &Message, from: &Mailbox) -> Result<lettre::Message, Unsent> {
    let never = |what: &str| Unsent::Never(what.to_owned());
    let to: Address = message.to.parse().map_err(|_| never("this is no address that mail can be sent to"))?;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    // So that no holiday answer comes back (RFC 3834).
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    MessageBuilder::new()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(one_line(&message.subject))
        .message_id(Some(id))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(message.body.clone())
        .map_err(|error| never(&told(&error.to_string())))
}

/// `text` without line breaks and other control characters, each run of blanks as one.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

fn told(text: &str) -> String {
    one_line(text).chars().take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(to: &str, subject: &str, body: &str) -> Result<String, Unsent> {
        let from = check_from("Tillwatch <no-reply@service.example>").unwrap();
        let message = Message { id: "mal_1".into(), to: to.into(), subject: subject.into(), body: body.into() };
        compose(&message, &from).map(|letter| String::from_utf8(letter.formatted()).unwrap())
    }

    #[test]
    fn nothing_of_a_message_adds_a_header() {
        let text = formatted("li@shop.example", "Hello\r\nBcc: all@shop.example", "Hi\r\n.\r\nQUIT").unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(head.lines().all(|line| !line.starts_with("Bcc")), "{head}");
        assert!(
            head.contains("Message-ID: <mal_1@service.example>") && head.contains("Auto-Submitted: auto-generated")
        );
        for bad in ["li@shop.example\r\nRCPT TO:<x@y.example>", "no address", "a@b.example, c@d.example", ""] {
            assert!(matches!(formatted(bad, "s", "b"), Err(Unsent::Never(_))), "{bad}");
        }
        assert!(formatted("李@商店.example", "你好", "您好").is_ok());
    }

    #[test]
    fn only_a_receiver_that_is_not_there_is_for_good_and_no_words_of_the_server_are_kept() {
        for (code, words) in
            [("550", "5.1.1 <li@shop.example>: nobody"), ("551", "li@shop.example moved"), ("553", "5.1.3 bad")]
        {
            assert!(matches!(answered(code, words), Unsent::Never(_)), "{code} {words}");
        }
        for (code, words) in [
            ("535", "5.7.8 authentication failed"),
            ("530", "5.7.0 STARTTLS first"),
            ("550", "5.7.1 <li@shop.example>: relaying denied"),
            ("550", "relay not permitted for li@shop.example"),
            ("553", "sender <no-reply@service.example> rejected"),
            ("550", "5.1.8 sender's domain is not there"),
            ("554", "5.7.1 no"),
            ("451", "4.7.1 greylisted"),
            ("552", "5.2.2 mailbox full"),
        ] {
            let Unsent::Later(told) = answered(code, words) else { panic!("{code} {words}") };
            assert!(told.contains(code) && !told.contains("li@shop.example"), "{told}");
        }
        assert_eq!(answered("550", "5.1.1 x"), Unsent::Never("the mail server answered 550 5.1.1".to_owned()));
        assert_eq!(answered("550", "1.2.3.4 x"), Unsent::Later("the mail server answered 550".to_owned()));
    }

    #[test]
    fn a_wrong_setting_is_told_by_its_name_and_without_its_password() {
        for bad in ["mail.example", "http://mail.example", "smtp://", "smtp://me:hunter2@mail.example?tls=maybe"] {
            let said = check_url(bad).unwrap_err();
            assert!(said.starts_with("SMTP_URL: ") && !said.contains("hunter2"), "{said}");
        }
        for good in ["smtp://127.0.0.1:2525", "smtps://me:x@mail.example", "smtp://mail.example:587?tls=required"] {
            check_url(good).unwrap();
        }
        assert!(check_from("nobody").unwrap_err().starts_with("MAIL_FROM: "));
    }
}
