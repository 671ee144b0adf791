//! Things of a tenant, as the API would give them.

use chrono::{DateTime, Utc};
use tillwatch_shared::identity::{Me, Staff, Tenant};
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, DeliveryId, RuleId, StaffId, TenantId};
use tillwatch_shared::measure::{Direction, Kpi};
use tillwatch_shared::permissions::Role;
use tillwatch_shared::plan::{Campaign, CampaignState};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::{
    Alert, AlertState, Baseline, Comparison, DailyReport, Delivery, DeviationSpec, Figures, Named, NamedCampaign,
    NamedStaff, ReportAlert, ReportCampaign, ReportCampaigns, ReportRule, Severity, Side, StopLossSpec, ThresholdSpec,
    Timing, Transport, WeeklyReport,
};
use tillwatch_shared::{Locale, Money};
use uuid::Uuid;

/// The id of the staff who asks.
pub(crate) fn mei() -> StaffId {
    StaffId(Uuid::from_u128(1))
}

/// 14 November 2025, a Friday, 10:02 in New York.
pub(crate) fn friday() -> DateTime<Utc> {
    "2025-11-14T15:02:00Z".parse().unwrap()
}

/// Who asks.
pub(crate) fn me(role: Role, locale: Locale) -> Me {
    let (time_zone, currency) = match locale {
        Locale::En => ("America/New_York", "USD"),
        Locale::ZhCn => ("Asia/Shanghai", "CNY"),
    };
    Me {
        tenant: Tenant {
            id: TenantId(Uuid::from_u128(2)),
            name: "Harbour Grocers".to_owned(),
            locale,
            time_zone: time_zone.to_owned(),
            currency: currency.to_owned(),
        },
        staff: Some(Staff { id: mei(), name: "Mei Lin".to_owned(), role, custom_role: None, locale: None, version: 1 }),
        api_token: None,
        permissions: Vec::new(),
        channels: None,
    }
}

/// A campaign that spent 1,512.40 of 2,000.
pub(crate) fn campaign(number: u128, name: &str, key: Option<&str>, state: CampaignState) -> Campaign {
    Campaign {
        id: CampaignId(Uuid::from_u128(number)),
        name: name.to_owned(),
        external_key: key.map(str::to_owned),
        objective: String::new(),
        state,
        state_reason: None,
        state_since: friday(),
        stopped_by: None,
        resume_asked: None,
        channels: Vec::new(),
        starts_on: None,
        ends_on: None,
        budget: Some(Money { amount_minor: 200_000, currency: "USD".to_owned() }),
        spend: Quantity::from_e4(15_124_000),
        archived_at: None,
        created_at: friday(),
        updated_at: friday(),
        version: 1,
    }
}

/// The figure of a metric, up by a fifth.
fn sales() -> Kpi {
    Kpi {
        metric: "sales".to_owned(),
        name_en: "Sales".to_owned(),
        name_zh: "销售额".to_owned(),
        unit: "money".to_owned(),
        direction: Direction::HigherIsBetter,
        value: Some(12_000.0),
        week_before: Some(10_000.0),
        change: Some(0.2),
        benchmark: None,
    }
}

/// A morning with something of each sort.
pub(crate) fn daily_report() -> DailyReport {
    let one = |name: &str, ends_on: Option<&str>, share: Option<f64>| ReportCampaign {
        id: CampaignId(Uuid::from_u128(5)),
        name: name.to_owned(),
        state: CampaignState::Active,
        state_reason: Some("too dear".to_owned()),
        ends_on: ends_on.map(|day| day.parse().unwrap()),
        spent_share: share,
    };
    let some = |first: Vec<ReportCampaign>| ReportCampaigns { total: u32::try_from(first.len()).unwrap(), first };
    DailyReport {
        day: "2025-11-14".parse().unwrap(),
        currency: "USD".to_owned(),
        kpis: vec![sales()],
        raised: 3,
        resolved: 2,
        running: 4,
        starting: some(vec![one("双十一", None, None)]),
        ending: some(vec![one("Summer sale", Some("2025-11-14"), None)]),
        paused: some(vec![one("Autumn coupons", None, None)]),
        untaken: 1,
        untaken_first: vec![ReportAlert {
            id: AlertId(Uuid::from_u128(3)),
            rule_name: "Coupons stop at $1,500".to_owned(),
            severity: Severity::Critical,
            opened_at: friday(),
        }],
        due: some(vec![one("Old flyer", Some("2025-11-10"), None), one("Winter sale", Some("2025-11-20"), None)]),
        near_budget: some(vec![one("Search ads", None, Some(0.95))]),
    }
}

/// A week.
pub(crate) fn weekly_report() -> WeeklyReport {
    WeeklyReport {
        first_day: "2025-11-03".parse().unwrap(),
        last_day: "2025-11-09".parse().unwrap(),
        currency: "USD".to_owned(),
        kpis: vec![sales()],
        raised: 3,
        resolved: 3,
        stopped: 1,
        rules: vec![ReportRule { name: "Conversion falls".to_owned(), alerts: 2 }],
        drawn: Some(sales()),
    }
}

/// A stop-loss that paused its campaign.
pub(crate) fn stop_loss() -> Alert {
    let spec = StopLossSpec {
        metric: "spend".to_owned(),
        line: Quantity::from_units(1_500).unwrap(),
        minimum_spend: Quantity::ZERO,
    };
    Alert {
        id: AlertId(Uuid::from_u128(3)),
        rule: RuleId(Uuid::from_u128(4)),
        rule_name: "Coupons stop at $1,500".to_owned(),
        rule_version: Some(1),
        spec: spec.into(),
        timing: Timing::default(),
        message: None,
        severity: Severity::Critical,
        state: AlertState::Firing,
        metric: "spend".to_owned(),
        metric_en: "Spend".to_owned(),
        metric_zh: "营销费用".to_owned(),
        unit: "money".to_owned(),
        currency: "USD".to_owned(),
        channel: None,
        campaign: Some(NamedCampaign {
            id: CampaignId(Uuid::from_u128(5)),
            name: "Autumn coupons".to_owned(),
            state: CampaignState::Paused,
        }),
        figures: Figures {
            value: 1_512.4,
            line: Some(1_500.0),
            overshoot: Some(12.4),
            overshoot_share: Some(12.4 / 1_500.0),
            score: 0.6,
            ..Figures::default()
        },
        window_start: friday(),
        no_data_since: None,
        paused_campaign: true,
        opened_at: friday(),
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        quiet: None,
        group: None,
        flapping: None,
        contribution: None,
        version: 1,
    }
}

/// A deviation of a channel's conversion rate.
pub(crate) fn deviation() -> Alert {
    let spec = DeviationSpec {
        metric: "conversion_rate".to_owned(),
        side: Side::Below,
        sigmas: 2.0,
        recover_sigmas: None,
        window: 8,
        minimum_history: 6,
        minimum_volume: 0.0,
        baseline: Baseline::MeanSigma,
        comparison: Comparison::OwnHistory,
    };
    Alert {
        rule_name: "Conversion falls".to_owned(),
        spec: spec.into(),
        severity: Severity::Warning,
        metric: "conversion_rate".to_owned(),
        metric_en: "Conversion rate".to_owned(),
        metric_zh: "转化率".to_owned(),
        unit: "percent".to_owned(),
        channel: Some(Named { id: ChannelId(Uuid::from_u128(6)), name: "Store 367".to_owned() }),
        campaign: None,
        figures: Figures {
            value: 2.1,
            expected: Some(3.4),
            sigma: Some(0.5),
            n: Some(8),
            z: Some(-2.6),
            line: Some(2.4),
            overshoot: Some(0.3),
            overshoot_share: Some(0.125),
            low: Some(2.4),
            high: Some(4.4),
            forecast: None,
            pattern: None,
            score: 0.7,
        },
        paused_campaign: false,
        ..stop_loss()
    }
}

/// A threshold on a day's stock-outs.
pub(crate) fn threshold() -> Alert {
    let spec = ThresholdSpec {
        metric: "stock_out_rate".to_owned(),
        side: Side::Above,
        line: 5.0,
        recover: None,
        minimum_volume: 0.0,
    };
    Alert {
        spec: spec.into(),
        rule_name: "Empty shelves".to_owned(),
        metric_en: "Stock-out rate".to_owned(),
        metric_zh: "缺货率".to_owned(),
        severity: Severity::Info,
        figures: Figures {
            value: 6.0,
            line: Some(5.0),
            overshoot: Some(1.0),
            overshoot_share: Some(0.2),
            score: 0.6,
            ..Figures::default()
        },
        ..deviation()
    }
}

/// The same alert in another state.
pub(crate) fn in_state(alert: Alert, state: AlertState) -> Alert {
    let taken = (state != AlertState::Firing).then(friday);
    let by = taken.map(|_| NamedStaff { id: StaffId(Uuid::from_u128(9)), name: "Tom".to_owned() });
    let over = (state == AlertState::Resolved).then(friday);
    Alert { state, acknowledged_at: taken, acknowledged_by: by, resolved_at: over, ..alert }
}

/// A delivery of an alert.
pub(crate) fn delivery(alert: Alert, transport: Transport, locale: Locale) -> Delivery {
    Delivery {
        robot: None,
        id: DeliveryId(Uuid::from_u128(8)),
        attempt: 1,
        transport,
        server: "local".to_owned(),
        channel: "console".to_owned(),
        locale,
        retailer: "Harbour Grocers".to_owned(),
        time_zone: "America/New_York".to_owned(),
        version: alert.version,
        message: None,
        first_claimed_at: friday(),
        claimed_at: friday(),
        request_id: Some("req-1".to_owned()),
        alert: Some(alert),
        notice: None,
        page: None,
        thread: None,
    }
}
