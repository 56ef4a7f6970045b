//! From syndromes to errata: which symbols of one word are wrong, and by how much.
//!
//! A generalised Reed-Solomon code of n symbols has distinct non-zero points X_i and non-zero multipliers v_i. A word that
//! is off by e_i in symbol i has the R syndromes
//!
//! ```text
//! S_r = sum over i of v_i * X_i^r * e_i,    r = 0..R
//! ```
//!
//! and the question is for the e with the fewest unknown places that has them: e errors anywhere and s erasures at named
//! places are found as long as 2e + s <= R (R. M. Roth, "Introduction to Coding Theory", 2006, pages 183 to 195; R. E.
//! Blahut, "Theory and Practice of Error Control Codes", 1983, which treats v_i = X_i^fcr). Polynomials in z, lowest
//! coefficient first:
//!
//! 1. the erasure locator G = product of (1 + X_i z) over the erased i;
//! 2. modified syndromes T = S * G mod z^R, in which from coefficient s on the erasures no longer show (G. D. Forney,
//!    "On decoding BCH codes", IEEE Trans. IT-11, 1965);
//! 3. the error locator L: the shortest recurrence of T_s, T_(s+1), .. (J. L. Massey, "Shift-register synthesis and BCH
//!    decoding", IEEE Trans. IT-15, 1969);
//! 4. its roots, sought at 1/X_i for every i that is not erased (R. T. Chien, "Cyclic decoding procedures for
//!    Bose-Chaudhuri-Hocquenghem codes", IEEE Trans. IT-10, 1964);
//! 5. magnitudes: with the evaluator W = T * L mod z^R and the errata locator M = L * G, Forney's
//!    v_i e_i = X_i W(1/X_i) / M'(1/X_i). In characteristic 2, z M'(z) is M without its even terms, so the factor X_i
//!    goes: v_i e_i = W(1/X_i) / M_odd(1/X_i).
//!
//! The errata are then put into the formula of the syndromes. What does not give all of them back is not an answer.

#[cfg(test)]
mod tests;

use crate::gf256::{self, EXP, LOG, LOG_OF_ZERO};

/// What the syndromes of a word say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A codeword: all syndromes are zero.
    Clean,
    /// The only codeword within the code's power, given the erasures, differs by the errata.
    Corrected,
    /// No codeword is within the code's power: 2e + s > R, whatever e is.
    Beyond,
}

/// Finds the errata of words of one generalised Reed-Solomon code. It allocates nothing after it is made, and threads
/// may share it.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    syndromes: usize,
    points: Box<[u8]>,
    /// Logarithms of the multipliers.
    multipliers: Box<[u8]>,
    /// Row i: logarithms of 1/X_i to the powers 0..=R, in 0..255.
    powers: Box<[u8]>,
    /// For each element the position whose point it is, or [`NO_POSITION`].
    positions: [u8; 256],
}

/// In place of a position: positions end at 254.
const NO_POSITION: u8 = 255;

impl Decoder {
    /// The decoder of the code with these points and multipliers, one of each a symbol, and so many syndromes.
    ///
    /// # Panics
    /// If a caller inside this crate gives a zero, a point twice, unequally many of both, or more than 255 syndromes.
    pub(crate) fn new(points: &[u8], multipliers: &[u8], syndromes: usize) -> Self {
        assert_eq!(points.len(), multipliers.len(), "a multiplier for each point");
        assert!(points.len() <= 255, "{} points: there are 255 elements that are not zero", points.len());
        assert!(syndromes <= 255, "{syndromes} syndromes: powers of an element repeat after 255");
        let mut positions = [NO_POSITION; 256];
        for (&point, position) in points.iter().zip(0..NO_POSITION) {
            let before = std::mem::replace(&mut positions[usize::from(point)], position);
            assert!(point != 0 && before == NO_POSITION, "points are distinct and not zero: {points:?}");
        }
        assert!(multipliers.iter().all(|&multiplier| multiplier != 0), "multipliers are not zero: {multipliers:?}");
        let log = |&element: &u8| LOG[usize::from(element)];
        let powers = points.iter().flat_map(|point| {
            let step = 255 - usize::from(log(point));
            (0..=syndromes).map(move |exponent| LOG[usize::from(EXP[step * exponent % 255])])
        });
        Self {
            syndromes,
            points: points.into(),
            multipliers: multipliers.iter().map(log).collect(),
            powers: powers.collect(),
            positions,
        }
    }

    /// Fills `errata` with (position, magnitude) for every symbol that is wrong, in rising order of position.
    ///
    /// `erased` names distinct positions whose symbols may be anything. They are among the errata only if they are wrong,
    /// and more of them than syndromes determine nothing: that is beyond the code even where all syndromes are zero.
    /// Unless the outcome is [`Outcome::Corrected`] there are no errata.
    ///
    /// # Panics
    /// If there are not as many syndromes as the decoder was made for, or an erased position is no position.
    pub(crate) fn decode(&self, syndromes: &[u8], erased: &[usize], errata: &mut Vec<(usize, u8)>) -> Outcome {
        assert_eq!(syndromes.len(), self.syndromes, "syndromes of another code");
        errata.clear();
        if erased.len() > self.syndromes {
            return Outcome::Beyond;
        }
        if syndromes.iter().all(|&syndrome| syndrome == 0) {
            return Outcome::Clean;
        }
        if erased.is_empty() && self.find_one(syndromes, errata) {
            return Outcome::Corrected;
        }
        if self.find(syndromes, erased, errata).is_some() && self.explain(errata, syndromes) {
            return Outcome::Corrected;
        }
        errata.clear();
        Outcome::Beyond
    }

    /// Whether one error explains the syndromes, which is then in `errata`: v X^(r+1) e is X times v X^r e.
    ///
    /// Most words that are wrong have one, and to look for it first is several times as fast as the general way.
    fn find_one(&self, syndromes: &[u8], errata: &mut Vec<(usize, u8)>) -> bool {
        let &[first, second, ..] = syndromes else { return false };
        let Some(point) = gf256::div(second, first) else { return false };
        let position = self.positions[usize::from(point)];
        if position == NO_POSITION {
            return false;
        }
        let position = usize::from(position);
        errata.push((position, self.without_multiplier(position, first)));
        let explained = self.explain(errata, syndromes);
        if !explained {
            errata.clear();
        }
        explained
    }

    /// Steps 1 to 5 of the module's text; none where a step finds that the word is beyond the code.
    fn find(&self, syndromes: &[u8], erased: &[usize], errata: &mut Vec<(usize, u8)>) -> Option<()> {
        let mut erasure_locator = Polynomial::ONE;
        for &position in erased {
            erasure_locator.multiply_by_root(self.points[position]);
        }
        let modified = erasure_locator.product(syndromes, self.syndromes);
        let error_locator = shortest_recurrence(&modified.coefficients()[erased.len()..])?;
        self.find_places(&error_locator, erased, errata)?;

        let locator = error_locator.product(erasure_locator.coefficients(), self.syndromes + 1);
        let evaluator = error_locator.product(modified.coefficients(), errata.len()).logarithms(|_| true);
        let odd_part = locator.logarithms(|exponent| exponent % 2 == 1);
        for (position, magnitude) in &mut *errata {
            let with_multiplier = gf256::div(self.at(&evaluator, *position), self.at(&odd_part, *position))?;
            *magnitude = self.without_multiplier(*position, with_multiplier);
        }
        errata.retain(|&(_, magnitude)| magnitude != 0);
        Some(())
    }

    /// The erased positions and those whose points are the error locator's, none unless these are as many as its degree.
    ///
    /// Fewer means that it has a root twice, at an erased position, or where the code has no symbol.
    fn find_places(&self, locator: &Polynomial, erased: &[usize], errata: &mut Vec<(usize, u8)>) -> Option<()> {
        let mut is_erased = [false; 256];
        for &position in erased {
            is_erased[position] = true;
        }
        let expected = erased.len() + locator.degree();
        let mut roots_left = locator.degree();
        let logarithms = locator.logarithms(|_| true);
        for (position, &is_erased) in is_erased[..self.points.len()].iter().enumerate() {
            if is_erased {
                errata.push((position, 0));
            } else if roots_left > 0 && self.at(&logarithms, position) == 0 {
                errata.push((position, 0));
                roots_left -= 1;
            }
        }
        (errata.len() == expected).then_some(())
    }

    /// e_i from v_i e_i.
    fn without_multiplier(&self, position: usize, product: u8) -> u8 {
        gf256::mul(product, EXP[255 - usize::from(self.multipliers[position])])
    }

    /// A polynomial's value at the inverse of a point.
    fn at(&self, polynomial: &Logarithms, position: usize) -> u8 {
        let row = self.syndromes + 1;
        let powers = &self.powers[position * row..][..row];
        let terms = polynomial.0[..polynomial.1].iter().zip(powers);
        terms.fold(0, |sum, (&log, &power)| sum ^ EXP_OR_ZERO[usize::from(log) + usize::from(power)])
    }

    /// Whether the errata have exactly these syndromes.
    fn explain(&self, errata: &[(usize, u8)], syndromes: &[u8]) -> bool {
        let mut rest = [0; 256];
        let rest = &mut rest[..syndromes.len()];
        rest.copy_from_slice(syndromes);
        for &(position, magnitude) in errata {
            self.add_syndromes(position, magnitude, rest);
        }
        rest.iter().all(|&syndrome| syndrome == 0)
    }

    /// Adds the syndromes of a word that is off by `magnitude` in one symbol.
    pub(crate) fn add_syndromes(&self, position: usize, magnitude: u8, syndromes: &mut [u8]) {
        if magnitude == 0 {
            return;
        }
        let multiplier = EXP[usize::from(self.multipliers[position])];
        let log = usize::from(LOG[usize::from(gf256::mul(multiplier, magnitude))]);
        let powers = &self.powers[position * (self.syndromes + 1)..];
        for (syndrome, &inverse) in syndromes.iter_mut().zip(powers) {
            *syndrome ^= EXP[log + 255 - usize::from(inverse)];
        }
    }
}

/// The connection polynomial of the shortest recurrence that generates a sequence, if no other is as short: Massey's
/// algorithm, whose C, B, L, x and b are `register`, `before`, `length`, `gap` and `before_discrepancy` here.
///
/// None if its length is more than half the sequence, or differs from the polynomial's degree.
fn shortest_recurrence(sequence: &[u8]) -> Option<Polynomial> {
    let (mut register, mut before) = (Polynomial::ONE, Polynomial::ONE);
    let (mut length, mut gap, mut before_discrepancy) = (0, 1, 1);
    for n in 0..sequence.len() {
        let terms = register.coefficients().iter().zip(sequence[..=n].iter().rev());
        let discrepancy = terms.fold(0, |sum, (&c, &s)| sum ^ gf256::mul(c, s));
        if discrepancy == 0 {
            gap += 1;
            continue;
        }
        let scale = gf256::div(discrepancy, before_discrepancy)?;
        if 2 * length > n {
            register.add_shifted(scale, gap, &before);
            gap += 1;
            continue;
        }
        length = n + 1 - length;
        if 2 * length > sequence.len() {
            return None;
        }
        let kept = register;
        register.add_shifted(scale, gap, &before);
        (before, before_discrepancy, gap) = (kept, discrepancy, 1);
    }
    (register.degree() == length).then_some(register)
}

/// A polynomial of degree 255 at most, lowest coefficient first.
#[derive(Clone, Copy)]
struct Polynomial {
    bytes: [u8; 256],
    /// Coefficients in use, at least one; those behind are zero.
    count: usize,
}

impl Polynomial {
    const ONE: Self = {
        let mut bytes = [0; 256];
        bytes[0] = 1;
        Self { bytes, count: 1 }
    };

    fn coefficients(&self) -> &[u8] {
        &self.bytes[..self.count]
    }

    /// The degree, and 0 for the zero polynomial.
    fn degree(&self) -> usize {
        self.coefficients().iter().rposition(|&coefficient| coefficient != 0).unwrap_or(0)
    }

    /// Times (1 + point z).
    fn multiply_by_root(&mut self, point: u8) {
        for exponent in (1..=self.count).rev() {
            self.bytes[exponent] ^= gf256::mul(point, self.bytes[exponent - 1]);
        }
        self.count += 1;
    }

    /// Plus scale z^shift other.
    fn add_shifted(&mut self, scale: u8, shift: usize, other: &Self) {
        for (to, &from) in self.bytes[shift..].iter_mut().zip(other.coefficients()) {
            *to ^= gf256::mul(scale, from);
        }
        self.count = self.count.max(shift + other.count);
    }

    /// The first `count` coefficients of the product, which are zero where the product has fewer.
    fn product(&self, other: &[u8], count: usize) -> Self {
        let mut bytes = [0; 256];
        for (shift, &factor) in self.coefficients().iter().enumerate().take(count) {
            for (to, &from) in bytes[shift..count].iter_mut().zip(other) {
                *to ^= gf256::mul(factor, from);
            }
        }
        Self { bytes, count }
    }

    /// The logarithms of the coefficients up to the degree; those of exponents not wanted count as zero.
    fn logarithms(&self, wanted: impl Fn(usize) -> bool) -> Logarithms {
        let mut logs = [LOG_OF_ZERO; 256];
        let count = self.degree() + 1;
        for (exponent, (log, &coefficient)) in logs.iter_mut().zip(&self.bytes[..count]).enumerate() {
            if wanted(exponent) {
                *log = gf256::log(coefficient);
            }
        }
        Logarithms(logs, count)
    }
}

/// The logarithms of a polynomial's coefficients, and how many there are: made once to evaluate it at many points.
struct Logarithms([u16; 256], usize);

/// [`EXP`], continued with zeros from [`LOG_OF_ZERO`] on.
static EXP_OR_ZERO: [u8; 510 + 255] = {
    let mut table = [0; 510 + 255];
    let mut i = 0;
    while i < 510 {
        table[i] = EXP[i];
        i += 1;
    }
    table
};
