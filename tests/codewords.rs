//! Classic codewords: the bytes of reedsolo and libfec, everything within a code's power corrected, and nothing else touched.

#[path = "support/support.rs"]
mod support;

use evariste::codeword::ReedSolomon;
use evariste::{Code, Error};
use proptest::prelude::*;
use serde_json::Value;
use support::{Rng, cases, oracle};

/// A code of tests/vectors/codewords.json, its codeword, and words that were received in its place.
struct Vector {
    code: ReedSolomon,
    codeword: Vec<u8>,
    cases: Vec<Case>,
}

struct Case {
    received: Vec<u8>,
    erased: Vec<usize>,
    /// The word that both sources decode, and the positions they changed; `None` if both refuse.
    corrected: Option<(Vec<u8>, Vec<usize>)>,
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("vectors/codewords.json")).unwrap();
    let codes = file["codes"].as_array().unwrap().iter().enumerate();
    let vector = |(index, vector): (usize, &Value)| {
        let number = |name: &str| usize::try_from(vector[name].as_u64().unwrap()).unwrap();
        let mut codeword = data(index, number("k"));
        codeword.extend(unhex(&vector["parity"]));
        let case = |case: &Value| {
            let (received, _) = changed(&codeword, &case["received"]);
            let erased = unhex(&case["erased"]).into_iter().map(usize::from).collect();
            let corrected = (!case["corrected"].is_null()).then(|| changed(&received, &case["corrected"]));
            Case { received, erased, corrected }
        };
        let cases = vector["cases"].as_array().unwrap().iter().map(case).collect();
        let code = ReedSolomon::new(number("n"), number("k"), number("fcr")).unwrap();
        assert_eq!(codeword.len(), code.codeword_bytes());
        Vector { code, codeword, cases }
    };
    codes.map(vector).collect()
}

fn unhex(text: &Value) -> Vec<u8> {
    let digit = |digit: char| u8::try_from(digit.to_digit(16).expect("a hex digit")).unwrap();
    let digits: Vec<u8> = text.as_str().unwrap().chars().map(digit).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte at the end of {text}");
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The formula of tests/vectors/README.md.
fn data(index: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| u8::try_from((7 * i + 31 * index + i * index % 251) % 256).unwrap()).collect()
}

/// A word with changes to it, given as [positions, magnitudes], and the positions.
fn changed(word: &[u8], changes: &Value) -> (Vec<u8>, Vec<usize>) {
    let positions: Vec<usize> = unhex(&changes[0]).into_iter().map(usize::from).collect();
    let magnitudes = unhex(&changes[1]);
    assert_eq!(positions.len(), magnitudes.len());
    let mut changed = word.to_vec();
    for (&position, magnitude) in positions.iter().zip(magnitudes) {
        changed[position] ^= magnitude;
    }
    (changed, positions)
}

/// Decodes and checks the decoder's claims: an error changes nothing; otherwise the word is now a codeword, by the slow
/// oracle, and differs exactly at the positions named.
fn decode(code: &ReedSolomon, word: &mut [u8], erased: &[usize]) -> Result<Vec<usize>, Error> {
    let before = word.to_vec();
    let result = code.decode(word, erased);
    let differing: Vec<usize> = (0..word.len()).filter(|&i| word[i] != before[i]).collect();
    match &result {
        Ok(corrected) => {
            assert!(corrected.positions().eq(differing.iter().copied()), "{corrected:?} but {differing:?} changed");
            assert_eq!(corrected.count(), differing.len());
            for index in 0..code.parity_bytes() {
                let root = oracle::pow(2, (code.first_root() + index) % 255);
                let value = word.iter().fold(0, |sum, &byte| oracle::mul(sum, root) ^ byte);
                assert_eq!(value, 0, "no codeword: its value at root {index} is not zero");
            }
        }
        Err(error) => assert!(differing.is_empty(), "{error}, but {differing:?} changed"),
    }
    Ok(result?.positions().collect())
}

#[test]
fn the_vectors_hold_the_codes_they_should() {
    let shape = |v: &Vector| (v.code.codeword_bytes(), v.code.parity_bytes(), v.code.first_root());
    let expected = [
        (255, 4, 0),
        (20, 4, 0),
        (255, 8, 1),
        (64, 8, 1),
        (204, 16, 0),
        (17, 16, 0),
        (255, 32, 0),
        (100, 32, 0),
        (255, 32, 120),
        (48, 32, 120),
    ];
    assert_eq!(vectors().iter().map(shape).collect::<Vec<_>>(), expected);
    let cases: Vec<Case> = vectors().into_iter().flat_map(|vector| vector.cases).collect();
    let refused = cases.iter().filter(|case| case.corrected.is_none()).count();
    assert_eq!((cases.len(), refused), (100, 29));
}

#[test]
fn parity_equals_reedsolo_and_libfec() {
    for Vector { code, codeword, .. } in vectors() {
        let (data, expected) = codeword.split_at(code.data_bytes());
        let mut parity = vec![0xee; code.parity_bytes()];
        code.encode(data, &mut parity).unwrap();
        assert_eq!(parity, expected, "{} bytes, {} of parity", codeword.len(), parity.len());
    }
}

/// Within a code's power, and beyond it, where a word may be close enough to a wrong codeword to become that.
#[test]
fn decoding_equals_reedsolo_and_libfec() {
    for Vector { code, cases, .. } in vectors() {
        for Case { received, erased, corrected } in cases {
            let mut word = received.clone();
            match (corrected, decode(&code, &mut word, &erased)) {
                (Some((expected, positions)), Ok(found)) => {
                    assert_eq!(word, expected);
                    assert_eq!(found, positions);
                }
                (None, Err(Error::Uncorrectable { erasures, errors })) => {
                    assert_eq!((erasures, errors), (erased.len(), (code.parity_bytes() - erased.len()) / 2));
                }
                (expected, result) => panic!("erased {erased:?}: expected {expected:?}, got {result:?}"),
            }
        }
    }
}

/// Codes of every length and redundancy, small ones more often, and a seed for the rest.
fn any_code() -> impl Strategy<Value = (ReedSolomon, u64)> {
    let shape = prop_oneof![
        3 => (1..20usize, 1..12usize),
        2 => (1..=223usize, 1..=32usize),
        1 => (1..=254usize).prop_flat_map(|k| (Just(k), 1..=255 - k)),
    ];
    (shape, 0..=254usize, any::<u64>())
        .prop_map(|((k, parity), first_root, seed)| (ReedSolomon::new(k + parity, k, first_root).unwrap(), seed))
}

fn random_codeword(code: &ReedSolomon, rng: &mut Rng) -> Vec<u8> {
    let mut codeword: Vec<u8> = (0..code.codeword_bytes()).map(|_| rng.byte()).collect();
    let (data, parity) = codeword.split_at_mut(code.data_bytes());
    code.encode(data, parity).unwrap();
    codeword
}

/// A byte that is not zero.
fn magnitude(rng: &mut Rng) -> u8 {
    u8::try_from(1 + rng.below(255)).unwrap()
}

proptest! {
    #![proptest_config(cases(512))]

    /// Errors and erasures at random places, at most as many as the code corrects. An erased byte may be correct.
    #[test]
    fn whatever_is_within_power_is_corrected((code, seed) in any_code()) {
        let mut rng = Rng::new(seed);
        let codeword = random_codeword(&code, &mut rng);
        let erasures = rng.below(code.parity_bytes() + 1);
        let most = (code.parity_bytes() - erasures) / 2;
        let errors = if rng.below(2) == 0 { most } else { rng.below(most + 1) };
        let errors = errors.min(codeword.len() - erasures);

        let places = rng.choose(errors + erasures, codeword.len());
        let mut erased: Vec<usize> = rng.choose(erasures, places.len()).into_iter().map(|i| places[i]).collect();
        erased.reverse();
        let mut word = codeword.clone();
        for &place in &places {
            if !erased.contains(&place) || rng.below(3) > 0 {
                word[place] ^= magnitude(&mut rng);
            }
        }
        let wrong: Vec<usize> = (0..word.len()).filter(|&i| word[i] != codeword[i]).collect();
        prop_assert_eq!(decode(&code, &mut word, &erased).unwrap(), wrong);
        prop_assert_eq!(word, codeword);
    }

    /// Words of no code, or with more errors than it bears, and erasures of all kinds: an answer that holds, or an error
    /// and an untouched word.
    #[test]
    fn whatever_comes_the_answer_holds(
        (code, seed) in any_code(),
        erased in prop::collection::vec(prop_oneof![9 => 0..20usize, 4 => 0..256usize, 1 => any::<usize>()], 0..6),
        errors in prop::option::of(0..20usize),
    ) {
        let mut rng = Rng::new(seed);
        let mut word = random_codeword(&code, &mut rng);
        for _ in 0..errors.unwrap_or(1000) {
            let place = rng.below(word.len());
            word[place] = rng.byte();
        }
        let (n, limit) = (word.len(), code.parity_bytes());
        let twice = |index: &usize| erased.iter().filter(|&other| other == index).count() > 1;
        match decode(&code, &mut word, &erased) {
            Ok(changed) => {
                let errors = changed.iter().filter(|position| !erased.contains(position)).count();
                prop_assert!(2 * errors + erased.len() <= limit, "{changed:?} with {erased:?} erased");
                prop_assert!(erased.iter().all(|&index| index < n) && !erased.iter().any(twice));
            }
            Err(Error::Position { index, count }) => prop_assert!(erased.contains(&index) && index >= n && count == n),
            Err(Error::Duplicate { index, .. }) => prop_assert!(twice(&index)),
            Err(Error::TooManyErasures { given, limit: most }) => {
                prop_assert!(given == erased.len() && most == limit && given > limit);
            }
            Err(Error::Uncorrectable { erasures, errors }) => {
                prop_assert_eq!((erasures, errors), (erased.len(), (limit - erased.len()) / 2));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    /// The generator matrix times the data, bit by bit, is the codeword.
    #[test]
    fn the_generator_matrix_gives_the_codeword((code, seed) in any_code()) {
        let codeword = random_codeword(&code, &mut Rng::new(seed));
        let generator = code.generator();
        let rows: Vec<&[u8]> = generator.iter_rows().collect();
        let data: Vec<Vec<u8>> = codeword[..code.data_bytes()].iter().map(|&byte| vec![byte]).collect();
        prop_assert_eq!(oracle::product(&rows, &data).concat(), codeword);
        prop_assert_eq!(Code::from_generator(&generator).unwrap().total_shards(), code.codeword_bytes());
    }
}

/// Five errors in a code that corrects four: most are detected. Words within distance four of another codeword are not.
#[test]
fn beyond_its_power_a_code_miscorrects_as_often_as_it_must() {
    const WORDS: u32 = 20_000;
    let code = ReedSolomon::new(255, 247, 0).unwrap();
    let mut rng = Rng::new(5);
    let codeword = random_codeword(&code, &mut rng);
    let mut miscorrected = 0;
    for _ in 0..WORDS {
        let mut word = codeword.clone();
        for place in rng.choose(5, 255) {
            word[place] ^= magnitude(&mut rng);
        }
        match code.decode(&mut word, &[]) {
            Ok(corrected) => {
                assert!(word != codeword && corrected.count() <= 4);
                miscorrected += 1;
            }
            Err(Error::Uncorrectable { erasures: 0, errors: 4 }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // Words within 4 of a given one, times codewords, by all words: sum of C(255, i) 255^i over i <= 4, by 256^8.
    let words_around = |i: i32| (0..i).fold(1.0, |product, j| product * 255.0 * f64::from(255 - j) / f64::from(j + 1));
    let expected = (0..=4).map(words_around).sum::<f64>() / 256f64.powi(8) * f64::from(WORDS);
    let deviation = expected.sqrt();
    assert!((780.0..820.0).contains(&expected), "the formula gives 4.0 % of {WORDS}, not {expected}");
    assert!((f64::from(miscorrected) - expected).abs() < 4.0 * deviation, "{miscorrected}, expected {expected}");
}

#[test]
fn wrong_use_is_named_and_changes_nothing() {
    let shape = |n, k| ReedSolomon::new(n, k, 0).unwrap_err();
    for (n, k) in [(0, 0), (1, 0), (1, 1), (5, 5), (5, 6), (256, 200), (usize::MAX, 1)] {
        let error = shape(n, k);
        let Error::CodewordShape { codeword_bytes, data_bytes, limit: 255 } = error else { panic!("{error}") };
        assert_eq!((codeword_bytes, data_bytes), (n, k));
    }
    let error = ReedSolomon::new(255, 223, 255).unwrap_err();
    assert!(matches!(error, Error::FirstRoot { given: 255, limit: 254 }), "{error}");
    assert_eq!(ReedSolomon::new(255, 1, 254).unwrap().parity_bytes(), 254);

    let code = ReedSolomon::new(12, 8, 0).unwrap();
    let mut parity = [0xee; 5];
    let error = code.encode(&[1; 7], &mut parity[..4]).unwrap_err();
    assert!(matches!(error, Error::CodewordPart { what: "data", given: 7, expected: 8 }), "{error}");
    let error = code.encode(&[1; 8], &mut parity).unwrap_err();
    assert!(matches!(error, Error::CodewordPart { what: "parity", given: 5, expected: 4 }), "{error}");
    assert_eq!(parity, [0xee; 5]);
    for bytes in [0, 11, 13, 255] {
        let error = decode(&code, &mut vec![7; bytes], &[]).unwrap_err();
        let Error::CodewordPart { what: "codeword", given, expected: 12 } = error else { panic!("{error}") };
        assert_eq!(given, bytes);
    }
    let error = decode(&code, &mut [7; 12], &[3, 12]).unwrap_err();
    assert!(matches!(error, Error::Position { index: 12, count: 12 }), "{error}");
    let error = decode(&code, &mut [7; 12], &[3, 0, 3]).unwrap_err();
    assert!(matches!(error, Error::Duplicate { what: "position", index: 3 }), "{error}");
    let error = decode(&code, &mut [0; 12], &[0, 1, 2, 3, 4]).unwrap_err();
    assert!(matches!(error, Error::TooManyErasures { given: 5, limit: 4 }), "{error}");
}
