//! What counts as a quantity, and that nothing on its way is rounded.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

fn e4(text: &str) -> Result<i64, QuantityError> {
    Quantity::parse(text).map(Quantity::e4)
}

#[test]
fn reads_decimal_text_exactly() {
    for (text, expected) in [
        ("0", 0),
        ("-0", 0),
        ("0e999999999999999999999", 0),
        ("12", 120_000),
        ("+12", 120_000),
        ("007", 70_000),
        ("-3.50", -35_000),
        ("0.0001", 1),
        ("-0.0001", -1),
        ("0.1", 1_000),
        ("1.500000000000000000000000000000", 15_000),
        ("1e3", 10_000_000),
        ("1E+3", 10_000_000),
        ("12.5e-3", 125),
        ("1000000e-10", 1),
        ("0.00000000000000000000000000001e29", 10_000),
        ("99999999999.9999", 999_999_999_999_999),
        ("100000000000", 1_000_000_000_000_000),
        ("1e11", 1_000_000_000_000_000),
        ("-1e11", -1_000_000_000_000_000),
    ] {
        assert_eq!(e4(text), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_is_no_number() {
    for text in [
        "", " ", "-", "+", ".", "-.5", ".5", "5.", "1.e3", "1e", "1e+", "e3", "0x10", "1_000", "1,000", "１２", "1 ",
        " 1", "--1", "1.2.3", "twelve", "1e3.5", "十二", "12元",
    ] {
        assert_eq!(e4(text), Err(QuantityError::NotANumber), "{text:?}");
    }
    for text in ["NaN", "nan", "inf", "-inf", "+Infinity", "-INFINITY"] {
        assert_eq!(e4(text), Err(QuantityError::NotFinite), "{text}");
    }
}

#[test]
fn refuses_what_it_cannot_hold_exactly_or_finds_absurd() {
    for text in ["0.00001", "1.23456", "1e-5", "-0.00015", "1e-99999999999999999999"] {
        assert_eq!(e4(text), Err(QuantityError::TooManyDecimals), "{text}");
    }
    for text in [
        "100000000000.0001",
        "-100000000000.0001",
        "100000000001",
        "1e12",
        "1e999999999999999999999999",
        "123456789012345678901234567890",
        "123456789012345678901234567890.123456",
    ] {
        assert_eq!(e4(text), Err(QuantityError::TooLarge), "{text}");
    }
}

#[test]
fn each_error_says_something_else() {
    let texts =
        [QuantityError::NotANumber, QuantityError::NotFinite, QuantityError::TooManyDecimals, QuantityError::TooLarge]
            .map(|error| error.to_string());
    let unique: std::collections::HashSet<_> = texts.iter().collect();
    assert_eq!(unique.len(), texts.len());
}

#[test]
fn shows_no_zeros_at_the_end() {
    for (e4, text) in [
        (0, "0"),
        (125_000, "12.5"),
        (-35_000, "-3.5"),
        (1, "0.0001"),
        (-10, "-0.001"),
        (120_000, "12"),
        (i64::MAX, "922337203685477.5807"),
        (i64::MIN, "-922337203685477.5808"),
    ] {
        assert_eq!(Quantity::from_e4(e4).to_string(), text);
    }
    assert_eq!(format!("{:>6}", Quantity::from_e4(5_000)), "   0.5");
}

#[test]
fn is_a_json_number_without_noise() {
    let text = |e4| serde_json::to_string(&Quantity::from_e4(e4)).unwrap();
    assert_eq!(text(1_000), "0.1");
    assert_eq!(text(1_000 + 2_000), "0.3");
    assert_eq!(text(-1), "-0.0001");
    assert_eq!(text(30_000), "3");
    assert_eq!(text(i64::MAX), "922337203685477.5807");
    let read = |text| serde_json::from_str::<Quantity>(text);
    assert_eq!(read("12.50").unwrap().e4(), 125_000);
    assert_eq!(read("1e3").unwrap().e4(), 10_000_000);
    assert_eq!(read("922337203685477").unwrap().e4(), 9_223_372_036_854_770_000);
    for text in ["\"12\"", "null", "true", "[1]", "0.00001", "1e300", "922337203685478"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn works_inside_tagged_types() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Line {
        Spend { at_most: Quantity },
    }
    let line = Line::Spend { at_most: Quantity::from_e4(1_234_500) };
    let text = serde_json::to_string(&line).unwrap();
    assert_eq!(text, r#"{"kind":"spend","at_most":123.45}"#);
    assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
}

#[test]
fn arithmetic_never_wraps() {
    let (most, one) = (Quantity::from_e4(i64::MAX), Quantity::from_e4(1));
    assert_eq!(most.checked_add(one), None);
    assert_eq!(Quantity::from_e4(i64::MIN).checked_sub(one), None);
    assert_eq!(Quantity::from_units(i64::MAX), None);
    assert_eq!(Quantity::checked_sum([most, one]), None);
    // Only the result has to fit.
    let back = Quantity::from_e4(-i64::MAX);
    assert_eq!(Quantity::checked_sum([most, one, back]), Some(one));
    assert!(!Quantity::MAX_ENTRY.is_absurd());
    assert!(Quantity::from_e4(Quantity::MAX_ENTRY.e4() + 1).is_absurd());
    assert!(Quantity::from_e4(i64::MIN).is_absurd());
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*") {
        let _ = Quantity::parse(&text);
    }

    #[test]
    fn text_leads_back(entry in -1_000_000_000_000_000..=1_000_000_000_000_000_i64) {
        let quantity = Quantity::from_e4(entry);
        prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
    }

    /// Every entry is written as its own shortest text, also through a double, and read back.
    #[test]
    fn json_leads_back(entry in -5_497_558_138_879_999..=5_497_558_138_879_999_i64) {
        let quantity = Quantity::from_e4(entry);
        let text = serde_json::to_string(&quantity).unwrap();
        prop_assert_eq!(&text, &quantity.to_string());
        prop_assert_eq!(serde_json::from_str::<Quantity>(&text).unwrap(), quantity);
    }

    #[test]
    fn sums_are_written_exactly_up_to_the_range(sum in any::<i64>()) {
        let quantity = Quantity::from_e4(sum);
        prop_assert_eq!(serde_json::to_string(&quantity).unwrap(), quantity.to_string());
    }

    /// Any spelling with an exponent means what the plain digits mean.
    #[test]
    fn exponents_move_the_point(digits in -99_999_i64..=99_999, exponent in -4_i32..=5) {
        let spelled = e4(&format!("{digits}e{exponent}")).unwrap();
        let scale = 10_i64.pow(u32::try_from(exponent + 4).unwrap());
        prop_assert_eq!(spelled, digits * scale);
    }
}
