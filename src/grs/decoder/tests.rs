//! Decoders with points and multipliers of no pattern, against sums and searches that follow the definition.

use super::{Decoder, Outcome};
use crate::gf256::{mul, pow};

/// xorshift, for cases without a pattern.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit
    }

    fn nonzero(&mut self) -> u8 {
        u8::try_from(1 + self.below(255)).unwrap()
    }

    /// `count` different elements of `from`, in no order.
    fn choose<T>(&mut self, count: usize, mut from: Vec<T>) -> Vec<T> {
        (0..count).map(|_| from.swap_remove(self.below(from.len()))).collect()
    }
}

/// A code: its points, multipliers and number of syndromes.
#[derive(Debug)]
struct Grs {
    points: Vec<u8>,
    multipliers: Vec<u8>,
    syndromes: usize,
}

impl Grs {
    fn random(noise: &mut Noise, symbols: usize, syndromes: usize) -> Self {
        let points = noise.choose(symbols, (1..=255).collect());
        Self { points, multipliers: (0..symbols).map(|_| noise.nonzero()).collect(), syndromes }
    }

    fn decoder(&self) -> Decoder {
        Decoder::new(&self.points, &self.multipliers, self.syndromes)
    }

    /// The definition.
    fn syndromes(&self, errata: &[(usize, u8)]) -> Vec<u8> {
        let term = |r, &(i, e): &(usize, u8)| mul(mul(self.multipliers[i], pow(self.points[i], r)), e);
        (0..self.syndromes).map(|r| errata.iter().fold(0, |sum, erratum| sum ^ term(r, erratum))).collect()
    }

    /// Errors and erasures at random places; a quarter of the erased symbols are right by chance.
    fn errata(&self, noise: &mut Noise, errors: usize, erasures: usize) -> (Vec<(usize, u8)>, Vec<usize>) {
        let places = noise.choose(errors + erasures, (0..self.points.len()).collect());
        let erased = places[..erasures].to_vec();
        let mut errata = Vec::new();
        for (count, &place) in places.iter().enumerate() {
            if count >= erasures || noise.below(4) > 0 {
                errata.push((place, noise.nonzero()));
            }
        }
        errata.sort_unstable();
        (errata, erased)
    }
}

fn decode(decoder: &Decoder, syndromes: &[u8], erased: &[usize]) -> (Outcome, Vec<(usize, u8)>) {
    let mut errata = vec![(99, 99)];
    let outcome = decoder.decode(syndromes, erased, &mut errata);
    (outcome, errata)
}

#[test]
fn a_single_error_by_hand() {
    // One error of 7 at the point 4: syndromes 7 and 7 * 4. Their quotient is the point.
    let decoder = Decoder::new(&[1, 2, 4, 8], &[1; 4], 2);
    assert_eq!(decode(&decoder, &[7, 28], &[]), (Outcome::Corrected, vec![(2, 7)]));
    // A multiplier of 2 there: 2 e = 14, 2 * 4 e = 56.
    let decoder = Decoder::new(&[1, 2, 4, 8], &[1, 1, 2, 1], 2);
    assert_eq!(decode(&decoder, &[14, 56], &[]), (Outcome::Corrected, vec![(2, 7)]));
    // The quotient 16 is no point, and nothing divided by something is none either.
    assert_eq!(decode(&decoder, &[1, 16], &[]), (Outcome::Beyond, vec![]));
    assert_eq!(decode(&decoder, &[0, 1], &[]), (Outcome::Beyond, vec![]));
    assert_eq!(decode(&decoder, &[1, 0], &[]), (Outcome::Beyond, vec![]));
}

#[test]
fn every_mix_within_power_is_found() {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    for (symbols, syndromes) in
        [(2, 1), (3, 2), (5, 4), (9, 3), (14, 4), (20, 8), (30, 10), (60, 17), (255, 32), (255, 1)]
    {
        let code = Grs::random(&mut noise, symbols, syndromes);
        let decoder = code.decoder();
        for erasures in 0..=syndromes {
            for errors in 0..=(syndromes - erasures) / 2 {
                for _ in 0..6 {
                    let (errata, erased) = code.errata(&mut noise, errors, erasures);
                    let outcome = if errata.is_empty() { Outcome::Clean } else { Outcome::Corrected };
                    let found = decode(&decoder, &code.syndromes(&errata), &erased);
                    assert_eq!(found, (outcome, errata), "{symbols} symbols, {syndromes} syndromes, erased {erased:?}");
                }
            }
        }
    }
}

#[test]
fn the_largest_codes() {
    let mut noise = Noise(3);
    for (syndromes, errors, erasures) in [(254, 127, 0), (254, 0, 254), (254, 50, 154), (255, 127, 1), (255, 0, 255)] {
        let code = Grs::random(&mut noise, 255, syndromes);
        let (errata, erased) = code.errata(&mut noise, errors, erasures);
        let found = decode(&code.decoder(), &code.syndromes(&errata), &erased);
        assert_eq!(found, (Outcome::Corrected, errata), "{errors} errors, {erasures} erasures");
    }
}

/// Every pair of syndromes with every set of erasures: what is found, and what is beyond, is what a search finds.
#[test]
fn two_syndromes_agree_with_a_search() {
    let code = Grs::random(&mut Noise(17), 6, 2);
    let decoder = code.decoder();
    // By syndromes: every codeword's errata with at most one symbol, then with both of two erased symbols.
    let singles: Vec<(usize, u8)> = (0..6).flat_map(|i| (1..=255).map(move |e| (i, e))).collect();
    let mut single_by_syndromes = vec![None; 1 << 16];
    let index = |syndromes: &[u8]| usize::from(syndromes[0]) << 8 | usize::from(syndromes[1]);
    for &single in &singles {
        assert_eq!(
            single_by_syndromes[index(&code.syndromes(&[single]))].replace(single),
            None,
            "two at a distance of 2"
        );
    }
    for syndromes in (0..=255).flat_map(|s0| (0..=255).map(move |s1| [s0, s1])) {
        let single = single_by_syndromes[index(&syndromes)];
        let (clean, beyond) = (syndromes == [0, 0], (Outcome::Beyond, vec![]));
        let expected = |errata: Option<(usize, u8)>| match errata {
            _ if clean => (Outcome::Clean, vec![]),
            Some(erratum) => (Outcome::Corrected, vec![erratum]),
            None => beyond.clone(),
        };
        assert_eq!(decode(&decoder, &syndromes, &[]), expected(single), "{syndromes:?}");
        for erased in 0..6 {
            // 2 e + 1 <= 2 leaves no room for an error.
            let expected = expected(single.filter(|&(position, _)| position == erased));
            assert_eq!(decode(&decoder, &syndromes, &[erased]), expected, "{syndromes:?}, {erased}");
        }
        // Any two symbols can be solved for.
        let (outcome, errata) = decode(&decoder, &syndromes, &[4, 1]);
        assert_eq!(outcome, if clean { Outcome::Clean } else { Outcome::Corrected });
        assert!(errata.iter().all(|&(position, magnitude)| [1, 4].contains(&position) && magnitude != 0));
        assert_eq!(code.syndromes(&errata), syndromes);
        assert_eq!(decode(&decoder, &syndromes, &[0, 1, 2]), beyond, "three erasures, two syndromes");
    }
}

/// Syndromes of no word in particular: an answer is within the code's power and has these syndromes, or there is none.
#[test]
fn whatever_the_syndromes_an_answer_explains_them() {
    let mut noise = Noise(29);
    let (mut corrected, mut beyond) = (0, 0);
    for _ in 0..20_000 {
        let (symbols, syndromes) = (2 + noise.below(20), 1 + noise.below(8));
        let code = Grs::random(&mut noise, symbols, syndromes);
        let given: Vec<u8> = (0..syndromes).map(|_| noise.nonzero() & noise.nonzero()).collect();
        let count = noise.below(symbols.min(syndromes + 2));
        let erased = noise.choose(count, (0..symbols).collect());
        let (outcome, errata) = decode(&code.decoder(), &given, &erased);
        let errors = errata.iter().filter(|(position, _)| !erased.contains(position)).count();
        match outcome {
            Outcome::Clean => assert!(given.iter().all(|&syndrome| syndrome == 0)),
            Outcome::Corrected => {
                assert!(2 * errors + erased.len() <= syndromes, "{code:?}, {given:?}, {erased:?}: {errata:?}");
                assert!(errata.is_sorted_by(|a, b| a.0 < b.0) && errata.iter().all(|&(_, magnitude)| magnitude != 0));
                assert_eq!(code.syndromes(&errata), given);
                corrected += 1;
            }
            Outcome::Beyond => beyond += 1,
        }
        assert_eq!(errata.is_empty(), outcome != Outcome::Corrected);
    }
    assert!(corrected > 1000 && beyond > 1000, "{corrected} and {beyond}: one of them was hardly tried");
}
