//! A retailer's marks are told to nobody else: not in a body or header, whoever asks what; not in the service's log,
//! however much it logs; not in Redis; not in another retailer's chat.
//!
//! The service and the bot are processes of their own, so that their whole logs can be read. Redis is read with MONITOR,
//! which shows every command with its arguments, and by its keys in the end.

use super::calls::{ask, document, leaks};
use super::cases::cases;
use super::seed::{FIGURE, Other, Seeded};
use crate::bot_process;
use crate::fake_discord::FakeDiscord;
use crate::harness::tenant::{PASSWORD, text};
use crate::harness::{Client, Server, eventually, own_database};
use crate::openapi::operations;
use crate::sign_in::forged::own_key;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};
use tillwatch_backend::platform::db::local::LocalRedis;
use tillwatch_shared::permissions::Permission;

/// The service as a process that logs all it can, with Redis beside it.
struct Loud {
    server: Server,
    monitored: Arc<Mutex<Vec<u8>>>,
    redis: LocalRedis,
}

impl Loud {
    async fn start() -> Self {
        let folder = std::env::temp_dir().join("tillwatch-it-redis");
        let redis = tokio::task::spawn_blocking(move || LocalRedis::start(&folder));
        let redis = redis.await.expect("the starting thread").expect("a Redis");
        let monitored = monitor(redis.port());
        let settings = vec![("REDIS_URL", redis.url()), ("LOG", "debug".to_owned())];
        Self { server: Server::start_with(own_database().await, settings).await, monitored, redis }
    }

    /// Everything that Redis was told and holds.
    fn in_redis(&self) -> String {
        let told = String::from_utf8_lossy(&self.monitored.lock().expect("the record")).into_owned();
        let mut redis = TcpStream::connect((Ipv4Addr::LOCALHOST, self.redis.port())).expect("Redis");
        redis.write_all(b"KEYS *\r\nQUIT\r\n").expect("Redis listens");
        let mut keys = Vec::new();
        redis.read_to_end(&mut keys).expect("Redis answers");
        told + &String::from_utf8_lossy(&keys)
    }
}

/// Every command that Redis gets from now on.
fn monitor(port: u16) -> Arc<Mutex<Vec<u8>>> {
    let mut redis = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("Redis");
    redis.write_all(b"MONITOR\r\n").expect("Redis listens");
    let record = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&record);
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(read @ 1..) = redis.read(&mut some) {
            kept.lock().expect("the record").extend_from_slice(&some[..read]);
        }
    });
    record
}

/// A token of this retailer with every scope; its secret and id.
async fn token(owner: &Client) -> (String, String) {
    let scopes: Vec<Permission> = Permission::ALL.iter().copied().filter(|scope| scope.for_tokens()).collect();
    let created = owner.post("/v1/api-tokens", json!({ "name": "Everything", "scopes": scopes })).await.ok();
    (text(&created["secret"]).to_owned(), text(&created["token"]["id"]).to_owned())
}

/// The same access token, signed by the service's own key, ten minutes after it has expired.
fn expired(bearer: &str) -> String {
    let body = bearer.split('.').nth(1).expect("a JWT");
    let body = URL_SAFE_NO_PAD.decode(body).expect("base64url");
    let mut claims: Value = serde_json::from_slice(&body).expect("claims");
    for name in ["iat", "nbf", "exp"] {
        if let Some(at) = claims[name].as_i64() {
            claims[name] = json!(at - 1_200);
        }
    }
    let mut header: Header = jsonwebtoken::decode_header(bearer).expect("a header");
    header.alg = Algorithm::EdDSA;
    jsonwebtoken::encode(&header, &claims, &own_key()).expect("a token")
}

/// Whoever must learn nothing, each with whether the credential is worth nothing at all.
async fn strangers(service: &Loud, mine: &Seeded, other: &Other) -> Vec<(&'static str, Client, bool)> {
    let owner = &mine.tenant.owner;
    let ((revoked, revoked_id), (old, old_id)) = (token(owner).await, token(owner).await);
    owner.post(&format!("/v1/api-tokens/{revoked_id}/revoke"), json!({})).await.ok();
    let id: tillwatch_shared::ids::ApiTokenId = old_id.parse().expect("an id");
    let expire =
        format!("UPDATE api_tokens SET expires_at = now() - interval '1 hour' WHERE api_token_id = '{}'", id.0);
    service.server.database().execute(&expire).await;
    let (theirs, _) = token(&other.tenant.owner).await;
    let nobody = &mine.tenant.anonymous;
    let all = vec![
        ("another retailer's admin", other.admin.clone(), false),
        ("another retailer's partner", nobody.bearing(&theirs), false),
        ("nobody", nobody.clone(), true),
        ("a revoked token", nobody.bearing(&revoked), true),
        ("an expired token", nobody.bearing(&old), true),
        ("an expired session", nobody.bearing(&expired(owner.bearer())), true),
    ];
    // A revoked token may still be known to the service for a second.
    for (name, caller, worthless) in &all {
        if *worthless {
            let wait = format!("{name} to be refused");
            eventually(&wait, async || (caller.get("/v1/me").await.status == 401).then_some(())).await;
        }
    }
    all
}

#[tokio::test]
async fn a_retailers_marks_are_told_to_nobody_by_body_header_log_redis_or_chat() {
    let (service, fake) = (Loud::start().await, FakeDiscord::start().await);
    let anonymous = service.server.client();
    let mine = Seeded::over(anonymous.clone(), service.server.database().clone()).await;
    let other = Other::over(anonymous, service.server.database().clone()).await;
    let bot = bot_process::start(&service.server.url(), &fake);
    let mut wrong = Vec::new();

    let document = document();
    for (name, caller, worthless) in strangers(&service, &mine, &other).await {
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let open = operation["security"] == json!([{}]);
            // It would end the session of one who goes on asking.
            for case in cases(id, &mine).iter().filter(|case| !case.ends_session || worthless) {
                let answer = ask(&caller, &method, &path, case).await;
                wrong.extend(leaks(id, &answer, &mine, case).iter().map(|leak| format!("{name}: {leak}")));
                if worthless && !open && answer.status != 401 {
                    wrong.push(format!("{id} answers {name} with {}", answer.status));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());

    // The other retailer's people in their own chat ask for everything, the marked campaign by its very name.
    let code = other.tenant.owner.post("/v1/chat-links/code", json!({})).await.ok();
    fake.slash(9, "link", &[("code", text(&code["code"]))]).await.reply().await;
    let (marked, reason) = (format!("{} coupons", mine.mark), ("reason", "because"));
    let campaign = ("campaign", marked.as_str());
    for (command, arguments) in [
        ("alerts list", vec![]),
        ("campaign list", vec![]),
        ("kpi", vec![]),
        ("campaign show", vec![campaign]),
        ("campaign pause", vec![campaign, reason]),
    ] {
        let said = fake.slash(9, command, &arguments).await.reply().await;
        let read = said.json.to_string().replace(&marked, "");
        assert!(!read.contains(&mine.mark) && !read.contains(FIGURE), "{command}: {read}");
    }
    let home = fake.home().channel;
    let shown: Vec<String> = fake.visible_messages(home).iter().map(|message| message.json.to_string()).collect();
    assert!(!shown.iter().any(|message| message.replace(&marked, "").contains(&mine.mark)), "{shown:?}");

    // What nobody needs in order to run the service: names, figures, addresses, secrets.
    let secrets = [&*mine.mark, FIGURE, &mine.tenant.email, PASSWORD, &mine.link_code, &mine.tenant.refresh_token];
    let (log, redis) =
        (service.server.program.errors() + &service.server.program.output() + &bot.errors(), service.in_redis());
    for secret in secrets.into_iter().chain([mine.tenant.owner.bearer()]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log tells {secret}");
        assert!(!redis.contains(secret), "Redis is told {secret}");
    }
    // Both were really read.
    assert!(log.contains("request_id") && log.lines().count() > 500, "{} lines", log.lines().count());
    assert!(redis.to_lowercase().contains("publish"), "{redis}");
    fake.stop().await;
}
