//! Samples that come in as they should: in every form, again, late, corrected, across midnights, by many writers at once.

use crate::harness::feed::{counts, feed, ndjson, of, points, sample, send, series};
use crate::harness::tenant::{Style, patiently, text};
use crate::harness::{Client, Tenant, own_database, own_service, redacted, shared};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::io::Write as _;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

async fn spend(owner: &Client, campaign: &str) -> Value {
    owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["spend"].clone()
}

#[tokio::test]
async fn a_partner_sends_rows_in_each_form_and_sends_them_again() {
    let retailer = Tenant::sign_up().await;
    let partner = retailer.partner(&[Permission::SamplesWrite, Permission::MetricsRead]).await;
    let at = "2026-02-03T15:00:00Z";
    let lines = ndjson(&[sample("orders", at, "n1", 1), sample("orders", at, "n2", 2)]);
    let table =
        format!("value,key,metric,at\r\n3,c1,orders,{at}\r\n\"4\",\"c,2\",orders,2026-02-03T16:00:00+01:00\r\n\r\n");
    let document = json!({ "samples": [sample("orders", at, "j1", 5), sample("orders", at, "订单 2", 6)] }).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(ndjson(&[sample("orders", at, "z1", 7), sample("orders", at, "z2", 8)]).as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();

    for round in ["first", "again"] {
        let zipped = [("content-type", "application/x-ndjson"), ("content-encoding", "gzip")];
        let taken = [
            send(&partner, "application/x-ndjson", lines.clone()).await.ok(),
            send(&partner, "text/csv; charset=utf-8", table.clone()).await.ok(),
            send(&partner, "application/json", document.clone()).await.ok(),
            partner.send("POST", "/v1/samples", &zipped, Some(packed.clone())).await.ok(),
        ];
        let expected = if round == "first" { [2, 0, 0, 0] } else { [0, 0, 2, 0] };
        assert!(taken.iter().all(|one| counts(one) == expected), "{round}: {taken:?}");
        insta::assert_json_snapshot!(format!("forms_{round}"), redacted(&json!(taken)));
    }
    let days = series(&partner, "metric=orders&from=2026-02-01&to=2026-02-05").await;
    assert_eq!(days, points([("2026-02-03T05:00:00Z", 36.0)]));
    let audited = retailer.audited().await;
    let entries: Vec<&Value> = audited.iter().filter(|entry| entry["action"] == "samples.taken").collect();
    assert_eq!(entries.len(), 4, "what changed nothing is no entry");
    assert!(entries.iter().all(|entry| entry["actor_kind"] == "api_token" && entry["after"]["accepted"] == 2));
}

#[tokio::test]
async fn a_correction_replaces_and_every_figure_follows() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let (campaign, channel) = (retailer.active_campaign("Coupons").await, retailer.channel("Store").await);
    let cost = |at: &str, key: &str, value: f64| {
        of("campaign", &campaign, of("channel", &channel, [sample("spend", at, key, value)])).remove(0)
    };
    let (ten, eleven) = ("2026-02-03T15:10:00Z", "2026-02-03T16:20:00.123456Z");
    let first = [cost(ten, "a", 10.0), cost(ten, "b", 20.5), cost(eleven, "a", 0.0001)];
    assert_eq!(counts(&feed(owner, &first).await.ok()), [3, 0, 0, 0]);
    assert_eq!(spend(owner, &campaign).await, json!(30.5001));

    // One row new, one corrected, one the same: each told apart, the sums exact.
    let second = [cost(ten, "a", 10.0), cost(ten, "b", 30.25), cost(ten, "c", 1.0)];
    let taken = feed(owner, &second).await.ok();
    assert_eq!(counts(&taken), [1, 1, 1, 0]);
    let statuses: Vec<&str> = taken["results"].as_array().unwrap().iter().map(|r| text(&r["status"])).collect();
    assert_eq!(statuses, ["unchanged", "corrected", "accepted"]);
    assert_eq!(spend(owner, &campaign).await, json!(41.2501));

    // Late by two days, and one corrected to nothing.
    let late = [cost("2026-02-01T22:00:00Z", "a", 5.0), cost(ten, "c", 0.0)];
    assert_eq!(counts(&feed(owner, &late).await.ok()), [1, 1, 0, 0]);
    assert_eq!(spend(owner, &campaign).await, json!(45.2501));

    let question = format!("metric=spend&campaign={campaign}&channel={channel}&from=2026-02-01&to=2026-02-04");
    let raw = series(owner, &format!("{question}&resolution=raw")).await;
    let raw_expected = [("2026-02-01T22:00:00Z", 5.0), (ten, 10.0), (ten, 30.25), (ten, 0.0), (eleven, 0.0001)];
    assert_eq!(raw, points(raw_expected));
    let hours = [("2026-02-01T22:00:00Z", 5.0), ("2026-02-03T15:00:00Z", 40.25), ("2026-02-03T16:00:00Z", 0.0001)];
    assert_eq!(series(owner, &format!("{question}&resolution=hour")).await, points(hours));
    let days = [("2026-02-01T05:00:00Z", 5.0), ("2026-02-03T05:00:00Z", 40.2501)];
    assert_eq!(series(owner, &format!("{question}&resolution=day")).await, points(days));
    assert_eq!(series(owner, "metric=spend&from=2026-02-01&to=2026-02-04").await, points(days), "over everything");

    // A page at a time gives the same points.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/v1/series?{question}&resolution=raw&limit=2{cursor}")).await.ok();
        paged.extend(page["data"].as_array().unwrap().iter().map(|p| (text(&p["at"]).to_owned(), p["value"].clone())));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, raw);
}

#[tokio::test]
async fn days_begin_at_the_retailers_own_midnight() {
    let sample = |at: &str| sample("visits", at, "k", 1);
    let style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };
    let chinese = Tenant::sign_up_named(shared(), style, "海港超市").await.owner;
    let around = [sample("2026-01-05T15:59:59.999999Z"), sample("2026-01-06T00:00:00+08:00")];
    assert_eq!(counts(&feed(&chinese, &around).await.ok()), [2, 0, 0, 0]);
    let days = series(&chinese, "metric=visits&from=2026-01-01&to=2026-01-10").await;
    assert_eq!(days, points([("2026-01-04T16:00:00Z", 1.0), ("2026-01-05T16:00:00Z", 1.0)]));

    // New York on 8 March 2026 has 23 hours: it begins at 05:00Z and ends at 04:00Z.
    let american = Tenant::sign_up().await.owner;
    let around = ["2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"];
    assert_eq!(counts(&feed(&american, &around.map(sample)).await.ok()), [4, 0, 0, 0]);
    let days = series(&american, "metric=visits&from=2026-03-07&to=2026-03-09").await;
    let expected = [("2026-03-07T05:00:00Z", 1.0), ("2026-03-08T05:00:00Z", 2.0), ("2026-03-09T04:00:00Z", 1.0)];
    assert_eq!(days, points(expected));
}

#[tokio::test]
async fn ratios_are_ratios_of_sums() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let (store, shop) = (retailer.channel("Store").await, retailer.channel("Web shop").await);
    let day = |at: &str, sales: f64, orders: u32| [sample("sales", at, "d", sales), sample("orders", at, "d", orders)];
    let mut rows = of("channel", &store, day("2026-02-03T15:00:00Z", 100.0, 1));
    rows.extend(of("channel", &shop, day("2026-02-03T15:00:00Z", 300.0, 9)));
    rows.extend(of("channel", &shop, day("2026-02-04T15:00:00Z", 50.0, 0)));
    assert_eq!(counts(&feed(owner, &rows).await.ok()), [6, 0, 0, 0]);
    let range = "from=2026-02-03&to=2026-02-04";
    // 400 over 10 orders, not the mean of 100 and 33.33; no orders, no figure.
    let both = series(owner, &format!("metric=aov&{range}")).await;
    assert_eq!(both[0], ("2026-02-03T05:00:00Z".to_owned(), json!(40.0)));
    assert_eq!(both[1].1, Value::Null);
    let one = series(owner, &format!("metric=aov&channel={store}&{range}")).await;
    assert_eq!(one, points([("2026-02-03T05:00:00Z", 100.0)]));
    let raw = owner.get(&format!("/v1/series?metric=aov&resolution=raw&{range}")).await.refused(Code::ValidationFailed);
    assert_eq!(raw["errors"][0]["code"], "computed_metric");
    let unknown = owner.get("/v1/series?metric=salez").await.refused(Code::ValidationFailed);
    assert!(text(&unknown["detail"]).contains("Did you mean `sales`?"), "{unknown}");

    let kpis = owner.get("/v1/kpis?day=2026-02-03").await.ok();
    let line = |key: &str| kpis["data"].as_array().unwrap().iter().find(|line| line["metric"] == key).cloned().unwrap();
    assert_eq!((&line("aov")["value"], &line("orders")["value"]), (&json!(40.0), &json!(10.0)));
    assert_eq!(owner.get("/v1/kpis").await.ok()["day"], "2026-02-03", "the newest day may still be growing");
}

#[tokio::test]
async fn eight_writers_with_overlapping_rows_end_exact() {
    const WRITERS: usize = 8;
    // Of its own, so that nobody else has to wait for a connection meanwhile.
    let service = own_service(own_database().await, WRITERS);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let owner = &retailer.owner;
    let campaigns = [retailer.active_campaign("One").await, retailer.active_campaign("Two").await];
    // 240 rows that everybody sends, each in another order, and 30 of each writer's own: every second writer in one request,
    // which tries first whether all are new, the others in small ones, which look for what is there.
    let everybodys = |i: usize| sample("spend", "2026-02-03T15:00:00Z", &format!("all-{i}"), 0.75);
    let own = |w: usize, i: usize| sample("spend", "2026-02-03T17:00:00Z", &format!("own-{w}-{i}"), 0.25);
    let placed = |i: usize, row: Value| of("campaign", &campaigns[i % 2], [row]).remove(0);
    let writers = join_all((0..WRITERS).map(|w| {
        let mut rows: Vec<Value> = (0..240).map(|i| placed(i, everybodys(i))).collect();
        rows.extend((0..30).map(|i| placed(i, own(w, i))));
        let turn = rows.len() * w / WRITERS;
        rows.rotate_left(turn);
        if w % 2 == 1 {
            rows.reverse();
        }
        async move {
            let mut accepted = 0;
            for part in rows.chunks(if w % 2 == 0 { 300 } else { 25 }) {
                let answer = feed(owner, part).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                let [new, corrected, _, refused] = counts(&answer.ok());
                assert_eq!((corrected, refused), (0, 0));
                accepted += new;
            }
            accepted
        }
    }));
    let accepted: u64 = writers.await.into_iter().sum();
    assert_eq!(accepted, 240 + 30 * WRITERS as u64, "each row was new for one writer");
    // 120 common rows and 15 of each writer a campaign.
    for campaign in &campaigns {
        assert_eq!(spend(owner, campaign).await, 120);
    }
    let day = series(owner, "metric=spend&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day, points([("2026-02-03T05:00:00Z", 240.0)]));
    service.stop().await;
}

#[tokio::test]
async fn a_token_writes_only_with_its_scope_and_only_at_home() {
    let (retailer, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let reader = retailer.partner(&[Permission::MetricsRead]).await;
    let row = sample("orders", "2026-02-03T15:00:00Z", "k", 1);
    feed(&reader, std::slice::from_ref(&row)).await.refused(Code::PermissionDenied);
    feed(&retailer.anonymous, std::slice::from_ref(&row)).await.refused(Code::CredentialMissing);
    assert_eq!(series(&retailer.owner, "metric=orders&from=2026-02-03&to=2026-02-03").await, []);

    let writer = retailer.partner(&[Permission::SamplesWrite]).await;
    let (channel, campaign) = (other.channel("Theirs").await, other.active_campaign("Theirs").await);
    let mut foreign = of("channel", &channel, [row.clone()]);
    foreign.extend(of("campaign", &campaign, [row]));
    let taken = patiently(async || feed(&writer, &foreign).await).await.ok();
    let codes: Vec<&str> = taken["results"].as_array().unwrap().iter().map(|r| text(&r["code"])).collect();
    assert_eq!((counts(&taken), codes), ([0, 0, 0, 2], vec!["unknown_channel", "unknown_campaign"]));
    writer.get("/v1/series?metric=orders").await.refused(Code::PermissionDenied);
    for place in [&retailer, &other] {
        assert_eq!(series(&place.owner, "metric=orders&from=2026-02-03&to=2026-02-03").await, []);
    }
}
