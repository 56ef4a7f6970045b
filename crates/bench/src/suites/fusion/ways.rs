//! The common part of the sections: the run, and the ways of one case with their records.

use crate::args::Sizes;
use crate::random::Random;
use crate::record::{Device, Figures, Method, Record, Setup as Keys};
use crate::rows::Rows;
use crate::setup::Setup;
use crate::table::{self, CASE, Column, DATA, RIGHT, SHARD, TIME, Table};

/// The ways, in the order of their rows: the call that does the least, the call that does everything, and separate calls with
/// the same result.
pub(super) const WAYS: [&str; 3] = ["plain", "one call", "separate calls"];

pub(crate) static TABLE: Table = Table {
    suite: "fusion",
    caption: |record| {
        let stripes = match record.setup.stripes {
            Some(stripes) if stripes > 1 => table::count(stripes, "stripe"),
            _ => String::new(),
        };
        let (path, code) = (record.path.clone(), table::code_and_shape(record));
        [table::device(record), vec![path, code, stripes, table::threads(record)]].concat()
    },
    columns: &[
        CASE.width(16),
        Column::text("way", 14, |r| r.method.way.clone()),
        Column::text("kernel", 17, |r| r.method.kernel.clone()),
        SHARD,
        TIME,
        Column::number(("crossed", "MiB"), 7, 1, |r| Some(r.setup.crossed_bytes? as f64 / f64::from(1 << 20))),
        DATA.width(6),
        Column::number(("of plain", "%"), 8, 1, |r| r.figures.against_plain.map(|share| share * 100.0)),
        RIGHT,
    ],
    note: None,
};

/// The state that every section needs.
pub(super) struct Run<'a> {
    pub(super) sizes: &'a Sizes,
    pub(super) inject_fault: bool,
    pub(super) rows: Rows<'a>,
    pub(super) random: Random,
}

/// The measurement of one way.
pub(super) struct Way {
    pub(super) kernel: String,
    /// Threads of the host, which records and waits, and may compute.
    pub(super) threads: usize,
    pub(super) samples: Vec<f64>,
    pub(super) crossed_bytes: usize,
    pub(super) verified: bool,
}

/// The rows of a case, from its ways in the order of [`WAYS`]. Speeds are compared with the first.
pub(super) fn records(setup: &Setup, case: &str, path: &str, device: &Device, ways: Vec<Way>) -> Vec<Record> {
    let mut plain_s = None;
    let record = |(way, measured): (&str, Way)| {
        let device = Device { threads: measured.threads, ..device.clone() };
        let record = Record::new(("fusion", case, path), &device, measured.samples, measured.verified);
        let plain_s = *plain_s.get_or_insert(record.median_s());
        Record {
            method: Method { way: Some(way.to_owned()), kernel: Some(measured.kernel), ..Method::default() },
            setup: Keys { crossed_bytes: Some(measured.crossed_bytes as u64), ..setup.keys() },
            figures: Figures {
                data_gbps: Some(record.rate(setup.data_bytes() as f64)),
                against_plain: Some(plain_s / record.median_s()),
                ..record.figures
            },
            ..record
        }
    };
    WAYS.into_iter().zip(ways).map(record).collect()
}
