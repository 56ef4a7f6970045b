//! Encoding gives the bytes of the golden vectors in tests/vectors, whose README says who computed them.

#[path = "support/support.rs"]
mod support;

use evariste::Code;
use serde_json::Value;
use support::{assert_shards_equal, each_codec, oracle};

/// One vector of the file.
struct Vector {
    code: String,
    data_shards: usize,
    parity_matrix: Option<Vec<Vec<u8>>>,
    parity: Vec<Vec<u8>>,
}

impl Vector {
    fn code(&self) -> Code {
        let (k, m) = (self.data_shards, self.parity.len());
        match self.code.as_str() {
            "cauchy" => Code::cauchy(k, m),
            "raid6" => Code::raid6(k),
            "isal-rs" => Code::isal_rs(k, m),
            "jerasure-van" => Code::jerasure_van(k, m),
            "snapraid" => Code::snapraid(k, m),
            other => panic!("the vectors name an unknown code: {other}"),
        }
        .unwrap()
    }

    /// The parity matrix as the slow oracle has it.
    fn oracle(&self) -> Vec<Vec<u8>> {
        let (k, m) = (self.data_shards, self.parity.len());
        match self.code.as_str() {
            "cauchy" => oracle::cauchy(k, m),
            "raid6" => oracle::raid6(k),
            "isal-rs" => oracle::isal_rs(k, m),
            "jerasure-van" => oracle::jerasure_van(k, m),
            "snapraid" => oracle::snapraid(k, m),
            other => panic!("the vectors name an unknown code: {other}"),
        }
    }

    /// The formula of tests/vectors/README.md.
    fn data(&self) -> Vec<Vec<u8>> {
        let byte = |i: usize, j: usize| u8::try_from((7 * i + 31 * j + i * j % 251) % 256).unwrap();
        (0..self.data_shards).map(|j| (0..self.parity[0].len()).map(|i| byte(i, j)).collect()).collect()
    }

    fn name(&self) -> String {
        format!("{} {}+{}", self.code, self.data_shards, self.parity.len())
    }
}

/// The vectors of all files.
fn vectors() -> Vec<Vector> {
    let files = [
        include_str!("vectors/isal.json"),
        include_str!("vectors/jerasure.json"),
        include_str!("vectors/snapraid.json"),
    ];
    files.into_iter().flat_map(read).collect()
}

fn read(file: &str) -> Vec<Vector> {
    let file: Value = serde_json::from_str(file).unwrap();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let shard_bytes = number(&file["shard_bytes"]);
    let strings = |value: &Value| {
        let strings = value.as_array()?.iter().map(|string| unhex(string.as_str().unwrap()));
        Some(strings.collect::<Vec<_>>())
    };
    let vectors = file["vectors"].as_array().unwrap().iter().map(|vector| {
        let parity = strings(&vector["parity"]).unwrap();
        assert_eq!(parity.len(), number(&vector["parity_shards"]));
        assert!(parity.iter().all(|shard| shard.len() == shard_bytes));
        Vector {
            code: vector["code"].as_str().unwrap().to_owned(),
            data_shards: number(&vector["data_shards"]),
            parity_matrix: strings(&vector["parity_matrix"]),
            parity,
        }
    });
    vectors.collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16).expect("a hex digit")).unwrap()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte at the end of {text}");
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn the_files_hold_the_shapes_they_should() {
    let names: Vec<String> = vectors().iter().map(Vector::name).collect();
    let expected = [
        "cauchy 4+2",
        "cauchy 6+3",
        "cauchy 10+4",
        "cauchy 20+10",
        "cauchy 5+5",
        "raid6 4+2",
        "raid6 8+2",
        "raid6 10+2",
        "isal-rs 4+2",
        "isal-rs 3+8",
        "isal-rs 5+5",
        "isal-rs 10+4",
        "isal-rs 21+4",
        "isal-rs 30+3",
        "jerasure-van 4+2",
        "jerasure-van 6+3",
        "jerasure-van 10+4",
        "jerasure-van 5+5",
        "jerasure-van 20+10",
        "jerasure-van 3+1",
        "snapraid 4+2",
        "snapraid 6+3",
        "snapraid 6+6",
        "snapraid 20+6",
    ];
    assert_eq!(names, expected);
}

#[test]
fn parity_matrices_equal_the_vectors() {
    for vector in vectors() {
        if let Some(rows) = &vector.parity_matrix {
            let code = vector.code();
            assert_shards_equal(rows, &code.parity_matrix().iter_rows().collect::<Vec<_>>(), vector.name());
            assert_eq!(rows, &vector.oracle(), "{}", vector.name());
        }
    }
}

#[test]
fn parity_equals_the_vectors() {
    for vector in vectors() {
        let mut expected = vector.data();
        expected.extend(vector.parity.iter().cloned());
        each_codec(&vector.code(), |backend, codec| {
            let mut shards = vector.data();
            shards.resize(expected.len(), vec![0xee; expected[0].len()]);
            codec.encode(&mut shards).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}, {}", vector.name()));
        });
    }
}

#[test]
fn the_oracle_of_these_tests_equals_the_vectors_too() {
    for vector in vectors() {
        let parity = oracle::product(&vector.oracle(), &vector.data());
        assert_shards_equal(&vector.parity, &parity, vector.name());
    }
}
