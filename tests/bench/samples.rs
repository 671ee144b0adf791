//! Samples accepted over HTTP against binary COPY of the same rows into the same kind of table.
//!
//! The yardstick is PostgreSQL's fastest door: `COPY … BINARY` as the superuser, whom no policy binds, from bytes that
//! were made before, into a table with the samples' columns, key and partitions, one commit for each 10,000 rows. The
//! service takes the same rows as NDJSON (ready-made bytes as well) and does all that it does with them: reads and
//! checks each row, resolves names, writes samples and rollups, judges, queues, audits, and answers each row.

use super::Effort;
use super::http::{Connection, request};
use super::report::{Aim, Report, median};
use super::world::World;
use bytes::{BufMut as _, Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::SinkExt as _;
use std::fmt::Write as _;
use std::io::Write as _;
use std::pin::pin;
use std::time::Instant;
use uuid::Uuid;

/// Rows of a request, the most that one may have.
const ROWS: usize = 10_000;
/// The metrics and campaigns that the rows are spread over: 20 series.
const METRICS: [&str; 5] = ["visits", "buyers", "page_views", "delivered", "sent"];
/// How a batch's rows lie in time: what it is called, and the time between two rows.
const SPACINGS: [(&str, TimeDelta); 2] = [
    // 20 series in turns: a sample of each every 160 s, 22 hours in all.
    ("every 160 s", TimeDelta::seconds(8)),
    // Hourly figures, as tills and shops send them: 500 hours in all, each row opens an hour of its own.
    ("hourly", TimeDelta::minutes(3)),
];
const CAMPAIGNS: usize = 4;

/// One sample, for both sides.
struct Row {
    series: usize,
    at: DateTime<Utc>,
    key: String,
    value: i64,
}

/// Measures NDJSON, plain and packed.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let retailer = world.retailers(1).await.remove(0);
    let mut connection = Connection::open(world.address).await;
    for number in 0..CAMPAIGNS {
        World::campaign(&mut connection, &retailer, &format!("push-{number}")).await;
    }
    let token = World::partner(&mut connection, &retailer).await;
    world.execute(TABLE).await;
    let client = world.superuser().await;
    let series: Vec<Uuid> = (0..METRICS.len() * CAMPAIGNS).map(|_| Uuid::from_u128(rand::random())).collect();

    let mut batch = 0;
    for ((spacing, step), packed) in [(SPACINGS[0], false), (SPACINGS[0], true), (SPACINGS[1], false)] {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // The first round warms both sides and does not count.
        for round in 0..=effort.rounds {
            let batches: Vec<Vec<Row>> = (batch..batch + effort.requests).map(|batch| rows(batch, step)).collect();
            batch += effort.requests;
            let requests: Vec<Vec<u8>> = batches.iter().map(|rows| ndjson(rows, &token, packed)).collect();
            let copies: Vec<Bytes> = batches.iter().map(|rows| binary(rows, retailer.id.0, &series)).collect();
            let served = async |connection: &mut Connection| {
                let begun = Instant::now();
                for request in &requests {
                    let status = connection.send(request).await.expect("an answer");
                    assert_eq!(status, 200);
                    assert!(connection.body_length() > ROWS, "an answer for each row");
                }
                per_second(effort.requests, begun)
            };
            let (service, copy) = if round % 2 == 0 {
                let first = served(&mut connection).await;
                (first, copied(&client, copies).await)
            } else {
                let first = copied(&client, copies).await;
                (served(&mut connection).await, first)
            };
            if round > 0 {
                ours.push(service);
                theirs.push(copy);
                ratios.push(service / copy);
            }
        }
        let what = format!("samples {spacing}, NDJSON{}", if packed { " in gzip" } else { "" });
        let shown = [&ours, &theirs].map(|values| format!("{:.0} rows/s", median(values)));
        report.line(&what, &shown[0], &shown[1], median(&ratios), "", Aim::AtLeast(0.35));
    }
    verify(world, batch).await;
}

/// Both tables must hold every row, or a ratio says nothing.
async fn verify(world: &World, batches: usize) {
    let client = world.superuser().await;
    let counts = client
        .query_one("SELECT (SELECT count(*) FROM samples), (SELECT count(*) FROM bench_copy)", &[])
        .await
        .expect("counts");
    let expected = i64::try_from(batches * ROWS).unwrap();
    assert_eq!((counts.get::<_, i64>(0), counts.get::<_, i64>(1)), (expected, expected));
}

fn per_second(requests: usize, begun: Instant) -> f64 {
    (requests * ROWS) as f64 / begun.elapsed().as_secs_f64()
}

/// A table like the samples', partitions and key included, without policy.
const TABLE: &str = "CREATE TABLE bench_copy (LIKE samples INCLUDING ALL) PARTITION BY RANGE (at); \
    DO $$ DECLARE part record; BEGIN \
    FOR part IN SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound \
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'samples'::regclass LOOP \
        EXECUTE format('CREATE TABLE %I PARTITION OF bench_copy %s', 'bench_' || part.name, part.bound); \
    END LOOP; END $$";

/// The rows of a batch: the series in turns, `step` apart, each row under a key of its own. Batches lie a few
/// milliseconds apart on top of each other, as the tills of several stores do.
fn rows(batch: usize, step: TimeDelta) -> Vec<Row> {
    let first = Utc::now() - TimeDelta::hours(1) - step * i32::try_from(ROWS).unwrap();
    let row = |number: usize| Row {
        series: number % (METRICS.len() * CAMPAIGNS),
        at: first + step * i32::try_from(number).unwrap() + TimeDelta::milliseconds(i64::try_from(batch).unwrap()),
        key: format!("till-{batch}-{number}"),
        value: i64::try_from(number % 100).unwrap() + 1,
    };
    (0..ROWS).map(row).collect()
}

/// The request that sends the rows.
fn ndjson(rows: &[Row], token: &str, packed: bool) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        let (metric, campaign) = (METRICS[row.series / CAMPAIGNS], row.series % CAMPAIGNS);
        let at = row.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let (key, value) = (&row.key, row.value);
        writeln!(
            text,
            r#"{{"metric":"{metric}","at":"{at}","key":"{key}","value":{value},"campaign":"push-{campaign}"}}"#
        )
        .unwrap();
    }
    let plain = ("Content-Type", "application/x-ndjson");
    if !packed {
        return request("POST", "/v1/samples", token, &[plain], text.as_bytes());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    request("POST", "/v1/samples", token, &[plain, ("Content-Encoding", "gzip")], &encoder.finish().unwrap())
}

/// The same rows as COPY's binary format has them (PostgreSQL's manual, COPY, "Binary Format").
fn binary(rows: &[Row], tenant: Uuid, series: &[Uuid]) -> Bytes {
    let epoch: DateTime<Utc> = "2000-01-01T00:00:00Z".parse().unwrap();
    let mut bytes = BytesMut::with_capacity(rows.len() * 96);
    bytes.put_slice(b"PGCOPY\n\xff\r\n\0");
    bytes.put_i32(0);
    bytes.put_i32(0);
    for row in rows {
        bytes.put_i16(5);
        for id in [tenant, series[row.series]] {
            bytes.put_i32(16);
            bytes.put_slice(id.as_bytes());
        }
        bytes.put_i32(8);
        bytes.put_i64((row.at - epoch).num_microseconds().unwrap());
        bytes.put_i32(i32::try_from(row.key.len()).unwrap());
        bytes.put_slice(row.key.as_bytes());
        bytes.put_i32(8);
        bytes.put_i64(row.value * 10_000);
    }
    bytes.put_i16(-1);
    bytes.freeze()
}

/// Copies the batches, each in a transaction of its own; rows a second.
async fn copied(client: &tokio_postgres::Client, batches: Vec<Bytes>) -> f64 {
    let (count, begun) = (batches.len(), Instant::now());
    for batch in batches {
        let copy = "COPY bench_copy (tenant_id, series_id, at, source_key, value_e4) FROM STDIN BINARY";
        let mut sink = pin!(client.copy_in::<_, Bytes>(copy).await.expect("COPY"));
        sink.send(batch).await.expect("COPY takes the rows");
        assert_eq!(sink.finish().await.expect("COPY ends"), ROWS as u64);
    }
    per_second(count, begun)
}
