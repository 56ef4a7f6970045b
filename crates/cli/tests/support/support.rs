//! Code that the tests of the command share. Each test binary includes this file and uses a part of it. `harness.rs`
//! tests it.
//!
//! Nothing here uses the command's own code: shard files are read as docs/shard-format.md describes them.

#![allow(dead_code, unused_imports, reason = "no test binary uses all of it")]

mod absent;
pub(crate) mod compare;
pub(crate) mod fixture;
pub(crate) mod program;
mod rows;
pub(crate) mod shard;

pub(crate) use absent::not_testing;
pub(crate) use compare::{assert_same_bytes, snapshot};
pub(crate) use fixture::{Fixture, PLAIN, Scheme, paint};
pub(crate) use program::{Ran, evariste};
pub(crate) use rows::rows;
