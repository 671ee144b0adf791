//! Local times of the day such as `22:00`, kept as minutes of the day, and the quiet hours between two of them. Pure.

use super::validate::Checks;
use tillwatch_shared::tenant::QuietHours;

/// The minute of the day (0 to 1439) at `22:00`; `None` for what is no time of 24 hours in two digits each.
pub fn parse(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, below: i32| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i32>().ok().filter(|number| plain && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// `22:00` of a minute of the day.
pub fn show(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Refuses quiet hours of a field `quiet_hours` that are none, or that never end.
pub fn check_quiet_hours(quiet: &QuietHours, checks: &mut Checks) {
    for (pointer, text) in [("/quiet_hours/from", &quiet.from), ("/quiet_hours/until", &quiet.until)] {
        checks.ensure(parse(text).is_some(), pointer, "invalid", "Takes a local time of 24 hours, such as 22:00.");
    }
    let some = quiet.from != quiet.until;
    checks.ensure(some, "/quiet_hours/until", "invalid", "Is when they begin. Take another time, or null for none.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_and_written_alike() {
        for (text, minute) in [("00:00", 0), ("06:30", 390), ("23:59", 1439)] {
            assert_eq!((parse(text), show(minute)), (Some(minute), text.to_owned()));
        }
        for wrong in ["", "9:30", "24:00", "09:60", "0930", "noon", "aa:bb", "+9:30", "-1:00", "09:3０", "01:00:00"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hours_that_are_none_are_refused() {
        for (from, until) in [("24:00", "07:00"), ("22:00", "7:30"), ("07:00", "07:00"), ("", "x")] {
            let mut checks = Checks::default();
            check_quiet_hours(&QuietHours { from: from.to_owned(), until: until.to_owned() }, &mut checks);
            assert!(checks.done().is_err(), "{from} {until}");
        }
    }
}
