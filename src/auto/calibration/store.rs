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
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Calibration, Speed};
use crate::{Error, env};

const FIRST_LINE: &str = "evariste calibration 1";
/// Bytes of the longest file that is read. A calibration has about 300.
const MOST_BYTES: u64 = 64 << 10;
/// A number of a speed, in seconds or per second, is between this and its inverse.
const MOST: f64 = 1e18;

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
            Err(Error::Environment { variable: "EVARISTE_CALIBRATION", value, reason: error.with_sources() })
        }
        (Err(error), None) => {
            log::warn!("a stored calibration is not used: {}", error.with_sources());
            Ok(None)
        }
    }
}

impl Calibration {
    /// What a file holds; `None` if there is no such file.
    ///
    /// # Errors
    /// [`Error::CalibrationRead`] if it cannot be read, [`Error::Calibration`] if it is not a calibration.
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        match read(path) {
            Ok(text) => parse(&text).map(Some).map_err(|reason| Error::Calibration { path: path.to_owned(), reason }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::CalibrationRead { path: path.to_owned(), source }),
        }
    }

    /// Writes it to a file, and creates the directory if need be. A regular file of this name is replaced once the new one is
    /// complete; a link or a device is written to directly.
    ///
    /// # Errors
    /// [`Error::CalibrationWrite`] if that fails; an older regular file is then unchanged.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        replace(path, self.text().as_bytes())
            .map_err(|source| Error::CalibrationWrite { path: path.to_owned(), source })
    }

    fn text(&self) -> String {
        let one_line = |name: &str| name.replace(char::is_control, " ");
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

/// The text of a regular file of at most [`MOST_BYTES`]. Reading a pipe, or a file of the system that shows no length, could wait
/// forever.
fn read(path: &Path) -> io::Result<String> {
    // Opening a pipe waits for its writer.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(io::Error::other(format!("it has {} bytes, at most {MOST_BYTES} are read", metadata.len())));
    }
    let mut text = String::new();
    if metadata.len() > 0 {
        File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Writes a new file under a name of its own and then gives it the name of the old one. A link or a device is not replaced but
/// written to.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static REPLACED: AtomicU32 = AtomicU32::new(0);
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, bytes);
    }
    let (mut file, new) = loop {
        let unique = format!("{}.{}.tmp", std::process::id(), REPLACED.fetch_add(1, Ordering::Relaxed));
        let new = path.with_extension(unique);
        match File::create_new(&new) {
            // Left by a process that was killed and had the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => break (created?, new),
        }
    };
    let replaced = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if replaced.is_err() {
        // The error that is returned says more than one of the removal would.
        let _ = fs::remove_file(&new);
    }
    replaced
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
                if [call_s, bytes_per_s, products_per_s].iter().all(|n| (1.0 / MOST..=MOST).contains(n)) =>
            {
                Ok(Speed { call_s, bytes_per_s, products_per_s })
            }
            _ => Err(format!("{name} is {:?}, expected three numbers from 1e-18 to 1e18", needed(name)?)),
        }
    };
    let device = |name: &str| match needed(name)? {
        device if device.contains(char::is_control) => Err(format!("{name} has a control character: {device:?}")),
        device => Ok(device.to_owned()),
    };
    Ok(Calibration {
        cpu_device: device("cpu")?,
        gpu_device: device("gpu")?,
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

    /// A file takes the place of an old one as a whole, and nothing else is left in the directory.
    #[test]
    fn a_saved_calibration_replaces_the_old_one() {
        let name = format!("evariste-calibration-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let path = dir.join("sub").join("calibration");
        for in_place in [Some(Speed { call_s: 1.0, bytes_per_s: 1.0, products_per_s: 1.0 }), None] {
            let saved = calibration(in_place);
            saved.save(&path).unwrap();
            assert_eq!(Calibration::load(&path).unwrap(), Some(saved));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        // A file cannot replace a directory.
        let error = calibration(None).save(&dir.join("sub")).unwrap_err();
        assert!(matches!(error, Error::CalibrationWrite { .. }), "{error}");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        assert!(matches!(Calibration::load(&dir), Err(Error::CalibrationRead { .. })));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_is_no_calibration_is_named() {
        let text = calibration(None).text();
        for (wrong, reason) in [
            (String::new(), "it begins with \"\""),
            (text.replace("calibration 1", "calibration 2"), "it begins with \"evariste calibration 2\""),
            (text.replace("gpu ", "gnu "), "it has no line \"gpu\""),
            (text.replace("a GPU", "a\x1b[2JGPU"), "gpu has a control character"),
            (text.replace("copied-speed 1e-5", "copied-speed 1e290"), "expected three numbers"),
            (text.replace("cpu-speed 3", "cpu-speed -3"), "expected three numbers from 1e-18 to 1e18"),
            (text.replace("copied-speed ", "copied-speed 1 "), "expected three numbers from 1e-18 to 1e18"),
        ] {
            assert!(parse(&wrong).unwrap_err().contains(reason), "{wrong}");
        }
    }
}
