//! How long, as people type it: `2h`, `90 min`, `1d 6h`, `2小时`, `半小时`. Pure.

/// The units, each with the minutes that it stands for; the longest word first, so that `min` is not read as `m`.
const UNITS: [(&str, u32); 22] = [
    ("minutes", 1),
    ("minute", 1),
    ("mins", 1),
    ("min", 1),
    ("m", 1),
    ("hours", 60),
    ("hour", 60),
    ("hrs", 60),
    ("hr", 60),
    ("h", 60),
    ("days", 1_440),
    ("day", 1_440),
    ("d", 1_440),
    ("weeks", 10_080),
    ("week", 10_080),
    ("w", 10_080),
    ("分钟", 1),
    ("分", 1),
    ("个小时", 60),
    ("小时", 60),
    ("天", 1_440),
    ("周", 10_080),
];

/// The minutes that a text names; `None` for anything else, also for none at all. A number without a unit is minutes.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    if let "半小时" | "半个小时" = text.as_str() {
        return Some(30);
    }
    let (mut rest, mut sum) = (text.as_str(), 0_u32);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u32 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?.trim_start();
        let unit = UNITS.iter().find(|(word, _)| ends_a_word(rest, word));
        let each = match unit {
            Some((word, each)) => {
                rest = rest.get(word.len()..)?.trim_start();
                *each
            }
            None if rest.is_empty() && sum == 0 => 1,
            None => return None,
        };
        sum = sum.checked_add(number.checked_mul(each)?)?;
    }
    (sum > 0).then_some(sum)
}

/// Whether `text` begins with `word` and goes on with another number, a blank or nothing.
fn ends_a_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_say_how_long_in_many_ways() {
        for (typed, wanted) in [
            ("90", 90),
            ("2h", 120),
            ("2 hours", 120),
            ("1h30m", 90),
            ("1 d 6 h", 1_800),
            ("45 MIN", 45),
            ("1w", 10_080),
            ("2小时", 120),
            ("1天12小时", 2_160),
            ("30分钟", 30),
            ("3个小时", 180),
            ("半小时", 30),
        ] {
            assert_eq!(minutes(typed), Some(wanted), "{typed}");
        }
        for nonsense in ["", "0", "h", "2 moons", "two hours", "2h 5", "-1h", "99999999999h", "4294967295w", "2hh"] {
            assert_eq!(minutes(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn any_text_means_something_or_nothing(text in ".{0,30}") {
            let _read = minutes(&text);
        }
    }
}
