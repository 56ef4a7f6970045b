//! The kind that decides what happens next: in the automatic backend, in a stream, and in a program that repairs.

use std::io;

use super::{Error, ErrorKind};

fn read_failed() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

#[test]
fn a_stream_tells_failed_io_from_a_short_shard() {
    for error in [
        Error::ObjectRead { at: 1, source: read_failed() },
        Error::ObjectWrite { at: 1, source: read_failed() },
        Error::ShardRead { shard: 0, at: 1, source: read_failed() },
        Error::ShardWrite { shard: 0, at: 1, source: read_failed() },
    ] {
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::PermissionDenied), "{error}");
    }
    assert_eq!(Error::ShardEnds { shard: 0, given: 1, expected: 2 }.kind(), ErrorKind::Incomplete);
}

/// After the first group the automatic backend uses the GPU for the next call, after the second it does not, and after the
/// third the call fails.
#[test]
fn failed_devices_and_calls_too_large_for_them_are_told_apart() {
    let device = || "a card".to_owned();
    let doing = || "computing".to_owned();
    for error in [
        Error::DeviceMemory { device: device(), doing: doing(), source: "full".into() },
        Error::DeviceTooSmall { device: device(), limit: "a binding", available: 1, needed: 2 },
    ] {
        assert_eq!(error.kind(), ErrorKind::DeviceCapacity, "{error}");
        assert!(error.is_device_failure(), "{error}");
    }
    for error in [
        Error::NoDevice { wanted: device(), seen: "nothing".to_owned() },
        Error::DeviceLost { device: device(), doing: doing(), reason: "it hung".to_owned() },
        Error::Device { device: device(), doing: doing(), source: "refused".into() },
        Error::SelfTest { device: device(), target: 0, byte: 0, got: 1, expected: 2 },
    ] {
        assert_eq!(error.kind(), ErrorKind::Device, "{error}");
        assert!(error.is_device_failure(), "{error}");
    }
    let environment = Error::Environment { variable: "EVARISTE_GPU", value: "x".to_owned(), reason: "y".to_owned() };
    for (error, kind) in [
        (Error::HostMemory { bytes: 1 }, ErrorKind::OutOfMemory),
        (environment, ErrorKind::Configuration),
        (Error::EmptyShards, ErrorKind::InvalidInput),
        (Error::UnknownTask { batch: 1, backend: "pool" }, ErrorKind::Unsupported),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.is_device_failure(), "{error}");
    }
}

#[test]
fn too_much_lost_is_not_wrong_use() {
    let unrecoverable = || Error::Unrecoverable { lost: vec![0, 1], beyond: vec![0, 1], recoverable: vec![] };
    assert_eq!(unrecoverable().kind(), ErrorKind::BeyondRepair);
    assert_eq!(Error::AllMissing { count: 6 }.kind(), ErrorKind::BeyondRepair);
    assert_eq!(Error::TooManyErasures { given: 3, limit: 2 }.kind(), ErrorKind::BeyondRepair);
    assert_eq!(Error::Uncorrectable { erasures: 1, errors: 0 }.kind(), ErrorKind::BeyondRepair);
    // The other shards may suffice to rebuild it.
    assert_eq!(Error::MissingShard { index: 2 }.kind(), ErrorKind::Incomplete);
    assert_eq!(Error::ShardIndex { index: 6, count: 6 }.kind(), ErrorKind::InvalidInput);
}

#[test]
fn an_error_of_a_stripe_has_the_kind_of_its_cause() {
    let within = |error: Error| Error::Stripe { stripe: 7, error: Box::new(error) }.kind();
    assert_eq!(within(Error::NotLost { index: 1 }), ErrorKind::InvalidInput);
    assert_eq!(
        within(Error::Unrecoverable { lost: vec![0], beyond: vec![0], recoverable: vec![] }),
        ErrorKind::BeyondRepair
    );
}
