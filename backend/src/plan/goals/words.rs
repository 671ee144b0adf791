//! What the service itself says of goals, in both languages: what a check finds, and why a correction is proposed. Pure.

use super::smart::Best;
use crate::measure::metrics::{Definition, Unit};
use crate::platform::chart;
use chrono::{Datelike as _, NaiveDate};
use tillwatch_shared::Locale;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a check finds: something that holds, or something that is missing.
#[derive(Clone, Copy, Debug)]
pub enum Gap<'a> {
    /// Everything is named.
    Specific,
    /// No metric.
    NoMetric,
    /// No owner.
    NoOwner,
    /// No target.
    NoTarget,
    /// The metric was counted lately.
    Counted {
        /// The metric.
        metric: &'a Definition<'a>,
        /// The last day.
        newest: NaiveDate,
    },
    /// It was not.
    NotCounted {
        /// The metric.
        metric: &'a Definition<'a>,
        /// The last day, if there is one.
        newest: Option<NaiveDate>,
    },
    /// It was archived.
    Archived {
        /// The metric.
        metric: &'a Definition<'a>,
    },
    /// What is needed against the best that was.
    Best {
        /// The metric.
        metric: &'a Definition<'a>,
        /// The figures.
        best: Best,
        /// The currency of money.
        currency: &'a str,
    },
    /// Metric, target or days are missing, so nothing can be told.
    Untold,
    /// Somebody may say why it is pursued all the same.
    SayWhy,
    /// Somebody did.
    Anyway {
        /// Why.
        reason: &'a str,
    },
    /// It says why it matters.
    Relevant,
    /// It does not.
    NotRelevant,
    /// Its days are good.
    TimeBound {
        /// How many.
        days: i64,
        /// The last one.
        ends_on: NaiveDate,
    },
    /// It lacks days.
    NoDays,
    /// Its deadline is not ahead.
    Past {
        /// The deadline.
        ends_on: NaiveDate,
    },
    /// It is too short or too long.
    Length {
        /// How many days.
        days: i64,
    },
}

/// The sentences of what was found, in English and in Chinese.
pub fn sentences(found: &[Gap<'_>]) -> [String; 2] {
    let english: Vec<String> = found.iter().map(english).collect();
    [english.join(" "), found.iter().map(chinese).collect()]
}

fn english(gap: &Gap<'_>) -> String {
    match *gap {
        Gap::Specific => "Metric, scope and owner are named.".to_owned(),
        Gap::NoMetric => "Say which metric it is about.".to_owned(),
        Gap::NoOwner => "Say who answers for it.".to_owned(),
        Gap::NoTarget => "Say what it is to reach.".to_owned(),
        Gap::Counted { metric, newest } => format!("{} was last counted on {newest}.", metric.name.en),
        Gap::NotCounted { metric, newest: Some(newest) } => format!(
            "{} was last counted here on {newest}, more than 28 days ago. Send its samples, or choose another metric.",
            metric.name.en
        ),
        Gap::NotCounted { metric, newest: None } => {
            format!("{} was never counted here. Send its samples, or choose another metric.", metric.name.en)
        }
        Gap::Archived { metric } => {
            format!("{} is archived: it takes no samples any more. Choose another metric.", metric.name.en)
        }
        Gap::Best { metric, best, currency } => {
            let needed = amount(best.needed, metric, currency, Locale::En);
            match best.best {
                Some(was) => {
                    let was = amount(was, metric, currency, Locale::En);
                    format!("It needs {needed} in {} days; the best {0} days so far had {was}.", best.days)
                }
                None => format!("It needs {needed} in {} days, and fewer days are stored to compare with.", best.days),
            }
        }
        Gap::Untold => "What it needs can be told when metric, target and days ahead are set.".to_owned(),
        Gap::SayWhy => {
            "Lower the target, give it more time, or say why it can be reached (`achievable_anyway`).".to_owned()
        }
        Gap::Anyway { reason } => format!("Pursued all the same: {reason}"),
        Gap::Relevant => "It says why it matters.".to_owned(),
        Gap::NotRelevant => "Say why it matters, or name a campaign that pursues it.".to_owned(),
        Gap::TimeBound { days, ends_on } => format!("It has {days} days and ends on {ends_on}."),
        Gap::NoDays => "Set its first day and its deadline.".to_owned(),
        Gap::Past { ends_on } => format!("Its deadline, {ends_on}, is not ahead. Choose a later day."),
        Gap::Length { days } => format!("It has {days} days; a goal has 7 days to 3 years."),
    }
}

fn chinese(gap: &Gap<'_>) -> String {
    match *gap {
        Gap::Specific => "已明确指标、范围和负责人。".to_owned(),
        Gap::NoMetric => "请指定指标。".to_owned(),
        Gap::NoOwner => "请指定负责人。".to_owned(),
        Gap::NoTarget => "请设定目标值。".to_owned(),
        Gap::Counted { metric, newest } => format!("{}最近一次有数据是{}。", metric.name.zh, date(newest)),
        Gap::NotCounted { metric, newest: Some(newest) } => {
            format!(
                "{}在此范围内最近一次有数据是{}，已超过28天。请上报数据点，或另选指标。",
                metric.name.zh,
                date(newest)
            )
        }
        Gap::NotCounted { metric, newest: None } => {
            format!("{}在此范围内从未有过数据。请上报数据点，或另选指标。", metric.name.zh)
        }
        Gap::Archived { metric } => format!("{}已归档，不再接收数据点。请另选指标。", metric.name.zh),
        Gap::Best { metric, best, currency } => {
            let needed = amount(best.needed, metric, currency, Locale::ZhCn);
            match best.best {
                Some(was) => {
                    let was = amount(was, metric, currency, Locale::ZhCn);
                    format!("每{}天需要达到{needed}；历史最好的{0}天为{was}。", best.days)
                }
                None => format!("每{}天需要达到{needed}，但已有的历史数据不足以比较。", best.days),
            }
        }
        Gap::Untold => "设定指标、目标值和未来的日期之后才能判断。".to_owned(),
        Gap::SayWhy => "请调低目标值、延长时间，或说明为何可以达成（`achievable_anyway`）。".to_owned(),
        Gap::Anyway { reason } => format!("仍然执行，理由：{reason}"),
        Gap::Relevant => "已说明意义。".to_owned(),
        Gap::NotRelevant => "请说明其意义，或关联实现它的营销活动。".to_owned(),
        Gap::TimeBound { days, ends_on } => format!("为期{days}天，截止于{}。", date(ends_on)),
        Gap::NoDays => "请设定开始日期和截止日期。".to_owned(),
        Gap::Past { ends_on } => format!("截止日期{}不在未来，请选择更晚的日期。", date(ends_on)),
        Gap::Length { days } => format!("为期{days}天；目标的期限应为7天至3年。"),
    }
}

fn date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// What a correction rests on.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// The metric.
    pub metric: &'a Definition<'a>,
    /// The currency of money.
    pub currency: &'a str,
    /// A day of the month.
    pub month: NaiveDate,
    /// What was planned.
    pub planned: f64,
    /// What came.
    pub achieved: f64,
    /// The target before.
    pub before: f64,
    /// The target after.
    pub after: f64,
}

/// Why a correction is proposed, in English and in Chinese.
pub fn reason(of: &Reason<'_>) -> [String; 2] {
    let share = if of.planned == 0.0 { 0.0 } else { of.achieved / of.planned * 100.0 };
    let say = |locale: Locale| {
        let [planned, achieved, before, after] =
            [of.planned, of.achieved, of.before, of.after].map(|value| amount(value, of.metric, of.currency, locale));
        let (name, year) = (of.metric.name, of.month.year());
        match (locale, of.metric.is_sum()) {
            (Locale::En, true) => format!(
                "In {} {year} {} came to {achieved} of {planned} planned ({share:.0} %). If what is to come goes alike, the \
                 target becomes {after} instead of {before}.",
                MONTHS[of.month.month0() as usize % 12],
                name.en
            ),
            (Locale::En, false) => format!(
                "At the end of {} {year} {} was {achieved}, with {planned} planned. Going on from there, the target becomes \
                 {after} instead of {before}.",
                MONTHS[of.month.month0() as usize % 12],
                name.en
            ),
            (Locale::ZhCn, true) => format!(
                "{year}年{}月{}为{achieved}，计划为{planned}（完成{share:.0}%）。若后续照此进行，目标值将由{before}调整为{after}。",
                of.month.month(),
                name.zh
            ),
            (Locale::ZhCn, false) => format!(
                "{year}年{}月末{}为{achieved}，计划为{planned}。由此出发，目标值将由{before}调整为{after}。",
                of.month.month(),
                name.zh
            ),
        }
    };
    [say(Locale::En), say(Locale::ZhCn)]
}

/// A figure with its unit: at most two decimals, thousands apart.
pub fn amount(value: f64, metric: &Definition<'_>, currency: &str, locale: Locale) -> String {
    let suffix = metric.unit.suffix();
    let (suffix, reader) = match locale {
        Locale::En => (suffix.en, chart::Locale::En),
        Locale::ZhCn => (suffix.zh, chart::Locale::ZhCn),
    };
    let unit = match metric.unit {
        Unit::Money => chart::Unit::Money { currency: currency.to_owned() },
        _ => chart::Unit::Number { suffix: suffix.to_owned(), decimals: 2 },
    };
    chart::in_full(value, &unit, reader)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::metrics;

    #[test]
    fn figures_are_written_with_their_unit() {
        let [sales, rate] = ["sales", "ctr"].map(|key| metrics::find(key).unwrap());
        assert_eq!(amount(1_234_567.5, sales, "CNY", Locale::ZhCn), "¥1,234,567.50");
        assert_eq!(amount(-1_000.0, sales, "USD", Locale::En), "−$1,000");
        assert_eq!(amount(3.25, rate, "USD", Locale::En), "3.25%");
    }

    #[test]
    fn a_correction_says_its_figures_in_both_languages() {
        let metric = metrics::find("sales").unwrap();
        let month = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
        let of =
            Reason { metric, currency: "USD", month, planned: 310.0, achieved: 248.0, before: 900.0, after: 720.0 };
        let [english, chinese] = reason(&of);
        assert_eq!(
            english,
            "In October 2026 Sales came to $248 of $310 planned (80 %). If what is to come goes alike, the target \
             becomes $720 instead of $900."
        );
        assert_eq!(
            chinese,
            "2026年10月销售额为US$248，计划为US$310（完成80%）。若后续照此进行，目标值将由US$900调整为US$720。"
        );
    }
}
