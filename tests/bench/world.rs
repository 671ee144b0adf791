//! What every question stands on: a PostgreSQL of its own with fsync on, the service in this process, retailers.

use super::http::{Connection, post};
use super::pgbench::{Login, Pgbench};
use super::reads::Known;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_backend::platform::db::local::{LocalOptions, LocalPostgres};
use tillwatch_backend::platform::db::migrate;
use tillwatch_backend::platform::db::{DbConfig, POOL_WAIT};
use tillwatch_backend::platform::http::cors::Cors;
use tillwatch_backend::platform::limits::{LimitsConfig, Rate};
use tillwatch_backend::platform::mail::MailConfig;
use tillwatch_backend::platform::outbound::AddressPolicy;
use tillwatch_backend::serve::{Service, ServiceOptions};
use tillwatch_shared::ids::TenantId;
use tokio::task::JoinSet;

/// The secret that the run's keys are derived from.
pub(crate) const SECRET: [u8; 32] = [9; 32];
const DATABASE: &str = "tillwatch";
const PASSWORD: &str = "for-this-run-only";
/// Reads the tables without a policy: the yardstick's role.
pub(crate) const PLAIN_ROLE: &str = "bench_plain";
/// The serving role.
pub(crate) const APP_ROLE: &str = "tillwatch_app";
/// The narrow role.
pub(crate) const SYSTEM_ROLE: &str = "tillwatch_system";

/// What is measured elsewhere is what a request costs, not how many are let through.
const UNLIMITED: LimitsConfig = LimitsConfig {
    of_tenant: Rate::MOST,
    of_token: Rate::MOST,
    of_address: Rate::MOST,
    concurrent: 10_000,
    concurrent_total: 100_000,
};

/// The parts that run.
pub(crate) struct World {
    /// Which database of PostgreSQL.
    database: &'static str,
    port: u16,
    superuser: String,
    /// What ends with it: the first world's PostgreSQL serves the others, too.
    postgres: Option<LocalPostgres>,
    service: Option<Service>,
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// PostgreSQL's load generator, if this machine has it.
    pub(crate) pgbench: Option<Pgbench>,
    retailers: Vec<Retailer>,
    /// The campaigns that the reads made, if they were asked for.
    pub(crate) known: Option<Known>,
}

/// A retailer with its owner signed in.
#[derive(Clone, Debug)]
pub(crate) struct Retailer {
    /// Its id.
    pub(crate) id: TenantId,
    /// Its owner's access token.
    pub(crate) owner: String,
}

impl World {
    /// Starts PostgreSQL and the service with the settings that users get.
    pub(crate) async fn start() -> Self {
        tillwatch_backend::telemetry::start(&std::env::var("LOG").unwrap_or_else(|_| "warn".to_owned()), false);
        // Temporary, but with PostgreSQL's own settings: a commit waits for the disk.
        let options = LocalOptions { ephemeral: true, progress: |_| (), ..LocalOptions::default() };
        let started = tokio::task::spawn_blocking(move || LocalPostgres::start(&options)).await.expect("a thread");
        let postgres = started.unwrap_or_else(|error| panic!("no PostgreSQL for the bench: {error}"));
        let (port, superuser) = (postgres.port(), postgres.superuser_url("postgres"));
        let pgbench = Pgbench::beside(postgres.pid());
        let mut world = Self::on(port, &superuser, DATABASE, 10).await;
        (world.postgres, world.pgbench) = (Some(postgres), pgbench);
        world
            .execute(&format!("CREATE ROLE {PLAIN_ROLE} LOGIN BYPASSRLS PASSWORD '{PASSWORD}' IN ROLE {APP_ROLE}"))
            .await;
        world
    }

    /// Another database of the same PostgreSQL, with a service of its own.
    pub(crate) async fn beside(&self, database: &'static str) -> Self {
        Self::on(self.port, &self.superuser, database, 4).await
    }

    /// A database with its service. `superuser` is the superuser's address of any database there.
    async fn on(port: u16, superuser: &str, database: &'static str, pool_size: usize) -> Self {
        let address = |role: &str| format!("postgres://{role}:{PASSWORD}@127.0.0.1:{port}/{database}");
        let [owner, app_url, system_url] =
            migrate::prepare_cluster(superuser, database, PASSWORD, address).await.expect("roles and database");
        migrate::run(&owner, chrono::Utc::now()).await.expect("migrations");
        let service = Service::start(ServiceOptions {
            db: DbConfig { app_url, system_url, pool_size, pool_wait: POOL_WAIT },
            listener: Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")),
            http_workers: 2,
            secret: SECRET,
            previous_secret: None,
            bot_key: None,
            worker: true,
            closing_days: 30,
            redis_url: None,
            limits: UNLIMITED,
            cors: Cors::default(),
            outbound: AddressPolicy::public_only(),
            mail: MailConfig::default(),
        })
        .await
        .expect("the service starts");
        let address = service.address().expect("it listens");
        let superuser = superuser.to_owned();
        let service = Some(service);
        let (postgres, pgbench, retailers, known) = (None, None, Vec::new(), None);
        Self { database, port, superuser, postgres, service, address, pgbench, retailers, known }
    }

    /// The service's keys.
    pub(crate) fn keys() -> Keys {
        Keys::new(SECRET, None).expect("keys")
    }

    /// The superuser's connection.
    pub(crate) async fn superuser(&self) -> tokio_postgres::Client {
        let mut config: tokio_postgres::Config = self.superuser.parse().expect("an address");
        config.dbname(self.database);
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("PostgreSQL");
        tokio::spawn(connection);
        client
    }

    /// Runs statements as the superuser.
    pub(crate) async fn execute(&self, statements: &str) {
        self.superuser().await.batch_execute(statements).await.expect(statements);
    }

    /// Waits until the worker's first rounds over all retailers are done: until its database commits less than 200 times a second.
    pub(crate) async fn at_rest(&self) {
        let client = self.superuser().await;
        let committed = async || {
            // What a session did is counted when it has told so, at the latest after some seconds.
            let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
            client.query_one(query, &[]).await.expect("a count").get::<_, i64>(0)
        };
        let window = Duration::from_secs(10);
        for _ in 0..90 {
            let before = committed().await;
            tokio::time::sleep(window).await;
            if committed().await - before < 200 * 10 {
                return;
            }
        }
        panic!("the worker does not come to rest");
    }

    /// How pgbench connects as `role`, with these settings of the session.
    pub(crate) fn login(&self, role: &'static str, options: &str) -> Login {
        Login {
            port: self.port,
            role,
            password: PASSWORD.to_owned(),
            database: self.database.to_owned(),
            options: options.to_owned(),
        }
    }

    /// The address of the database for `role`.
    pub(crate) fn url(&self, role: &str) -> String {
        format!("postgres://{role}:{PASSWORD}@127.0.0.1:{}/{}", self.port, self.database)
    }

    /// `number` retailers, signed up over HTTP like anybody; those of earlier questions first.
    pub(crate) async fn retailers(&mut self, number: usize) -> Vec<Retailer> {
        // Two at once: hashing a password takes one core, and more than the machine has would be refused.
        let (address, have) = (self.address, self.retailers.len());
        let mut signing = JoinSet::new();
        for hand in 0..2 {
            signing.spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut made = Vec::new();
                for place in (have..number).filter(|place| place % 2 == hand) {
                    made.push(sign_up(&mut connection, place).await);
                }
                made
            });
        }
        self.retailers.extend(signing.join_all().await.into_iter().flatten());
        self.retailers[..number].to_vec()
    }

    /// One more retailer.
    pub(crate) async fn new_retailer(&mut self) -> Retailer {
        let number = self.retailers.len() + 1;
        self.retailers(number).await.remove(number - 1)
    }

    /// A partner's token for a retailer, which may send samples.
    pub(crate) async fn partner(connection: &mut Connection, retailer: &Retailer) -> String {
        let wish = json!({ "name": "Point of sale", "scopes": ["samples:write"] });
        let made = connection.ask(&post("/v1/api-tokens", &retailer.owner, &wish)).await;
        text(&made["secret"])
    }

    /// A campaign that runs, with this key; its id.
    pub(crate) async fn campaign(connection: &mut Connection, retailer: &Retailer, key: &str) -> String {
        let wish = json!({ "name": format!("Coupons {key}"), "external_key": key });
        let id = text(&connection.ask(&post("/v1/campaigns", &retailer.owner, &wish)).await["id"]);
        let launch = post(&format!("/v1/campaigns/{id}/launch"), &retailer.owner, &json!({ "reason": "Starts" }));
        connection.ask(&launch).await;
        id
    }

    /// Ends everything in order.
    pub(crate) async fn stop(mut self) {
        if let Some(service) = self.service.take() {
            service.stop().await;
        }
        if let Some(postgres) = self.postgres.take() {
            let stopped = tokio::task::spawn_blocking(move || postgres.stop()).await;
            stopped.expect("a thread").expect("PostgreSQL stops");
        }
    }
}

async fn sign_up(connection: &mut Connection, place: usize) -> Retailer {
    let wish = json!({
        "retailer": format!("Retailer {place}"), "name": "Olive Owner",
        "email": format!("owner-{place}@retailer.example"), "password": "correct horse battery",
        "locale": "en", "time_zone": "America/New_York", "currency": "USD",
    });
    let signed = connection.ask(&post("/v1/sign-up", "", &wish)).await;
    let id = text(&signed["me"]["tenant"]["id"]).parse().expect("a tenant's id");
    Retailer { id, owner: text(&signed["access_token"]) }
}

/// A JSON text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
