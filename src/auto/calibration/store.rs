//! A calibration as a file: a line for each of its parts.
//!
//! ```text
//! evariste calibration 1
//! cpu avx512 kernel, 16 threads
//! gpu NVIDIA H200 (Vulkan, NVIDIA 580.159.04)
//! cpu-speed 1.2e-6 1.5e11 6e11
//! in-place-speed 4e-5 6.7e10 2e12
//! copied-speed 6e-5 2.7e10 1e12
//! ```
//! The three numbers of a speed are those of [`Speed`], in their order. `in-place-speed` may be missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Calibration, Speed};
use crate::{Error, env};

const FIRST_LINE: &str = "evariste calibration 1";

/// Where a machine's calibration is kept: what `EVARISTE_CALIBRATION` names, else `evariste/calibration` in the user's cache
/// directory; `None` if there is no such directory.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("EVARISTE_CALIBRATION").or_else(|| {
        let cache = variable("XDG_CACHE_HOME")
            .or_else(|| Some(variable("HOME")?.join(".cache")))
            .or_else(|| variable("LOCALAPPDATA"))?;
        Some(cache.join("evariste").join("calibration"))
    })
}

/// The calibration that is stored on this machine, if there is one. A file that cannot be read is an error only if
/// `EVARISTE_CALIBRATION` names it.
pub(in crate::auto) fn stored() -> Result<Option<Calibration>, Error> {
    let named = env::value("EVARISTE_CALIBRATION")?;
    let Some(path) = default_path() else { return Ok(None) };
    match (Calibration::load(&path), named) {
        (Ok(None), Some(value)) => Err(Error::Environment {
            variable: "EVARISTE_CALIBRATION",
            value,
            reason: "there is no such file".to_owned(),
        }),
        (Ok(found), _) => Ok(found),
        (Err(error), Some(value)) => {
            Err(Error::Environment { variable: "EVARISTE_CALIBRATION", value, reason: error.to_string() })
        }
        (Err(error), None) => {
            log::warn!("a stored calibration is not used: {error}");
            Ok(None)
        }
    }
}

impl Calibration {
    /// What a file holds; `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::Calibration`] if it cannot be read or is no calibration.
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => parse(&text).map(Some).map_err(|reason| failed(path, reason)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(path, error.to_string())),
        }
    }

    /// Writes it to a file, and makes the directory if need be.
    ///
    /// # Errors
    /// [`Error::Calibration`] if that cannot be done.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, self.text())
        };
        write().map_err(|error| failed(path, error.to_string()))
    }

    fn text(&self) -> String {
        let one_line = |name: &str| name.replace(['\n', '\r'], " ");
        let (cpu, gpu) = (one_line(&self.cpu_device), one_line(&self.gpu_device));
        let mut text = format!("{FIRST_LINE}\ncpu {cpu}\ngpu {gpu}\n");
        let speeds = [("cpu", Some(self.cpu)), ("in-place", self.in_place), ("copied", Some(self.copied))];
        for (name, speed) in speeds.into_iter().filter_map(|(name, speed)| Some((name, speed?))) {
            let Speed { call_s, bytes_per_s, products_per_s } = speed;
            // Cannot fail: a string takes whatever is written to it.
            let _ = writeln!(text, "{name}-speed {call_s:e} {bytes_per_s:e} {products_per_s:e}");
        }
        text
    }
}

fn failed(path: &Path, reason: String) -> Error {
    Error::Calibration { path: path.to_owned(), reason }
}

fn parse(text: &str) -> Result<Calibration, String> {
    let mut lines = text.lines();
    match lines.next() {
        Some(FIRST_LINE) => {}
        other => return Err(format!("it begins with {:?}, expected {FIRST_LINE:?}", other.unwrap_or(""))),
    }
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
    let field = |name: &str| fields.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
    let needed = |name: &str| field(name).ok_or_else(|| format!("it has no line {name:?}"));
    let speed = |name: &str| -> Result<Speed, String> {
        let numbers = needed(name)?.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>();
        match numbers.as_deref() {
            Ok(&[call_s, bytes_per_s, products_per_s])
                if [call_s, bytes_per_s, products_per_s].iter().all(|n| n.is_finite() && *n > 0.0) =>
            {
                Ok(Speed { call_s, bytes_per_s, products_per_s })
            }
            _ => Err(format!("{name} is {:?}, expected three positive numbers", needed(name)?)),
        }
    };
    Ok(Calibration {
        cpu_device: needed("cpu")?.to_owned(),
        gpu_device: needed("gpu")?.to_owned(),
        cpu: speed("cpu-speed")?,
        in_place: field("in-place-speed").map(|_| speed("in-place-speed")).transpose()?,
        copied: speed("copied-speed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(in_place: Option<Speed>) -> Calibration {
        let speed = |call_s| Speed { call_s, bytes_per_s: 1.25e11, products_per_s: 6.0e11 };
        let (cpu_device, gpu_device) = ("a kernel, 2 threads".to_owned(), "a GPU (of sorts)".to_owned());
        Calibration { cpu_device, gpu_device, cpu: speed(1.0 / 3.0), in_place, copied: speed(1e-5) }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        for in_place in [None, Some(Speed { call_s: 4e-5, bytes_per_s: 6.7e10, products_per_s: 1e12 })] {
            let saved = calibration(in_place);
            assert_eq!(parse(&saved.text()), Ok(saved));
        }
    }

    #[test]
    fn what_is_no_calibration_is_named() {
        let text = calibration(None).text();
        for (wrong, reason) in [
            (String::new(), "it begins with \"\""),
            (text.replace("calibration 1", "calibration 2"), "it begins with \"evariste calibration 2\""),
            (text.replace("gpu ", "gnu "), "it has no line \"gpu\""),
            (text.replace("cpu-speed 3", "cpu-speed -3"), "expected three positive numbers"),
            (text.replace("copied-speed ", "copied-speed 1 "), "expected three positive numbers"),
        ] {
            assert!(parse(&wrong).unwrap_err().contains(reason), "{wrong}");
        }
    }
}
