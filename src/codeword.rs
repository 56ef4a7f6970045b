//! Classic Reed-Solomon codewords: a message and its parity as one string of up to 255 bytes.
//!
//! The rest of this crate codes across shards, one byte of each at a time. Links, discs, tags and 2-D barcodes code along
//! a string: [`ReedSolomon`] is the systematic RS(n, k) over bytes, k data bytes and then n - k parity bytes. The first
//! byte is the coefficient of the highest power, and the codewords are the multiples of
//!
//! ```text
//! g(x) = product of (x + 2^(first_root + r)) over r = 0..n - k
//! ```
//!
//! in this crate's [field](crate::gf256) (I. S. Reed and G. Solomon, "Polynomial codes over certain finite fields",
//! 1960; R. E. Blahut, "Theory and Practice of Error Control Codes", 1983). A code with n < 255 is a shortened code:
//! it behaves like the code of 255 bytes whose first 255 - n data bytes are zero and not sent. These are the bytes of
//! reedsolo, `RSCodec(nsym=n-k, nsize=n, fcr=first_root)`, and of libfec,
//! `init_rs_char(8, 0x11d, first_root, 1, n-k, 255-n)`.
//!
//! Everything here runs on one CPU thread. Many codewords at once, with byte i of each in shard i, are shards like
//! any others: see [`ReedSolomon::generator`].
//!
//! ```
//! use evariste::codeword::ReedSolomon;
//!
//! let code = ReedSolomon::new(15, 11, 0)?;
//! let mut codeword = *b"hello world\0\0\0\0";
//! let (data, parity) = codeword.split_at_mut(11);
//! code.encode(data, parity)?;
//!
//! codeword[1] = b'a';
//! codeword[13] = 0;
//! let corrected = code.decode(&mut codeword, &[])?;
//! assert_eq!(&codeword[..11], b"hello world");
//! assert!(corrected.positions().eq([1, 13]));
//! # Ok::<(), evariste::Error>(())
//! ```

mod division;

use crate::gf256;
use crate::grs::decoder::{Decoder, Outcome};
use crate::{Error, Matrix};
use division::Division;

/// The largest n: each position needs its own power of 2, and there are 255.
const MAX_CODEWORD_BYTES: usize = 255;

/// A systematic Reed-Solomon code over bytes: RS(n, k), n = k + parity bytes.
///
/// Making one lays out tables of up to 130 KiB; threads may share it.
#[derive(Clone, Debug)]
pub struct ReedSolomon {
    data_bytes: usize,
    first_root: usize,
    division: Division,
    decoder: Decoder,
}

impl ReedSolomon {
    /// The code with codewords of n bytes, k of them data: `ReedSolomon::new(255, 223, 0)`.
    ///
    /// `first_root` is the exponent of the generator polynomial's first root, 0..=254, elsewhere called fcr.
    ///
    /// # Errors
    /// [`Error::CodewordShape`] unless 1 <= k < n <= 255; [`Error::FirstRoot`].
    pub fn new(codeword_bytes: usize, data_bytes: usize, first_root: usize) -> Result<Self, Error> {
        if data_bytes == 0 || data_bytes >= codeword_bytes || codeword_bytes > MAX_CODEWORD_BYTES {
            return Err(Error::CodewordShape { codeword_bytes, data_bytes, limit: MAX_CODEWORD_BYTES });
        }
        if first_root > 254 {
            return Err(Error::FirstRoot { given: first_root, limit: 254 });
        }
        let parity_bytes = codeword_bytes - data_bytes;
        let points: Vec<u8> = (0..codeword_bytes).rev().map(|power| gf256::pow(2, power)).collect();
        let multipliers: Vec<u8> = points.iter().map(|&point| gf256::pow(point, first_root)).collect();
        Ok(Self {
            data_bytes,
            first_root,
            division: Division::new(&generator_polynomial(parity_bytes, first_root)),
            decoder: Decoder::new(&points, &multipliers, parity_bytes),
        })
    }

    /// n: bytes of a codeword.
    #[must_use]
    pub fn codeword_bytes(&self) -> usize {
        self.data_bytes + self.parity_bytes()
    }

    /// k: bytes of data, at the start of a codeword.
    #[must_use]
    pub fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// n - k: bytes of parity, at the end of a codeword.
    #[must_use]
    pub fn parity_bytes(&self) -> usize {
        self.division.remainder_bytes()
    }

    /// The exponent of the generator polynomial's first root.
    #[must_use]
    pub fn first_root(&self) -> usize {
        self.first_root
    }

    /// Computes the n - k bytes of parity of k bytes of data. The old content of `parity` is overwritten.
    ///
    /// # Errors
    /// [`Error::CodewordPart`] if data or parity are of another length.
    pub fn encode(&self, data: &[u8], parity: &mut [u8]) -> Result<(), Error> {
        check_bytes("data", data.len(), self.data_bytes)?;
        check_bytes("parity", parity.len(), self.parity_bytes())?;
        self.division.remainder(data, parity);
        Ok(())
    }

    /// Corrects a codeword in place: e errors anywhere and s erasures, as long as 2e + s <= n - k.
    ///
    /// `erasures` are positions, in any order, where the bytes are known to be unreliable; the bytes there do not
    /// matter. A word with more damage is refused and left unchanged if the excess can be detected. It cannot always be
    /// detected: a word so damaged that it is close enough to another codeword is corrected to that codeword. For a
    /// random word and t = (n - k) / 2 errors that happens with a probability of sum_(i<=t) C(n, i) 255^i / 256^(n-k),
    /// about 1/t! for n = 255 (R. J. McEliece and L. Swanson, "On the decoder error probability for Reed-Solomon codes",
    /// IEEE Trans. IT-32, 1986). A checksum within the data detects such a case.
    ///
    /// # Errors
    /// [`Error::CodewordPart`] for a word of another length; [`Error::Position`], [`Error::Duplicate`] or
    /// [`Error::TooManyErasures`] for positions outside the word, named twice, or more than n - k;
    /// [`Error::Uncorrectable`] if no codeword is within the code's power. The word is then unchanged.
    pub fn decode(&self, codeword: &mut [u8], erasures: &[usize]) -> Result<Corrected, Error> {
        check_bytes("codeword", codeword.len(), self.codeword_bytes())?;
        self.check_erasures(erasures)?;
        let mut errata = Vec::new();
        let mut syndromes = [0; MAX_CODEWORD_BYTES];
        let syndromes = &mut syndromes[..self.parity_bytes()];
        if self.syndromes(codeword, syndromes) {
            match self.decoder.decode(syndromes, erasures, &mut errata) {
                Outcome::Clean | Outcome::Corrected => {}
                Outcome::Beyond => {
                    let errors = (self.parity_bytes() - erasures.len()) / 2;
                    return Err(Error::Uncorrectable { erasures: erasures.len(), errors });
                }
            }
        }
        for &(position, magnitude) in &errata {
            codeword[position] ^= magnitude;
        }
        Ok(Corrected { errata })
    }

    /// The generator matrix, n x k. [`Code::from_generator`](crate::Code::from_generator) turns it into a code across
    /// shards: the bytes at one position of all shards are a codeword.
    ///
    /// ```
    /// use evariste::codeword::ReedSolomon;
    /// use evariste::{Code, Codec};
    ///
    /// let classic = ReedSolomon::new(6, 4, 0)?;
    /// let codec = Codec::new(Code::from_generator(&classic.generator())?)?;
    /// let mut shards = vec![vec![1; 9], vec![2; 9], vec![3; 9], vec![4; 9], vec![0; 9], vec![0; 9]];
    /// codec.encode(&mut shards)?;
    ///
    /// let mut parity = [0; 2];
    /// classic.encode(&[1, 2, 3, 4], &mut parity)?;
    /// assert_eq!([shards[4][0], shards[5][0]], parity);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn generator(&self) -> Matrix {
        let mut columns = vec![vec![0; self.codeword_bytes()]; self.data_bytes];
        for (index, column) in columns.iter_mut().enumerate() {
            let (data, parity) = column.split_at_mut(self.data_bytes);
            data[index] = 1;
            self.division.remainder(data, parity);
        }
        Matrix::from_fn(self.codeword_bytes(), self.data_bytes, |row, column| columns[column][row])
    }

    fn check_erasures(&self, erasures: &[usize]) -> Result<(), Error> {
        let mut seen = [false; MAX_CODEWORD_BYTES];
        let count = self.codeword_bytes();
        for &index in erasures {
            match seen[..count].get_mut(index) {
                None => return Err(Error::Position { index, count }),
                Some(true) => return Err(Error::Duplicate { what: "position", index }),
                Some(new) => *new = true,
            }
        }
        let limit = self.parity_bytes();
        if erasures.len() > limit {
            return Err(Error::TooManyErasures { given: erasures.len(), limit });
        }
        Ok(())
    }

    /// The word's values at the roots of the generator polynomial, and whether any of them is not zero.
    ///
    /// The word and its remainder by g(x) differ by a multiple of g(x), so that they have the same values there. The
    /// remainder takes a table to find, is zero for most words, and has parity positions only.
    fn syndromes(&self, codeword: &[u8], syndromes: &mut [u8]) -> bool {
        let (data, parity) = codeword.split_at(self.data_bytes);
        let mut remainder = [0; MAX_CODEWORD_BYTES];
        let remainder = &mut remainder[..parity.len()];
        self.division.remainder(data, remainder);
        syndromes.fill(0);
        for (position, (byte, parity)) in (self.data_bytes..).zip(remainder.iter_mut().zip(parity)) {
            *byte ^= parity;
            self.decoder.add_syndromes(position, *byte, syndromes);
        }
        remainder.iter().any(|&byte| byte != 0)
    }
}

/// The changes that [`ReedSolomon::decode`] made. Empty if the word was a codeword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    errata: Vec<(usize, u8)>,
}

impl Corrected {
    /// The number of wrong bytes. An erased byte counts only if it was wrong.
    #[must_use]
    pub fn count(&self) -> usize {
        self.errata.len()
    }

    /// Their positions, in rising order.
    pub fn positions(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.errata.iter().map(|&(position, _)| position)
    }
}

/// g(x), highest power first.
fn generator_polynomial(degree: usize, first_root: usize) -> Vec<u8> {
    let mut product = vec![1];
    for index in 0..degree {
        let root = gf256::pow(2, first_root + index);
        product.push(0);
        for i in (1..product.len()).rev() {
            product[i] ^= gf256::mul(root, product[i - 1]);
        }
    }
    product
}

fn check_bytes(what: &'static str, given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::CodewordPart { what, given, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_polynomials_by_hand() {
        // (x + 1)(x + 2) = x^2 + 3x + 2, and (x + 2)(x + 4) = x^2 + 6x + 8.
        assert_eq!(generator_polynomial(2, 0), [1, 3, 2]);
        assert_eq!(generator_polynomial(2, 1), [1, 6, 8]);
    }

    #[test]
    fn the_generator_polynomial_has_the_roots_it_should() {
        for (degree, first_root) in [(1, 254), (4, 0), (32, 120), (254, 200)] {
            let polynomial = generator_polynomial(degree, first_root);
            let value = |exponent| polynomial.iter().fold(0, |sum, &c| gf256::mul(sum, gf256::pow(2, exponent)) ^ c);
            let roots: Vec<usize> = (0..255).filter(|&exponent| value(exponent) == 0).collect();
            let mut expected: Vec<usize> = (0..degree).map(|index| (first_root + index) % 255).collect();
            expected.sort_unstable();
            assert_eq!(roots, expected);
        }
    }
}
