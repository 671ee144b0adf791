//! Exact quantities: what a sample, a sum or a line is measured in.
//!
//! A [`Quantity`] counts ten-thousandths ("e4") of its metric's unit in an `i64`: 12.5 yuan, 3 orders
//! and 0.25 seconds are 125 000, 30 000 and 2 500. Adding is integer arithmetic, so a sum does not
//! depend on the order of its samples and a correction takes back exactly what was counted.
//!
//! Invariants:
//! - text becomes a quantity only when it can do so exactly; nothing is rounded;
//! - one entered value stays within [`Quantity::MAX_ENTRY`] (1e11 units); sums may go up to the `i64`,
//!   about 9.2e14 units, and every arithmetic step beyond it is `None`, never a wrapped number;
//! - on the wire it is a JSON number with exactly the digits of [`Display`](fmt::Display).

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::de::{Deserializer, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

/// Ten-thousandths in one unit.
const PER_UNIT: i64 = 10_000;
/// Decimals that a quantity can hold.
const DECIMALS: i64 = 4;
/// Below 2^39 units neighbouring doubles lie closer together (2^-14) than neighbouring quantities
/// (10^-4), so each quantity has a double of its own and the shortest text of that double is the
/// quantity's own text. Within this range a float is an exact carrier.
const EXACT_AS_FLOAT: u64 = (1 << 39) * PER_UNIT.unsigned_abs();

/// An exact decimal with four places, in ten-thousandths (e4) of the metric's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = f64))]
pub struct Quantity(i64);

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not decimal text: empty, hexadecimal, thousands separators, letters.
    #[error("not a decimal number such as 12, -3.50 or 1e3")]
    NotANumber,
    /// `NaN` or an infinity.
    #[error("not a finite number")]
    NotFinite,
    /// Not exact with four decimals.
    #[error("more than 4 decimals")]
    TooManyDecimals,
    /// Beyond [`Quantity::MAX_ENTRY`] in size.
    #[error("larger in size than 100000000000 (1e11)")]
    TooLarge,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest size of one entered value: 1e11 units. More is called absurd.
    pub const MAX_ENTRY: Self = Self(100_000_000_000 * PER_UNIT);

    /// The quantity of this many ten-thousandths of the unit.
    #[must_use]
    pub const fn from_e4(e4: i64) -> Self {
        Self(e4)
    }

    /// The quantity of this many whole units; `None` beyond about 9.2e14 units.
    #[must_use]
    pub const fn from_units(units: i64) -> Option<Self> {
        match units.checked_mul(PER_UNIT) {
            Some(e4) => Some(Self(e4)),
            None => None,
        }
    }

    /// Ten-thousandths of the unit.
    #[must_use]
    pub const fn e4(self) -> i64 {
        self.0
    }

    /// Units as the nearest double: for ratios and statistics, never for adding up.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / PER_UNIT as f64
    }

    /// Whether it is a whole number of units.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % PER_UNIT == 0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is larger in size than one entered value may be ([`Self::MAX_ENTRY`]). Parsing refuses
    /// such text; a JSON number may be a sum and is only held to the `i64`, so a body that takes one
    /// asks this.
    #[must_use]
    pub const fn is_absurd(self) -> bool {
        self.0.unsigned_abs() > Self::MAX_ENTRY.0.unsigned_abs()
    }

    /// The exact sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(e4) => Some(Self(e4)),
            None => None,
        }
    }

    /// The exact difference, or `None` beyond the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(e4) => Some(Self(e4)),
            None => None,
        }
    }

    /// The exact sum of many, or `None` beyond the range. Only the result has to fit, not each step,
    /// so the answer does not depend on the order.
    #[must_use]
    pub fn checked_sum(quantities: impl IntoIterator<Item = Self>) -> Option<Self> {
        // An i128 takes 2^64 of the largest quantities: more than any iterator yields.
        let total: i128 = quantities.into_iter().map(|one| i128::from(one.0)).sum();
        i64::try_from(total).ok().map(Self)
    }

    /// Reads one entered value, exactly. Takes an optional sign, digits, an optional fraction and an
    /// optional power of ten; zeros that change nothing may stand anywhere (`1.500000` is 1.5).
    ///
    /// # Errors
    /// See [`QuantityError`].
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let value = read(text)?;
        if value.is_absurd() {
            return Err(QuantityError::TooLarge);
        }
        Ok(value)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text)
    }
}

/// The digits of a decimal text: its value is `digits` x 10^`exponent`.
struct Decimal {
    negative: bool,
    /// Without the zeros at the end. Saturated when there are more than 19 of them: `significant`
    /// then says that it can't be a quantity.
    digits: u64,
    /// How many decimal digits `digits` has.
    significant: i64,
    exponent: i64,
}

/// Decimal text to a quantity, held to the range of the type only.
fn read(text: &str) -> Result<Quantity, QuantityError> {
    let decimal = scan(text.as_bytes()).ok_or_else(|| not_a_number(text))?;
    if decimal.digits == 0 {
        return Ok(Quantity::ZERO);
    }
    let power = decimal.exponent.saturating_add(DECIMALS);
    // The size is judged before the decimals: 19 digits are the most that an i64 holds.
    if decimal.significant.saturating_add(power) > 19 {
        return Err(QuantityError::TooLarge);
    }
    // `digits` ends in a digit that is not zero, so a negative power can't be taken off exactly.
    let power = u32::try_from(power).map_err(|_| QuantityError::TooManyDecimals)?;
    let size = 10_u64
        .checked_pow(power)
        .and_then(|scale| decimal.digits.checked_mul(scale))
        .and_then(|size| i64::try_from(size).ok())
        .ok_or(QuantityError::TooLarge)?;
    Ok(Quantity(if decimal.negative { -size } else { size }))
}

/// One pass over the text; `None` when it is not decimal text.
fn scan(bytes: &[u8]) -> Option<Decimal> {
    let (negative, mut rest) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let mut digits = Digits::default();
    let whole = digits.take(rest);
    rest = rest.get(whole..)?;
    let mut fraction = 0;
    if let [b'.', after @ ..] = rest {
        fraction = digits.take(after);
        rest = after.get(fraction..)?;
        if fraction == 0 {
            return None;
        }
    }
    if whole == 0 {
        return None;
    }
    let power = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    Some(Decimal {
        negative,
        digits: digits.value,
        significant: digits.significant,
        exponent: power.saturating_add(digits.zeros).saturating_sub(i64::try_from(fraction).unwrap_or(i64::MAX)),
    })
}

/// The digits read so far, the zeros at their end kept apart.
#[derive(Default)]
struct Digits {
    value: u64,
    significant: i64,
    zeros: i64,
}

impl Digits {
    /// Takes the digits at the start of `bytes` and says how many they were.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for byte in bytes {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            taken += 1;
            if digit == 0 {
                // Zeros before the first other digit are nothing.
                self.zeros += i64::from(self.value != 0);
                continue;
            }
            for _ in 0..self.zeros.min(20) {
                self.value = self.value.saturating_mul(10);
            }
            self.value = self.value.saturating_mul(10).saturating_add(digit.into());
            self.significant += self.zeros + 1;
            self.zeros = 0;
        }
        taken
    }
}

/// The power of ten after the `e`; so many digits that they overflow only say "very large".
fn exponent(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0_i64, |size, digit| size.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(if negative { -size } else { size })
}

fn not_a_number(text: &str) -> QuantityError {
    let name = text.trim_start_matches(['+', '-']);
    if ["nan", "inf", "infinity"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
        QuantityError::NotFinite
    } else {
        QuantityError::NotANumber
    }
}

impl fmt::Display for Quantity {
    /// Plain decimal text: no exponent, no zeros at the end of the fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let (units, mut fraction) = (size / PER_UNIT.unsigned_abs(), size % PER_UNIT.unsigned_abs());
        let mut text = units.to_string();
        if fraction != 0 {
            let mut width = 4;
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                width -= 1;
            }
            write!(text, ".{fraction:0width$}")?;
        }
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_whole() {
            serializer.serialize_i64(self.0 / PER_UNIT)
        } else if self.0.unsigned_abs() < EXACT_AS_FLOAT {
            // The division of two integers below 2^53 is the double nearest to the decimal, and
            // serde_json writes the shortest text of a double.
            serializer.serialize_f64(self.to_f64())
        } else {
            serde_json::value::RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// From a JSON number, held to the range of the type (the number may be a sum; see
    /// [`Quantity::is_absurd`]). Whole numbers are exact; a fraction is exact below 5.4e11 units, where
    /// a double can carry it. It goes through the number and not through the raw text because tagged
    /// and flattened types hand on numbers only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number with at most 4 decimals")
    }

    fn visit_i64<E: serde::de::Error>(self, units: i64) -> Result<Quantity, E> {
        Quantity::from_units(units).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_u64<E: serde::de::Error>(self, units: u64) -> Result<Quantity, E> {
        let units = i64::try_from(units).map_err(|_| E::custom("number out of range"))?;
        self.visit_i64(units)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Quantity, E> {
        // A double prints the shortest text that leads back to it: the text that was sent.
        read(&number.to_string()).map_err(|error| match error {
            QuantityError::TooLarge => E::custom("number out of range"),
            error => E::custom(error),
        })
    }
}

#[cfg(test)]
mod tests;
