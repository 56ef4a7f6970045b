//! Which codes are recognised, and that what they are recognised as is what they are.

use super::*;

/// The code of a construction with so many data and parity shards, if it has that shape.
type Construction = fn(usize, usize) -> Option<Code>;

/// The constructions that give generalised Reed-Solomon codes.
fn constructions() -> Vec<(&'static str, Construction)> {
    vec![
        ("vandermonde", |k, m| Code::vandermonde(k, m).ok()),
        ("cauchy", |k, m| Code::cauchy(k, m).ok()),
        ("raid6", |k, m| Code::raid6(k).ok().filter(|_| m == 2)),
        ("raid5", |k, m| Code::raid5(k).ok().filter(|_| m == 1)),
        ("jerasure-van", |k, m| Code::jerasure_van(k, m).ok()),
        ("snapraid", |k, m| Code::snapraid(k, m).ok()),
        ("isal-rs", |k, m| Code::isal_rs(k, m).ok().filter(|_| k <= 2 || m <= 2)),
    ]
}

/// A multiple of every column of the generator is a codeword, by points that are all different and not zero.
#[track_caller]
fn assert_recognised(code: &Code) {
    let (k, m) = (code.data_shards(), code.parity_shards());
    let context = format!("{} {k}+{m}", code.name());
    let grs = code.grs().unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!((grs.total_shards(), grs.parity_shards()), (k + m, m), "{context}");
    assert_eq!(grs.parity_check().mul(&code.generator()), Matrix::zero(m, k), "{context}");
    let mut seen = [false; 256];
    for (&point, &multiplier) in grs.points().iter().zip(grs.multipliers()) {
        assert!(point != 0 && multiplier != 0, "{context}");
        assert!(!std::mem::replace(&mut seen[usize::from(point)], true), "{context}: point {point} twice");
    }
}

#[test]
fn every_shape_to_forty_shards_is_recognised() {
    let mut recognised = 0;
    for (name, construct) in constructions() {
        let shapes = (2..=40usize).flat_map(|n| (1..n).map(move |k| (k, n - k)));
        let codes: Vec<Code> = shapes.filter_map(|(k, m)| construct(k, m)).collect();
        assert!(codes.len() >= 38, "{name}: {} shapes", codes.len());
        codes.iter().for_each(assert_recognised);
        recognised += codes.len();
    }
    assert!(recognised >= 2 * 780 + 38 + 39, "{recognised} codes");
}

#[test]
fn a_sample_of_shapes_to_255_shards_is_recognised() {
    for (name, construct) in constructions() {
        let shapes =
            [(41, 1), (100, 1), (254, 1), (50, 2), (253, 2), (17, 60), (100, 28), (200, 55), (3, 252), (1, 254)];
        let codes: Vec<Code> = shapes.into_iter().filter_map(|(k, m)| construct(k, m)).collect();
        assert!(codes.len() >= 2, "{name}");
        codes.iter().for_each(assert_recognised);
    }
}

#[test]
fn rows_and_columns_may_be_scaled_and_exchanged() {
    let code = Code::cauchy(7, 4).unwrap();
    let parity = code.parity_matrix();
    let scaled = Matrix::from_fn(4, 7, |row, col| {
        let scales = [gf256::pow(3, 5 * row + 1), gf256::pow(3, 11 * col + 2)];
        gf256::mul(parity.row((row + 2) % 4)[(3 * col) % 7], gf256::mul(scales[0], scales[1]))
    });
    assert_recognised(&Code::from_generator(&Matrix::identity(7).above(&scaled)).unwrap());
}

/// The worked case of the module's text: 3 + 2 shards, points infinity, 2, 4 of data and 0, 1 of parity.
#[test]
fn the_normalised_matrix_is_one_off_rank_one() {
    let normalised =
        Matrix::from_rows(&[[1, 1, 1], [1, gf256::div(2, 2 ^ 1).unwrap(), gf256::div(4, 4 ^ 1).unwrap()]]).unwrap();
    let code = Code::from_generator(&Matrix::identity(3).above(&normalised)).unwrap();
    assert_recognised(&code);
    let other = Matrix::from_rows(&[[1, 1, 1], [1, normalised.row(1)[1], normalised.row(1)[1]]]).unwrap();
    let code = Code::from_generator(&Matrix::identity(3).above(&other)).unwrap();
    assert!(code.grs().is_err(), "two shards with one point");
}

/// A random generator of 4 + 3 shards, and whether every square of its parity matrix is invertible.
fn random_code(next: &mut impl FnMut() -> u8) -> (Code, bool) {
    let parity = Matrix::from_fn(3, 4, |_, _| next());
    let code = Code::from_generator(&Matrix::identity(4).above(&parity)).unwrap();
    let triples = (0..7).flat_map(|a| (a + 1..7).flat_map(move |b| (b + 1..7).map(move |c| [a, b, c])));
    let is_mds = triples.into_iter().all(|lost| code.is_recoverable(&lost).unwrap());
    (code, is_mds)
}

#[test]
fn random_matrices_are_rejected_whether_they_are_mds_or_not() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let (mut mds, mut others) = (0, 0);
    while mds < 300 || others < 300 {
        let (code, is_mds) = random_code(&mut next);
        let (count, kind) = if is_mds { (&mut mds, "MDS") } else { (&mut others, "not MDS") };
        *count += 1;
        let error = code.grs().expect_err(kind);
        assert!(matches!(error, Error::CannotLocate { code: "custom", shards: 7, .. }), "{error}");
    }
}

/// These are MDS, but their rows are powers of 1, 2, 4 and no more than that: with three rows no points fit.
#[test]
fn powers_of_two_in_three_rows_are_rejected() {
    for (k, m) in [(3, 3), (10, 3), (21, 4), (100, 3)] {
        let error = Code::isal_rs(k, m).unwrap().grs().unwrap_err();
        assert!(matches!(error, Error::CannotLocate { .. }), "{k}+{m}: {error}");
    }
}

/// One element of a large matrix is enough to be another code.
#[test]
fn a_single_wrong_element_is_noticed_wherever_it_stands() {
    let code = Code::vandermonde(9, 5).unwrap();
    for (row, col) in (0..5).flat_map(|row| (0..9).map(move |col| (row, col))) {
        let change = |r: usize, c: usize| u8::from((r, c) == (row, col));
        let parity = Matrix::from_fn(5, 9, |r, c| code.parity_matrix().row(r)[c] ^ change(r, c));
        let other = Code::from_generator(&Matrix::identity(9).above(&parity)).unwrap();
        assert!(other.grs().is_err(), "row {row}, column {col}");
    }
}

#[test]
fn as_many_shards_as_the_field_has_elements_are_a_typed_error() {
    for code in [Code::vandermonde(200, 56), Code::cauchy(1, 255), Code::raid6(254), Code::raid5(1000)] {
        let (code, shards) = code.map(|code| (code.clone(), code.total_shards())).unwrap();
        let error = code.grs().unwrap_err();
        assert!(matches!(error, Error::CannotLocate { shards: s, .. } if s == shards), "{error}");
        assert!(error.to_string().contains("255") && error.to_string().contains(&shards.to_string()), "{error}");
    }
}

#[test]
fn zeros_and_repeated_columns_are_no_such_codes() {
    for rows in [[[1, 0, 1], [1, 2, 3]], [[1, 1, 1], [1, 2, 2]], [[0, 0, 0], [0, 0, 0]]] {
        let generator = Matrix::identity(3).above(&Matrix::from_rows(&rows).unwrap());
        assert!(Code::from_generator(&generator).unwrap().grs().is_err(), "{rows:?}");
    }
    let one_row = Matrix::identity(3).above(&Matrix::from_rows(&[[1, 0, 1]]).unwrap());
    assert!(Code::from_generator(&one_row).unwrap().grs().is_err(), "a shard outside the sum");
}
