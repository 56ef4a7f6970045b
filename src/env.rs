//! Environment variables. A value that cannot be used is an error; it is never ignored.

use crate::Error;

/// The variable's value; `None` if it is unset or empty.
///
/// # Errors
/// [`Error::Environment`] if it is not Unicode.
pub(crate) fn value(variable: &'static str) -> Result<Option<String>, Error> {
    match std::env::var(variable) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(raw)) => Err(Error::Environment {
            variable,
            value: raw.to_string_lossy().into_owned(),
            reason: "it is not Unicode".to_owned(),
        }),
    }
}

/// The index in `choices` of the variable's value; `None` if it is unset.
///
/// # Errors
/// [`Error::Environment`] if the value is not one of the choices.
pub(crate) fn choice(variable: &'static str, choices: &[&str]) -> Result<Option<usize>, Error> {
    let Some(value) = value(variable)? else { return Ok(None) };
    match choices.iter().position(|&choice| choice == value) {
        Some(index) => Ok(Some(index)),
        None => {
            let reason = format!("possible here: {}", choices.join(", "));
            Err(Error::Environment { variable, value, reason })
        }
    }
}
