use super::*;
use chrono::DateTime;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::tenant::WeekDay;

fn nothing() -> UpdateTenant {
    UpdateTenant {
        name: None,
        locale: None,
        time_zone: None,
        currency: None,
        fiscal_week_start: None,
        quiet_hours: None,
        residency: None,
        resume_needs_two: None,
    }
}

fn quiet(from: &str, until: &str) -> QuietHours {
    QuietHours { from: from.to_owned(), until: until.to_owned() }
}

fn settings() -> TenantSettings {
    TenantSettings {
        id: TenantId::new(),
        name: "河边店".to_owned(),
        locale: Locale::ZhCn,
        time_zone: "Asia/Shanghai".to_owned(),
        currency: "CNY".to_owned(),
        fiscal_week_start: WeekDay::Mon,
        quiet_hours: Some(quiet("22:00", "07:30")),
        residency: Some("CN".to_owned()),
        resume_needs_two: false,
        plan: Plan::Trial,
        state: TenantState::Active,
        created_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        version: 1,
    }
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let wanted = UpdateTenant {
        name: Some("  ".to_owned()),
        time_zone: Some("Asia/Peking".to_owned()),
        currency: Some("cny".to_owned()),
        quiet_hours: Some(Some(quiet("24:00", "7:30"))),
        residency: Some(Some("XX".to_owned())),
        ..nothing()
    };
    let refused = check(&wanted).unwrap_err();
    let pointers: Vec<&str> = refused.fields.iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/time_zone", "/currency", "/quiet_hours/from", "/quiet_hours/until", "/residency"]);
    assert!(check(&nothing()).is_ok());
    let same = UpdateTenant { quiet_hours: Some(Some(quiet("07:00", "07:00"))), ..nothing() };
    assert_eq!(check(&same).unwrap_err().fields[0].pointer, "/quiet_hours/until");
    assert_eq!(COUNTRIES.split(' ').count(), 249);
}

#[test]
fn only_what_differs_is_told_and_null_clears() {
    let before = settings();
    assert!(difference(&before, &changed(&before, nothing())).unwrap().is_none());
    let wanted = UpdateTenant { quiet_hours: Some(None), residency: Some(Some("SG".to_owned())), ..nothing() };
    let (was, is) = difference(&before, &changed(&before, wanted)).unwrap().unwrap();
    assert_eq!(was, serde_json::json!({ "quiet_hours": { "from": "22:00", "until": "07:30" }, "residency": "CN" }));
    assert_eq!(is, serde_json::json!({ "quiet_hours": null, "residency": "SG" }));
}

#[test]
fn quiet_hours_are_shown_as_times_of_the_day() {
    assert_eq!(quiet_hours(Some(1320), Some(450)), Some(quiet("22:00", "07:30")));
    assert_eq!(quiet_hours(None, None), None);
}

#[test]
fn a_larger_plan_allows_more_and_an_own_limit_wins() {
    let [trial, standard, enterprise] = [Plan::Trial, Plan::Standard, Plan::Enterprise].map(Limits::of_plan);
    assert!(trial.samples_per_day < standard.samples_per_day && standard.staff < enterprise.staff);
    let own = OwnLimits { api_tokens: Some(0), ..OwnLimits::default() };
    assert_eq!(Limits::of(Plan::Standard, &own), Limits { api_tokens: 0, ..standard });
}

#[test]
fn who_gets_in_depends_on_the_state() {
    let standing = |state| Standing { state, plan: Plan::Trial, own: OwnLimits::default() };
    for &permission in Permission::ALL {
        assert!(standing(TenantState::Active).admit(Some(permission)).is_ok());
        assert!(standing(TenantState::Suspended).admit(Some(permission)).is_err());
        let closing = standing(TenantState::Closing).admit(Some(permission));
        assert_eq!(closing.is_ok(), permission.while_closing(), "{permission}");
    }
    assert!(standing(TenantState::Closing).admit(None).is_ok());
    assert_eq!(standing(TenantState::Suspended).admit(None).unwrap_err().code, Code::TenantSuspended);
}
