//! Reads and prints sizes, and prints rates.

use std::time::Duration;

/// Units in powers of two, the largest first. Sizes are shown in them.
const BINARY: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
/// Units in powers of ten, as on the label of a disk.
const DECIMAL: [(&str, u64); 5] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000)];

/// Why a text is not a size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// It is not a number of whole bytes.
    #[error("\"{text}\" is not a size: write a whole number of bytes, such as 4096, 64KiB, 1.25GiB or 4TB")]
    NotASize {
        /// The text.
        text: String,
    },
    /// Its bytes do not fit 64 bits.
    #[error("\"{text}\" is more than {} bytes", u64::MAX)]
    TooLarge {
        /// The text.
        text: String,
    },
}

/// The most decimal places that are read: 10^18 units of 2^40 bytes fit a u128 easily.
const MOST_PLACES: usize = 18;

/// Reads `4096`, `4KiB`, `1 MiB`, `1.25GiB`, `2TiB`, or `500GB` in powers of ten. The result must be a whole number of bytes.
///
/// # Errors
///
/// [`SizeError`].
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let not_a_size = || SizeError::NotASize { text: text.to_owned() };
    let too_large = || SizeError::TooLarge { text: text.to_owned() };
    let (number, factor) = BINARY
        .iter()
        .chain(&DECIMAL)
        .find_map(|&(unit, factor)| Some((text.strip_suffix(unit)?.trim_end(), factor)))
        .unwrap_or((text, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > MOST_PLACES {
        return Err(not_a_size());
    }
    let scale = (0..fraction.len()).fold(1u128, |scale, _| scale * 10);
    let fraction: u128 = fraction.parse().map_err(|_| not_a_size())?;
    let scaled = fraction * u128::from(factor);
    if !scaled.is_multiple_of(scale) {
        return Err(not_a_size());
    }
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let bytes = u128::from(whole) * u128::from(factor) + scaled / scale;
    u64::try_from(bytes).map_err(|_| too_large())
}

/// `4 KiB`, `1 MiB`, `2.9 GiB`, `17 bytes`: one decimal place if the number is not whole.
#[must_use]
pub fn show(bytes: u64) -> String {
    match BINARY.iter().find(|(_, factor)| bytes >= *factor) {
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
        Some((unit, factor)) if bytes.is_multiple_of(*factor) => format!("{} {unit}", bytes / factor),
        Some((unit, factor)) => format!("{:.1} {unit}", bytes as f64 / *factor as f64),
    }
}

/// `1.23 GB/s` or `456 MB/s`, in powers of ten.
#[must_use]
pub fn show_rate(bytes: u64, time: Duration) -> String {
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
            ("1.25GiB", 5 << 28),
            ("1.5 MiB", 3 << 19),
            ("0.0009765625KiB", 1),
            ("7.0", 7),
            ("2TiB", 2 << 40),
            ("4TB", 4_000_000_000_000),
            ("3.84 TB", 3_840_000_000_000),
            ("500GB", 500_000_000_000),
            ("1MB", 1_000_000),
            ("1.5kB", 1500),
            ("64KB", 64_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in [
            "", "KiB", "-1", "+1", "1.5", "1.1KiB", ".5KiB", "1.KiB", "1.5.5KiB", "1mib", "4tb", "1B", "0.1TB0",
            "0.0001kB", "TB", "x", "1 ", " 1", "1KiB ",
        ] {
            assert_eq!(parse(text), Err(SizeError::NotASize { text: text.into() }));
        }
        for text in ["18446744073709551616", "18014398509481984KiB", "99999999999TB"] {
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
            (3 << 39, "1.5 TiB"),
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
