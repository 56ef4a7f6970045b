//! What the integration tests share: each test binary includes this file and uses its part of it. `tests/harness.rs` tests it.

#![allow(dead_code, unused_imports, reason = "no test binary uses all of it")]

pub(crate) mod backends;
pub(crate) mod boundaries;
pub(crate) mod cases;
pub(crate) mod compare;
pub(crate) mod faulty;
pub(crate) mod oracle;
pub(crate) mod paint;
#[cfg(feature = "gpu")]
pub(crate) mod registered;
#[cfg(feature = "gpu")]
pub(crate) mod resident;
pub(crate) mod stripe;

pub(crate) use backends::{each_backend, each_codec, gpu_is_wanted};
pub(crate) use cases::cases;
pub(crate) use compare::assert_shards_equal;
pub(crate) use paint::{Rng, paint, painted, painted_stripe};
pub(crate) use stripe::stripe;
