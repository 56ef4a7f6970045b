//! `cargo xtask shaders`: `tests/shaders.rs` of the library, which checks every shader. It is a test so that this program needs
//! neither the library nor a compiler for shaders, and builds in seconds.

use anyhow::Result;

use crate::cargo::{run as execute, workspace};

pub(crate) fn run() -> Result<()> {
    execute(workspace("test").args(["--test", "shaders", "--", "--nocapture"]))
}
