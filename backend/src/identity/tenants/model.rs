//! What the settings may be, what each plan allows, and who gets in in which state. Pure.

use crate::error::{Error, Result};
use crate::platform::http::who::Quota;
use crate::platform::time_of_day;
use crate::platform::validate::Checks;
use chrono_tz::Tz;
use serde_json::{Map, Value};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::tenant::{Plan, QuietHours, TenantSettings, TenantState, UpdateTenant};

/// What a retailer may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of a minute, of all its credentials together.
    pub requests_per_minute: i64,
    /// Requests at the same time.
    pub concurrent_requests: i64,
    /// Samples taken or corrected in a local day.
    pub samples_per_day: i64,
    /// Staff who may sign in.
    pub staff: i64,
    /// API tokens that work.
    pub api_tokens: i64,
}

/// The limits that a retailer has of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// Requests of a minute.
    pub requests_per_minute: Option<i64>,
    /// Requests at the same time.
    pub concurrent_requests: Option<i64>,
    /// Samples of a local day.
    pub samples_per_day: Option<i64>,
    /// Staff.
    pub staff: Option<i64>,
    /// API tokens.
    pub api_tokens: Option<i64>,
}

impl Limits {
    /// What a plan allows.
    pub const fn of_plan(plan: Plan) -> Self {
        match plan {
            Plan::Trial => Self {
                requests_per_minute: 6_000,
                concurrent_requests: 50,
                samples_per_day: 2_000_000,
                staff: 50,
                api_tokens: 100,
            },
            Plan::Standard => Self {
                requests_per_minute: 12_000,
                concurrent_requests: 100,
                samples_per_day: 20_000_000,
                staff: 500,
                api_tokens: 500,
            },
            Plan::Enterprise => Self {
                requests_per_minute: 60_000,
                concurrent_requests: 400,
                samples_per_day: 500_000_000,
                staff: 10_000,
                api_tokens: 5_000,
            },
        }
    }

    /// What a plan allows, save for what a retailer has of its own.
    pub fn of(plan: Plan, own: &OwnLimits) -> Self {
        let usual = Self::of_plan(plan);
        Self {
            requests_per_minute: own.requests_per_minute.unwrap_or(usual.requests_per_minute),
            concurrent_requests: own.concurrent_requests.unwrap_or(usual.concurrent_requests),
            samples_per_day: own.samples_per_day.unwrap_or(usual.samples_per_day),
            staff: own.staff.unwrap_or(usual.staff),
            api_tokens: own.api_tokens.unwrap_or(usual.api_tokens),
        }
    }
}

/// How a retailer stands with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is served.
    pub state: TenantState,
    /// What it has subscribed to.
    pub plan: Plan,
    /// What it has of its own.
    pub own: OwnLimits,
}

impl Standing {
    /// What it may use.
    pub fn limits(&self) -> Limits {
        Limits::of(self.plan, &self.own)
    }

    /// Of its requests, what is not the usual number of this installation: its own limits, and those of a plan above the
    /// first one.
    pub fn quota(&self) -> Quota {
        let (limits, above) = (self.limits(), self.plan != Plan::Trial);
        let number =
            |limit: i64, own: Option<i64>| (above || own.is_some()).then(|| u32::try_from(limit).unwrap_or(u32::MAX));
        Quota {
            per_minute: number(limits.requests_per_minute, self.own.requests_per_minute),
            concurrent: number(limits.concurrent_requests, self.own.concurrent_requests),
            of_token: None,
        }
    }

    /// Whether somebody of it may do what asks for `permission`, or for any credential when it is `None`.
    ///
    /// # Errors
    /// 403 `tenant_suspended`.
    pub fn admit(&self, permission: Option<Permission>) -> Result<()> {
        match self.state {
            TenantState::Active => Ok(()),
            TenantState::Closing if permission.is_none_or(Permission::while_closing) => Ok(()),
            TenantState::Closing => Err(Error::new(
                Code::TenantSuspended,
                "This retailer is being closed: it can be read and copied, not changed. An owner may stop the closing.",
            )),
            TenantState::Suspended => Err(Error::new(
                Code::TenantSuspended,
                "This retailer is suspended; nothing of it is lost. Ask the operator of the service.",
            )),
        }
    }
}

/// Checks every field of a change.
///
/// # Errors
/// 422 with every wrong field.
pub(super) fn check(wanted: &UpdateTenant) -> Result<()> {
    let mut checks = Checks::default();
    checks.optional_line("/name", wanted.name.as_deref(), 1, 120);
    let zone = wanted.time_zone.as_ref().is_none_or(|zone| zone.parse::<Tz>().is_ok());
    checks.ensure(zone, "/time_zone", "invalid", "Takes an IANA time zone, such as Asia/Shanghai.");
    let currency = wanted.currency.as_ref();
    let currency = currency.is_none_or(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()));
    checks.ensure(currency, "/currency", "invalid", "Takes an ISO 4217 code in capitals, such as USD or CNY.");
    if let Some(Some(quiet)) = &wanted.quiet_hours {
        time_of_day::check_quiet_hours(quiet, &mut checks);
    }
    if let Some(Some(country)) = &wanted.residency {
        let known = country.len() == 2 && COUNTRIES.split(' ').any(|code| code == country);
        checks.ensure(known, "/residency", "invalid", "Takes an ISO 3166-1 code in capitals, such as US or CN.");
    }
    checks.done()
}

/// The settings with a change, which was checked.
pub(super) fn changed(before: &TenantSettings, wanted: UpdateTenant) -> TenantSettings {
    let mut after = before.clone();
    after.name = wanted.name.map_or(after.name, |name| name.trim().to_owned());
    after.locale = wanted.locale.unwrap_or(after.locale);
    after.time_zone = wanted.time_zone.unwrap_or(after.time_zone);
    after.currency = wanted.currency.unwrap_or(after.currency);
    after.fiscal_week_start = wanted.fiscal_week_start.unwrap_or(after.fiscal_week_start);
    after.quiet_hours = wanted.quiet_hours.unwrap_or(after.quiet_hours);
    after.residency = wanted.residency.unwrap_or(after.residency);
    after.resume_needs_two = wanted.resume_needs_two.unwrap_or(after.resume_needs_two);
    after
}

/// The fields in which two states differ, before and after; `None` when there are none.
///
/// # Errors
/// When one of them is no JSON.
pub(super) fn difference(before: &TenantSettings, after: &TenantSettings) -> Result<Option<(Value, Value)>> {
    let json = |settings| serde_json::to_value(settings).map_err(Error::internal);
    let (Value::Object(mut was), Value::Object(is)) = (json(before)?, json(after)?) else { return Ok(None) };
    let is: Map<String, Value> = is.into_iter().filter(|(field, value)| was.get(field) != Some(value)).collect();
    was.retain(|field, _| is.contains_key(field));
    Ok((!is.is_empty()).then_some((Value::Object(was), Value::Object(is))))
}

/// The quiet hours of two minutes of the day.
pub(super) fn quiet_hours(from: Option<i32>, until: Option<i32>) -> Option<QuietHours> {
    Some(QuietHours { from: time_of_day::show(from?), until: time_of_day::show(until?) })
}

/// ISO 3166-1 alpha-2, as assigned.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT \
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests;
