//! Writes paths so that a printed command can be pasted into a shell.

use std::path::Path;

/// The path as one word of a POSIX shell, in quotes if it needs them.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    // A leading dash would be read as an option.
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:,@%=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word() {
        for (path, word) in [
            ("/mnt/shards-1", "/mnt/shards-1"),
            ("my shards", "'my shards'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("-n", "./-n"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
