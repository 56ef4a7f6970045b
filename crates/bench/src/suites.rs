//! The suites. Each owns its arguments, the table of its rows, and what it measures.

pub(crate) mod calibrate;
pub(crate) mod cpu;
pub(crate) mod device;
pub(crate) mod field;
pub(crate) mod files;
pub(crate) mod fusion;
pub(crate) mod host;
mod kernels;
pub(crate) mod latency;
pub(crate) mod layouts;
pub(crate) mod patterns;

use super::table::Table;

/// The table of every suite that makes records.
pub(crate) static TABLES: [&Table; 9] = [
    &device::TABLE,
    &cpu::TABLE,
    &host::TABLE,
    &latency::TABLE,
    &files::TABLE,
    &fusion::TABLE,
    &layouts::TABLE,
    &patterns::TABLE,
    &field::TABLE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Ceiling, Figures, Method, Record, Setup};
    use crate::table::MOST_COLUMNS;

    fn widest(number: f64, count: usize, text: [&str; 5]) -> Record {
        let (some, bytes) = (Some(number), Some(count as u64));
        let [case, path, kernel, way, layout] = text.map(str::to_owned);
        Record {
            case,
            path,
            device: "llvmpipe (LLVM 19.1.7, 256 bits)".to_owned(),
            driver: Some("llvmpipe Mesa 25.0.7-2 (LLVM 19.1.7)".to_owned()),
            threads: 1024,
            method: Method {
                kernel: Some(kernel),
                solver: Some("solver".to_owned()),
                way: Some(way),
                memory: Some("registered".to_owned()),
                in_place: Some(false),
            },
            setup: Setup {
                code: Some("jerasure-van".to_owned()),
                k: Some(128),
                m: Some(128),
                layout: Some(layout),
                shards: Some(256),
                lost: Some(255),
                shard_bytes: bytes,
                unit_bytes: bytes,
                stripes: Some(count),
                batches: Some(65_536),
                sets: Some(count),
                calls: Some(count),
                capacity_bytes: bytes,
                read_bytes: bytes,
                written_bytes: bytes,
                crossed_bytes: bytes,
                dir: Some("/dev/shm".to_owned()),
                file_bytes: bytes,
                rounds: Some(99),
            },
            samples: vec![number],
            figures: Figures {
                median_s: some,
                p50_s: some,
                p99_s: some,
                p999_s: some,
                max_s: some,
                traffic_gbps: some,
                data_gbps: some,
                gops: some,
                against_plain: some,
                limit: Some("rebuild".to_owned()),
                stages_gbps: Some(
                    ["read", "hash", "rebuild", "write", "sync"].map(|stage| (stage.to_owned(), 9999.99)).into(),
                ),
            },
            ceiling: Ceiling {
                ceiling_gbps: some,
                to_device_gbps: Some(some),
                from_device_gbps: Some(some),
                both_gbps: Some(some),
                copier: Some("cp --reflink=never".to_owned()),
                copy_gbps: some,
                share: Some(some),
            },
            ..Record::default()
        }
    }

    #[test]
    fn every_table_is_at_most_100_columns_wide() {
        let long = "x".repeat(300);
        for table in TABLES {
            for number in [0.0, 1e-9, 1.0, 12_345.678_9, f64::MAX] {
                for count in [0, 1, 1000, (1 << 30) - 1, usize::MAX] {
                    let record = widest(number, count, [&long; 5]);
                    let printed = table.head(&record) + &table.row(&record);
                    for line in printed.lines() {
                        assert!(line.chars().count() <= MOST_COLUMNS, "{}: {line}", table.suite);
                    }
                }
            }
        }
    }

    /// The longest names of the suites, and large but usual numbers, are shown in full.
    #[test]
    fn usual_values_of_suites_are_not_cut() {
        for table in TABLES {
            let kernel = match table.suite {
                "fusion" => "compiled, correct",
                "field" => "inverse-table",
                _ => "portable",
            };
            let case = match table.suite {
                "fusion" => "correct 2 shards",
                "layouts" => "degraded read",
                "files" => "restore",
                _ => "reconstruct",
            };
            let path = if table.suite == "layouts" { "registered" } else { "auto-slices" };
            let text = [case, path, kernel, "separate calls", "hier:4x6+1+1"];
            let mut record = widest(1.0, 32_768, text);
            record.setup.shard_bytes = Some(223_694_848);
            record.figures.traffic_gbps = Some(4378.1);
            record.figures.median_s = Some(1.234_567_8);
            let row = table.row(&record);
            for column in table.columns {
                let whole = column.whole(&record);
                assert!(row.contains(&whole), "{}: {whole} is not in {row}", table.suite);
            }
        }
    }
}
