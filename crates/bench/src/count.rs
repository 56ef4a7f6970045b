//! Reads numbers within limits, as values of flags.

/// A reader of numbers from `first` to `last`, both included. clap's own says `1..1024` where it means up to 1023.
pub fn between(first: u32, last: u32) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse() {
        Ok(number) if (first..=last).contains(&number) => Ok(number),
        _ => Err(format!("it must be a whole number from {first} to {last}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_are_included_and_named() {
        let read = between(2, 4096);
        assert_eq!([read("2"), read("4096")], [Ok(2), Ok(4096)]);
        for text in ["1", "4097", "", "two", "2.5", "4294967298"] {
            assert_eq!(read(text), Err("it must be a whole number from 2 to 4096".to_owned()), "{text}");
        }
    }
}
