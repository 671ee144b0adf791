//! Addresses that get no connection: every spelling of what is not public, names that lead inside, redirects, and names
//! that change their answer. A listener on loopback counts who comes.

use super::receiver::{DOMAIN, Manner, Receiver, authority};
use futures_util::future::BoxFuture;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tillwatch_backend::platform::outbound::public::is_public;
use tillwatch_backend::platform::outbound::{AddressPolicy, LONGEST_ANSWER, Lookup, Outbound};
use tillwatch_shared::webhooks::Fault;

/// Answers lookups from a list, the last one again and again, and counts them.
struct Scripted {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |list: &&[&str]| list.iter().map(|text| text.parse().expect("an address")).collect();
        let answers = Mutex::new(answers.iter().map(parsed).collect());
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Scripted {
    fn lookup(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer) })
    }
}

/// A client that takes these addresses for public.
fn client(allows: fn(IpAddr) -> bool, lookup: &Arc<Scripted>) -> Outbound {
    let lookup: Arc<dyn Lookup> = Arc::<Scripted>::clone(lookup);
    Outbound::new(AddressPolicy::for_tests(allows, lookup, Some(authority()))).unwrap()
}

async fn post(client: &Outbound, url: &str) -> Result<u16, Fault> {
    client.post(url, &[], b"{}".to_vec()).await.map(|answer| answer.status)
}

#[tokio::test]
async fn no_spelling_of_loopback_or_of_anything_private_gets_a_connection() {
    let receiver = Receiver::start().await;
    let port = receiver.port();
    let client = client(is_public, &Scripted::of(&[&["127.0.0.1"]]));
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "0",
        "１２７.０.０.１",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
        "localhost.",
        "a.localhost",
        "metadata.internal",
        "printer.local",
        "intranet",
    ] {
        let url = format!("https://{host}:{port}/");
        assert_eq!(post(&client, &url).await, Err(Fault::AddressRefused), "{url}");
    }
    for url in [format!("http://127.0.0.1:{port}/"), "file:///etc/passwd".into(), "https://[fe80::1%25lo]/".into()] {
        assert_eq!(post(&client, &url).await, Err(Fault::AddressRefused), "{url}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_gets_no_connection_not_even_with_a_public_address_beside_it() {
    let receiver = Receiver::start().await;
    let url = format!("https://inside.{DOMAIN}:{}/", receiver.port());
    for answer in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["10.1.2.3"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["64:ff9b::a9fe:a9fe"],
        &["0.0.0.0"],
        &["8.8.8.8", "127.0.0.1"],
        &["2606:4700:4700::1111", "::1"],
    ] {
        let lookup = Scripted::of(&[answer]);
        assert_eq!(post(&client(is_public, &lookup), &url).await, Err(Fault::AddressRefused), "{answer:?}");
    }
    assert_eq!(post(&client(is_public, &Scripted::of(&[&[]])), &url).await, Err(Fault::NameUnknown));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    // 127.0.0.2 stands for the public address, 127.0.0.1 for the private one; the same port on both.
    let inside = Receiver::start().await;
    let outside = Receiver::at(Ipv4Addr::new(127, 0, 0, 2), inside.port()).await;
    let public = |ip: IpAddr| ip == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let url = format!("https://changes.{DOMAIN}:{}/", inside.port());
    let lookup = Scripted::of(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let client = client(public, &lookup);
    // What was checked is what is connected to: the name is asked once for a connection, not again behind the check.
    assert_eq!(post(&client, &url).await, Ok(204));
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 1);
    // And no connection is kept from which the next one would profit: it is asked and checked anew.
    assert_eq!(post(&client, &url).await, Err(Fault::AddressRefused));
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 2);
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn a_redirect_inside_is_an_answer_and_goes_nowhere() {
    let inside = Receiver::start().await;
    let outside = Receiver::at(Ipv4Addr::new(127, 0, 0, 2), 0).await;
    let public = |ip: IpAddr| ip == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let client = client(public, &Scripted::of(&[&["127.0.0.2"]]));
    for to in [format!("https://127.0.0.1:{}/", inside.port()), inside.url.clone()] {
        outside.answers(Manner::Redirect(to));
        assert_eq!(post(&client, &outside.url).await, Ok(302));
    }
    assert_eq!((outside.connections(), inside.connections()), (2, 0));
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_no_body_and_of_an_answer_only_the_beginning_is_read() {
    let receiver = Receiver::start().await;
    let loopback = |ip: IpAddr| ip.is_loopback();
    let lookup = Scripted::of(&[&["127.0.0.1"]]);
    // By its address it is somebody else: the certificate names the domain.
    let by_address = format!("https://127.0.0.1:{}/", receiver.port());
    assert_eq!(post(&client(loopback, &lookup), &by_address).await, Err(Fault::TlsFailed));
    let strange: Arc<dyn Lookup> = Arc::<Scripted>::clone(&lookup);
    let strange = Outbound::new(AddressPolicy::for_tests(loopback, strange, None)).unwrap();
    assert_eq!(post(&strange, &receiver.url).await, Err(Fault::TlsFailed), "the public authorities do not know it");
    assert_eq!(receiver.got().len(), 0);
    receiver.answers(Manner::Endless);
    let answer = client(loopback, &lookup).post(&receiver.url, &[], b"{}".to_vec()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, LONGEST_ANSWER));
}
