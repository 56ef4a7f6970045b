//! Breaks long sentences into lines.

/// The most characters of a line.
const WIDTH: usize = 80;

/// The text in lines of at most 80 characters, each ended by a newline. `first` begins the first line and `rest` the others.
/// A longer word has its own line.
pub(crate) fn lines(first: &str, rest: &str, text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= WIDTH => *line = format!("{line} {word}"),
            Some(_) => lines.push(format!("{rest}{word}")),
            None => lines.push(format!("{first}{word}")),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_as_many_words_as_fit() {
        let (half, long) = ("x".repeat(39), "y".repeat(100));
        assert_eq!(lines("", "", &format!("{half} {half}z")), format!("{half} {half}z\n"));
        assert_eq!(lines("  ", "    ", &format!("{half} {half}z")), format!("  {half}\n    {half}z\n"));
        assert_eq!(lines("", "", &format!("a {long} b")), format!("a\n{long}\nb\n"));
        assert_eq!(lines("", "", ""), "");
    }
}
