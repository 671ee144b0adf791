//! What a retailer defines for itself: metrics that are counted, and formulas over others.

use crate::harness::feed::{counts, feed, points, sample, send, series};
use crate::harness::tenant::text;
use crate::harness::{Client, Tenant};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

fn counted(key: &str, kind: &str, unit: &str) -> Value {
    json!({
        "key": key, "name_en": key, "name_zh": "自有指标", "kind": kind, "unit": unit, "direction": "neutral",
        "family": "financial",
    })
}

fn formula(key: &str, unit: &str, text: &str) -> Value {
    let mut wish = counted(key, "formula", unit);
    wish["formula"] = json!(text);
    wish
}

async fn make(owner: &Client, wish: Value) -> Value {
    owner.post("/v1/metrics", wish).await.ok()
}

#[tokio::test]
async fn a_retailer_counts_its_own_and_computes_with_it() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let fees = make(owner, counted("platform_fees", "sum", "money")).await;
    assert_eq!((text(&fees["unit"]), &fees["version"], text(&fees["kind"])), ("money", &json!(1), "sum"));
    make(owner, formula("net_sales", "money", "sales - platform_fees - refunds")).await;
    make(owner, formula("net_margin", "percent", "100 * (net_sales - cost_of_goods_sold) / net_sales")).await;

    let day = "2026-02-03T15:00:00Z";
    let csv = format!(
        "metric,at,key,value\nplatform_fees,{day},a,5.5\nsales,{day},b,205.5\nrefunds,{day},c,0\ncost_of_goods_sold,{day},d,150\n"
    );
    assert_eq!(counts(&send(owner, "text/csv", csv).await.ok()), [4, 0, 0, 0]);
    let range = "from=2026-02-01&to=2026-02-28";
    assert_eq!(series(owner, &format!("metric=platform_fees&{range}")).await, points([("2026-02-03T05:00:00Z", 5.5)]));
    assert_eq!(series(owner, &format!("metric=net_sales&{range}")).await, points([("2026-02-03T05:00:00Z", 200.0)]));
    let month = series(owner, &format!("metric=net_margin&resolution=month&{range}")).await;
    assert_eq!(month, points([("2026-02-01T05:00:00Z", 25.0)]), "a formula over a formula");
    let kpis = owner.get("/v1/kpis?day=2026-02-03").await.ok();
    let line = kpis["data"].as_array().unwrap().iter().find(|line| line["metric"] == "net_margin").cloned().unwrap();
    assert_eq!((&line["value"], text(&line["name_zh"]), text(&line["unit"])), (&json!(25.0), "自有指标", "percent"));
    let raw = owner
        .get("/v1/series?metric=net_margin&resolution=raw&from=2026-02-03&to=2026-02-03")
        .await
        .refused(Code::ValidationFailed);
    assert!(text(&raw["detail"]).contains("sales, platform_fees, refunds, cost_of_goods_sold"), "{raw}");

    // The list has the catalogue and the retailer's own, by key.
    let list = owner.get("/v1/metrics").await.ok();
    let keys: Vec<&str> = list["data"].as_array().unwrap().iter().map(|metric| text(&metric["key"])).collect();
    assert!(keys.is_sorted() && keys.contains(&"net_margin") && keys.contains(&"sales"), "{keys:?}");
    // Nobody else has them.
    let neighbour = Tenant::sign_up().await.owner;
    let theirs = feed(&neighbour, &[sample("platform_fees", day, "a", 1)]).await.ok();
    assert_eq!(theirs["results"][0]["code"], "unknown_metric");
    neighbour.get("/v1/series?metric=net_margin").await.refused(Code::ValidationFailed);
    neighbour.get(&format!("/v1/metrics/{}", text(&fees["id"]))).await.refused(Code::NotFound);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_every_reason() {
    let owner = Tenant::sign_up().await.owner;
    let codes = |refused: &Value| -> Vec<(String, String)> {
        let fields = refused["errors"].as_array().unwrap().iter();
        fields.map(|field| (text(&field["pointer"]).to_owned(), text(&field["code"]).to_owned())).collect()
    };
    let told = async |wish: Value| codes(&owner.post("/v1/metrics", wish).await.refused(Code::ValidationFailed));
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    };
    assert_eq!(told(formula("x", "money", "sales - clicks")).await, pairs(&[("/formula", "unit_mismatch")]));
    assert_eq!(told(formula("x", "percent", "spend / clicks")).await, pairs(&[("/unit", "unit_mismatch")]));
    assert_eq!(told(formula("x", "money", "100 * (sales")).await, pairs(&[("/formula", "not_a_formula")]));
    assert_eq!(told(formula("x", "times", "2 * 3")).await, pairs(&[("/formula", "not_a_formula")]));
    assert_eq!(told(formula("x", "money", "salez")).await, pairs(&[("/formula", "unknown_metric")]));
    assert_eq!(told(formula("x", "money", "销售额")).await, pairs(&[("/formula", "not_a_formula")]));
    assert_eq!(told(formula("x", "money", &"(".repeat(400))).await, pairs(&[("/formula", "not_a_formula")]));
    let mut several = counted("Not A Key", "duration", "money");
    several["whole"] = json!(true);
    let expected = [("/key", "invalid"), ("/unit", "unit_mismatch"), ("/whole", "contradiction")];
    assert_eq!(told(several).await, pairs(&expected));
    assert_eq!(told(counted("sales", "sum", "money")).await, pairs(&[("/key", "taken")]));
    assert_eq!(told(counted("x", "sum", "percent")).await, pairs(&[("/kind", "unit_mismatch")]));
    let mut below_zero = counted("x", "duration", "seconds");
    below_zero["may_be_negative"] = json!(true);
    assert_eq!(told(below_zero).await, pairs(&[("/may_be_negative", "contradiction")]));
    // A platform's ready-made "ROI" says which of the two it is.
    assert_eq!(told(counted("douyin_roi", "model", "times")).await, pairs(&[("/stands_for", "required")]));
    let mut said = counted("douyin_roi", "model", "times");
    said["stands_for"] = json!("roas");
    assert_eq!(make(&owner, said).await["stands_for"], "roas");
    let row = feed(&owner, &[sample("roi", "2026-02-03T15:00:00Z", "k", 3)]).await.ok();
    let detail = text(&row["results"][0]["detail"]).to_owned();
    assert!(row["results"][0]["code"] == "computed_metric" && detail.contains("which of the two"), "{row}");

    make(&owner, formula("a", "money", "sales")).await;
    let taken = owner.post("/v1/metrics", formula("a", "money", "spend")).await.refused(Code::AlreadyExists);
    assert_eq!(taken["errors"][0]["pointer"], "/key");
}

#[tokio::test]
async fn formulas_never_go_round_in_a_circle_also_when_two_people_write_at_once() {
    let owner = Tenant::sign_up().await.owner;
    let a = make(&owner, formula("a", "money", "sales")).await;
    let b = make(&owner, formula("b", "money", "spend")).await;
    let path = |metric: &Value| format!("/v1/metrics/{}", text(&metric["id"]));
    let (of_a, of_b) = (path(&a), path(&b));
    let change = async |path: &str, text: &str| owner.patch(path, 1, json!({ "formula": text })).await;
    let both = join_all([change(&of_a, "b + sales"), change(&of_b, "a + spend")]).await;
    let statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&422), "one of the two, not both: {statuses:?}");
    let refused = both.into_iter().find(|answer| answer.status == 422).unwrap().refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["code"], "cycle");
}

#[tokio::test]
async fn a_metric_is_changed_with_its_version_and_archived_once_nothing_needs_it() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let fees = make(owner, counted("fees", "sum", "money")).await;
    let share = make(owner, formula("fee_share", "percent", "100 * fees / sales")).await;
    let (of_fees, of_share) =
        (format!("/v1/metrics/{}", text(&fees["id"])), format!("/v1/metrics/{}", text(&share["id"])));
    let changed =
        owner.patch(&of_share, 1, json!({ "name_zh": "费用占比", "formula": "fees / sales * 100" })).await.ok();
    assert_eq!((&changed["version"], text(&changed["formula"])), (&json!(2), "fees / sales * 100"));
    owner.patch(&of_share, 1, json!({ "name_en": "Late" })).await.refused(Code::VersionStale);
    assert_eq!(owner.patch(&of_share, 2, json!({ "name_zh": "费用占比" })).await.ok()["version"], 2, "nothing differs");
    owner.patch(&of_share, 2, json!({ "unit": "money" })).await.refused(Code::ValidationFailed);

    let needed = owner.post(&format!("{of_fees}/archive"), json!({})).await.refused(Code::StateConflict);
    assert!(text(&needed["detail"]).contains("`fee_share`"), "{needed}");
    owner.post(&format!("{of_share}/archive"), json!({})).await.ok();
    let archived = owner.post(&format!("{of_fees}/archive"), json!({})).await.ok();
    assert_eq!(owner.post(&format!("{of_fees}/archive"), json!({})).await.ok(), archived, "again changes nothing");
    let taken = feed(owner, &[sample("fees", "2026-02-03T15:00:00Z", "k", 3)]).await.ok();
    assert_eq!(taken["results"][0]["code"], "archived_metric");
    let in_list = |list: &Value| list["data"].as_array().unwrap().iter().any(|metric| metric["key"] == "fees");
    assert!(
        !in_list(&owner.get("/v1/metrics").await.ok()) && in_list(&owner.get("/v1/metrics?archived=true").await.ok())
    );
    let actions: Vec<String> = retailer
        .audited()
        .await
        .iter()
        .map(|entry| text(&entry["action"]).to_owned())
        .filter(|a| a.starts_with("metric."))
        .collect();
    assert_eq!(actions.len(), 5, "{actions:?}");
}

#[tokio::test]
async fn what_was_said_of_a_metric_is_answered_and_a_name_may_become_a_platforms_roi() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let mut wish = counted("till_opens", "sum", "count");
    for (field, value) in [("classifier", json!("次")), ("whole", json!(true)), ("may_be_negative", json!(true))] {
        wish[field] = value;
    }
    let made = make(owner, wish).await;
    assert_eq!(
        (&made["classifier"], &made["whole"], &made["may_be_negative"]),
        (&json!("次"), &json!(true), &json!(true))
    );
    let audited = retailer.audited().await;
    let created = audited.iter().find(|entry| entry["action"] == "metric.created").unwrap();
    assert_eq!((&created["after"]["classifier"], &created["after"]["whole"]), (&json!("次"), &json!(true)));

    let figure = make(owner, counted("douyin_figure", "model", "times")).await;
    assert_eq!((&figure["whole"], &figure["may_be_negative"]), (&json!(false), &json!(false)));
    let path = format!("/v1/metrics/{}", text(&figure["id"]));
    let refused = owner.patch(&path, 1, json!({ "name_en": "Douyin ROI" })).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/stands_for");
    let said = owner.patch(&path, 1, json!({ "name_en": "Douyin ROI", "stands_for": "roas" })).await.ok();
    assert_eq!((&said["stands_for"], &said["version"]), (&json!("roas"), &json!(2)));
    assert_eq!(owner.get(&path).await.ok()["stands_for"], "roas", "it is kept");
}

#[tokio::test]
async fn who_may_define_metrics_and_who_may_not() {
    let retailer = Tenant::sign_up().await;
    let viewer = retailer.staff(Role::Viewer).await;
    viewer.post("/v1/metrics", counted("x", "sum", "money")).await.refused(Code::PermissionDenied);
    let partner = retailer.partner(&[Permission::SamplesWrite]).await;
    partner.post("/v1/metrics", counted("x", "sum", "money")).await.refused(Code::PermissionDenied);
    let analyst = retailer.staff(Role::Analyst).await;
    make(&analyst, counted("x", "level", "count")).await;
    assert_eq!(counts(&feed(&partner, &[sample("x", "2026-02-03T15:00:00Z", "k", 3)]).await.ok()), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_file_may_bring_the_retailers_own_metrics() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    make(owner, counted("parking", "sum", "money")).await;
    let file = "metric,at,key,value\nparking,2026-02-03T15:00:00Z,p1,7\nparkin,2026-02-03T15:00:00Z,p2,7\n";
    let job =
        owner.send("POST", "/v1/imports?kind=samples", &[("content-type", "text/csv")], Some(file.into())).await.ok();
    retailer.settled().await;
    let job = owner.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.ok();
    let count =
        |name: &str| job["counts"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["count"].clone();
    assert_eq!((count("accepted"), count("refused")), (json!(1), json!(1)), "{job}");
    assert_eq!(series(owner, "metric=parking&from=2026-02-01&to=2026-02-28").await[0].1, 7.0);
}
