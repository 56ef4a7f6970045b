//! Sizes and rates as people write and read them.

use std::time::Duration;

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Text that is no size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    #[error("\"{text}\" is no size: write a whole number of bytes, or one with KiB, MiB or GiB")]
    NotASize { text: String },
    #[error("\"{text}\" is more than {} bytes", u64::MAX)]
    TooLarge { text: String },
}

/// Reads `4096`, `4KiB`, `1 MiB` or `2GiB`.
pub(crate) fn parse(text: &str) -> Result<u64, SizeError> {
    let (digits, factor) = UNITS
        .iter()
        .find_map(|&(unit, factor)| Some((text.strip_suffix(unit)?.trim_end(), factor)))
        .unwrap_or((text, 1));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SizeError::NotASize { text: text.to_owned() });
    }
    let number: Option<u64> = digits.parse().ok();
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| SizeError::TooLarge { text: text.to_owned() })
}

/// `4 KiB`, `1 MiB`, `2.9 GiB`, `17 bytes`: one decimal place where the number is not whole.
pub(crate) fn show(bytes: u64) -> String {
    match UNITS.iter().find(|(_, factor)| bytes >= *factor) {
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
        Some((unit, factor)) if bytes.is_multiple_of(*factor) => format!("{} {unit}", bytes / factor),
        Some((unit, factor)) => format!("{:.1} {unit}", bytes as f64 / *factor as f64),
    }
}

/// `1.23 GB/s` or `456 MB/s`, in powers of ten.
pub(crate) fn show_rate(bytes: u64, time: Duration) -> String {
    let per_second = bytes as f64 / time.as_secs_f64().max(1e-9);
    if per_second >= 1e9 { format!("{:.2} GB/s", per_second / 1e9) } else { format!("{:.0} MB/s", per_second / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("4KiB", 4096),
            ("1 MiB", 1 << 20),
            ("3GiB", 3 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "+1", "1.5MiB", "1MB", "1mib", "x", "1 ", " 1", "1KiB "] {
            assert_eq!(parse(text), Err(SizeError::NotASize { text: text.into() }));
        }
        for text in ["18446744073709551616", "18014398509481984KiB"] {
            assert_eq!(parse(text), Err(SizeError::TooLarge { text: text.into() }));
        }
    }

    #[test]
    fn sizes_are_shown() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (4096, "4 KiB"),
            (5000, "4.9 KiB"),
            (1 << 20, "1 MiB"),
            (3 << 30, "3 GiB"),
        ] {
            assert_eq!(show(bytes), text);
        }
    }

    #[test]
    fn rates_are_shown_in_powers_of_ten() {
        assert_eq!(show_rate(1_500_000_000, Duration::from_secs(1)), "1.50 GB/s");
        assert_eq!(show_rate(1_000_000, Duration::from_millis(500)), "2 MB/s");
    }
}
