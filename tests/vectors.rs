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
        match self.code.as_str() {
            "cauchy" => Code::cauchy(self.data_shards, self.parity.len()),
            "raid6" => Code::raid6(self.data_shards),
            other => panic!("the vectors name an unknown code: {other}"),
        }
        .unwrap()
    }

    fn name(&self) -> String {
        format!("{} {}+{}", self.code, self.data_shards, self.parity.len())
    }
}

/// The vectors of isal.json and the length of their shards.
fn isal() -> (Vec<Vector>, usize) {
    let file: Value = serde_json::from_str(include_str!("vectors/isal.json")).unwrap();
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
    (vectors.collect(), shard_bytes)
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16).expect("a hex digit")).unwrap()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte at the end of {text}");
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The formula of tests/vectors/README.md.
fn data(data_shards: usize, bytes: usize) -> Vec<Vec<u8>> {
    let byte = |i: usize, j: usize| u8::try_from((7 * i + 31 * j + i * j % 251) % 256).unwrap();
    (0..data_shards).map(|j| (0..bytes).map(|i| byte(i, j)).collect()).collect()
}

#[test]
fn the_file_holds_the_shapes_it_should() {
    let names: Vec<String> = isal().0.iter().map(Vector::name).collect();
    let expected = [
        "cauchy 4+2",
        "cauchy 6+3",
        "cauchy 10+4",
        "cauchy 20+10",
        "cauchy 5+5",
        "raid6 4+2",
        "raid6 8+2",
        "raid6 10+2",
    ];
    assert_eq!(names, expected);
}

#[test]
fn parity_matrices_equal_isal() {
    for vector in isal().0 {
        if let Some(rows) = &vector.parity_matrix {
            let code = vector.code();
            assert_shards_equal(rows, &code.parity_matrix().iter_rows().collect::<Vec<_>>(), vector.name());
            assert_eq!(rows, &oracle::cauchy(vector.data_shards, vector.parity.len()), "{}", vector.name());
        }
    }
}

#[test]
fn parity_equals_isal() {
    let (vectors, bytes) = isal();
    for vector in vectors {
        let mut expected = data(vector.data_shards, bytes);
        expected.extend(vector.parity.iter().cloned());
        each_codec(&vector.code(), |backend, codec| {
            let mut shards = data(vector.data_shards, bytes);
            shards.resize(expected.len(), vec![0xee; bytes]);
            codec.encode(&mut shards).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}, {}", vector.name()));
        });
    }
}

#[test]
fn the_oracle_of_these_tests_equals_isal_too() {
    let (vectors, bytes) = isal();
    for vector in vectors {
        let rows = match vector.code.as_str() {
            "cauchy" => oracle::cauchy(vector.data_shards, vector.parity.len()),
            _ => oracle::raid6(vector.data_shards),
        };
        assert_shards_equal(&vector.parity, &oracle::product(&rows, &data(vector.data_shards, bytes)), vector.name());
    }
}
