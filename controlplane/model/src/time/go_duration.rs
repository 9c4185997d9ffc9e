//! Durations in Go's textual form (`time.ParseDuration`).

use std::fmt;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration that reads Go's text (`1m30s`, `1500ms`) or integer nanoseconds and writes Go's text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(pub Duration);

impl GoDuration {
    /// A whole number of seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Whether the duration is zero, Go's "not set".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Reads Go's form. Negative values and values past 290 years are refused.
    ///
    /// # Errors
    /// The text that Go's `time.ParseDuration` gives.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("time: invalid duration {text:?}");
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut nanos = 0f64;
        while !rest.is_empty() {
            let number_len = rest
                .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                .ok_or_else(|| format!("time: missing unit in duration {text:?}"))?;
            let number: f64 = rest[..number_len].parse().map_err(|_| invalid())?;
            rest = &rest[number_len..];
            let unit_len = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
            let unit = &rest[..unit_len];
            let scale = unit_nanos(unit).ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
            nanos += number * scale;
            rest = &rest[unit_len..];
        }
        if nanos > i64::MAX as f64 {
            return Err(invalid());
        }
        Ok(Self(Duration::from_nanos(nanos.round() as u64)))
    }
}

fn unit_nanos(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

impl fmt::Display for GoDuration {
    /// Go's `Duration.String`: `72h0m0s`, `1m30s`, `1.5s`, `200ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        for (below, scale, unit) in [(1_000, 1u128, "ns"), (1_000_000, 1_000, "µs"), (1_000_000_000, 1_000_000, "ms")]
        {
            if nanos < below {
                return write!(f, "{}{unit}", decimal(nanos, scale));
            }
        }
        let (hours, minutes) = (self.0.as_secs() / 3600, self.0.as_secs() / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(nanos % 60_000_000_000, 1_000_000_000))
    }
}

/// `value / scale` with the fraction's trailing zeros cut.
fn decimal(value: u128, scale: u128) -> String {
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    format!("{whole}.{}", format!("{fraction:0width$}").trim_end_matches('0'))
}

impl fmt::Debug for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = GoDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration like \"10s\" or integer nanoseconds")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
        if text.is_empty() {
            return Ok(GoDuration::default());
        }
        GoDuration::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, nanos: u64) -> Result<GoDuration, E> {
        Ok(GoDuration(Duration::from_nanos(nanos)))
    }

    fn visit_i64<E: de::Error>(self, nanos: i64) -> Result<GoDuration, E> {
        u64::try_from(nanos)
            .map(|nanos| GoDuration(Duration::from_nanos(nanos)))
            .map_err(|_| E::custom(format!("a duration cannot be negative: {nanos}")))
    }

    fn visit_f64<E: de::Error>(self, nanos: f64) -> Result<GoDuration, E> {
        if nanos.is_finite() && nanos >= 0.0 {
            return Ok(GoDuration(Duration::from_nanos(nanos as u64)));
        }
        Err(E::custom(format!("a duration cannot be {nanos}")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn go_text_round_trips() {
        for text in ["0s", "10s", "1m30s", "72h0m0s", "1.5s", "200ms", "1h0m0.25s", "15µs", "7ns"] {
            let parsed = GoDuration::parse(text).expect(text);
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn bad_text_is_refused_with_gos_words() {
        assert_eq!(GoDuration::parse("abc").unwrap_err(), "time: invalid duration \"abc\"");
        assert_eq!(GoDuration::parse("2").unwrap_err(), "time: missing unit in duration \"2\"");
        assert_eq!(GoDuration::parse("2d").unwrap_err(), "time: unknown unit \"d\" in duration \"2d\"");
        assert!(GoDuration::parse("-5s").is_err());
    }
}
