//! Local reconstruction codes: parities of small groups for the common repair, global ones for the rest.

use super::groups::{Groups, runs};
use super::{Line, check_counts};
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// LRC(k, l, g): the data in l groups of k / l shards, an XOR parity for each group, and g global parities.
    ///
    /// C. Huang et al., "Erasure Coding in Windows Azure Storage", ATC 2012. One lost shard of a group is rebuilt from
    /// the k / l others. The numbers of LRC(6, 2, 2):
    ///
    /// ```text
    ///   group 0   0 1 2 | 6      data, then its local parity
    ///   group 1   3 4 5 | 7
    ///   global            8 9    parity of all data, outside the groups
    /// ```
    ///
    /// **Coefficients.** With up to two global parities, up to 17 groups and up to 15 data shards in each, data shard i of
    /// group x has a = 2^(x + 17i), and the global parities are the sums of a * D and of a^2 * D. The numbers 2^(17i) are
    /// the 15 non-zero elements of the subfield GF(16). So the a of one group and their sums lie in GF(16)* times 2^x, and
    /// these sets are disjoint. Hence no sum of two a of one group is a sum of two a of another, which is the condition of
    /// the paper (section 2.2.1): the code is maximally recoverable. It survives every loss that any code of this shape
    /// survives.
    ///
    /// Otherwise the parities are a pyramid code (C. Huang, M. Chen and J. Li, "Pyramid codes: flexible schemes to trade
    /// space for access efficiency in reliable data storage systems", NCA 2007): the parities of an MDS code, here a row of
    /// ones above a Cauchy matrix of g rows, with the row of ones split into the local parities. Like the MDS code it
    /// survives any g + 1 losses, and it survives nearly every larger loss that is survivable at all: LRC(48, 4, 3)
    /// survives .9946 of all losses of five shards, where .9950 is possible.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if there are no data shards, groups or global parities; [`Error::UnevenGroups`] if k is not
    /// a multiple of l; [`Error::TooManyShards`] if k + g + 1 exceeds 256.
    pub fn local(data_shards: usize, groups: usize, globals: usize) -> Result<Self, Error> {
        check_local(data_shards, groups, globals)?;
        if !data_shards.is_multiple_of(groups) {
            return Err(Error::UnevenGroups { data_shards, groups });
        }
        let size = data_shards / groups;
        let coefficients = if globals <= 2 && groups <= 17 && size <= 15 {
            subfield_coefficients(data_shards, size, globals)
        } else {
            pyramid_coefficients(data_shards, globals)
        };
        let xor = Matrix::from_fn(groups, data_shards, |group, data| u8::from(data / size == group));
        let members =
            (0..groups).map(|group| (group * size..(group + 1) * size).chain([data_shards + group]).collect());
        Ok(Self::from_local_groups("local", xor.above(&coefficients), members.collect()))
    }

    /// An LRC whose global parities are in the groups like data, so that every single loss is rebuilt within a group.
    ///
    /// These are the uniform Cauchy LRCs of S. Kadekodi, S. Silas, D. Clausen and A. Merchant, "Practical design
    /// considerations for wide locally recoverable codes (LRCs)", FAST 2023, section 7.
    /// Data and then global parities are cut into `groups` runs, and each run gets an XOR parity. The lengths of the runs
    /// differ by one at most, and longer runs come first. The numbers of 6 data shards, 2 groups, 2 global parities:
    ///
    /// ```text
    ///   group 0   0 1 2 3 | 8
    ///   group 1   4 5 6 7 | 9      6 and 7 are the global parities, 8 and 9 the local ones
    /// ```
    ///
    /// **Coefficients.** Let y_0 .. y_g and one x_j for each data shard be distinct, and L_t the Lagrange polynomial that is
    /// one at y_t and zero at the other y. Global parity t is the sum of L_t(x_j) * D\[j\], t < g: a Reed-Solomon code
    /// evaluated at more points. The Lagrange polynomials add up to one, so the sum of all data and global parities is the
    /// sum of L_g(x_j) * D\[j\], which is one more parity of the same code. The local parities are this parity, split as in
    /// a pyramid code. Hence any g + 1 losses are survived. (Here y_t = t and x_j = g + 1 + j.)
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if there are no data shards, groups or global parities; [`Error::UnevenGroups`] if there
    /// are more groups than data and global parity shards; [`Error::TooManyShards`] if k + g + 1 exceeds 256.
    pub fn local_uniform(data_shards: usize, groups: usize, globals: usize) -> Result<Self, Error> {
        check_local(data_shards, groups, globals)?;
        let covered = data_shards + globals;
        if groups > covered {
            return Err(Error::UnevenGroups { data_shards: covered, groups });
        }
        let coefficients = lagrange_coefficients(data_shards, globals);
        let mut covers = Matrix::zero(groups, covered);
        let mut members = Vec::with_capacity(groups);
        for (group, run) in runs(covered, groups).enumerate() {
            covers.row_mut(group)[run.clone()].fill(1);
            members.push(run.chain([covered + group]).collect());
        }
        let xor = covers.mul(&Matrix::identity(data_shards).above(&coefficients));
        Ok(Self::from_local_groups("local_uniform", coefficients.above(&xor), members))
    }

    /// A code whose groups each rebuild one of their shards.
    fn from_local_groups(name: &'static str, parity: Matrix, members: Vec<Vec<usize>>) -> Self {
        let lines = members.iter().map(|members| Line::new(members.iter().copied(), 1)).collect();
        Self { groups: Groups::new(parity.cols() + parity.rows(), members), lines, ..Self::from_parity(name, parity) }
    }
}

fn check_local(data_shards: usize, groups: usize, globals: usize) -> Result<(), Error> {
    if groups == 0 || globals == 0 {
        return Err(Error::TooFewShards { data_shards, parity_shards: groups.min(globals) });
    }
    check_counts(data_shards, globals)?;
    let given = data_shards.saturating_add(globals).saturating_add(1);
    if given > 256 {
        return Err(Error::TooManyShards {
            code: "local",
            what: "data, global and one local parity",
            given,
            limit: 256,
        });
    }
    Ok(())
}

/// See [`Code::local`]: a and a^2 with a = 2^(group + 17 * position).
fn subfield_coefficients(data_shards: usize, size: usize, globals: usize) -> Matrix {
    Matrix::from_fn(globals, data_shards, |row, data| {
        gf256::pow(gf256::pow(2, data / size + 17 * (data % size)), row + 1)
    })
}

/// See [`Code::local`]: 1 / (x + y) over g distinct y, 0 and then powers of 2^98, and k distinct x among powers of 2^67.
///
/// Any distinct points in any order keep the guarantee. These are the best of tens of thousands tried on LRC(48, 4, 3): of
/// its 3,478,761 losses of five, a code of this shape over a large enough field survives 3,461,289, and this code 3,459,993.
fn pyramid_coefficients(data_shards: usize, globals: usize) -> Matrix {
    let global_points: Vec<u8> = std::iter::once(0).chain((0..globals - 1).map(|t| gf256::pow(2, 98 * t))).collect();
    let is_free = |x: &u8| !global_points.contains(x);
    let data_points: Vec<u8> =
        (0..255).map(|i| gf256::pow(2, 189 + 67 * i)).filter(is_free).take(data_shards).collect();
    Matrix::from_fn(globals, data_shards, |row, data| gf256::inv(data_points[data] ^ global_points[row]).unwrap_or(0))
}

/// See [`Code::local_uniform`]: Lagrange polynomial `row` over the points 0..=globals, at globals + 1 + data.
fn lagrange_coefficients(data_shards: usize, globals: usize) -> Matrix {
    let points: Vec<u8> = (0..=u8::MAX).take(globals + 1 + data_shards).collect();
    let (nodes, data) = points.split_at(globals + 1);
    Matrix::from_fn(globals, data_shards, |row, column| {
        let others = nodes.iter().enumerate().filter(|&(index, _)| index != row);
        others.fold(1, |product, (_, &node)| {
            let factor = gf256::div(data[column] ^ node, nodes[row] ^ node).unwrap_or(0);
            gf256::mul(product, factor)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_numbers() {
        let code = Code::local(6, 2, 2).unwrap();
        let groups: Vec<&[usize]> = code.groups().iter().collect();
        assert_eq!(groups, [[0, 1, 2, 6], [3, 4, 5, 7]]);
        assert_eq!((code.groups().ungrouped(), code.name()), (vec![8, 9], "local"));
        // a = 2^0, 2^17, 2^34 in group 0, twice that in group 1; then its squares.
        let a = [0, 17, 34, 1, 18, 35].map(|power| gf256::pow(2, power));
        assert_eq!(code.parity_matrix().row(0), [1, 1, 1, 0, 0, 0]);
        assert_eq!(code.parity_matrix().row(2), a);
        assert_eq!(code.parity_matrix().row(3), a.map(|a| gf256::mul(a, a)));
    }

    #[test]
    fn a_uniform_code_has_its_global_parities_in_groups() {
        let code = Code::local_uniform(6, 2, 2).unwrap();
        let groups: Vec<&[usize]> = code.groups().iter().collect();
        assert_eq!(groups, [[0, 1, 2, 3, 8], [4, 5, 6, 7, 9]]);
        let generator = code.generator();
        for group in groups {
            let sum = (0..6).map(|column| group.iter().fold(0, |sum, &shard| sum ^ generator.row(shard)[column]));
            assert!(sum.into_iter().all(|element| element == 0));
        }
        let uneven = Code::local_uniform(20, 3, 3).unwrap();
        assert_eq!(uneven.groups().iter().map(<[usize]>::len).collect::<Vec<_>>(), [9, 9, 8]);
        assert_eq!(uneven.name(), "local_uniform");
    }

    /// Any g + 1 losses, with both constructions and both kinds of coefficients.
    #[test]
    fn any_losses_up_to_one_more_than_the_global_parities_are_survived() {
        for (k, l, g) in [(6, 2, 1), (6, 2, 2), (16, 1, 2), (6, 3, 3), (8, 2, 4), (4, 4, 2), (4, 2, 5)] {
            for code in [Code::local(k, l, g).unwrap(), Code::local_uniform(k, l, g).unwrap()] {
                for lost in subsets(code.total_shards(), g + 1) {
                    assert!(code.is_recoverable(&lost).unwrap(), "{}({k}, {l}, {g}): {lost:?}", code.name());
                }
            }
        }
    }

    #[test]
    fn limits() {
        assert!(Code::local(255, 17, 2).is_err());
        assert!(Code::local(238, 17, 2).is_ok());
        assert!(Code::local(252, 2, 3).is_ok());
        assert!(Code::local(2, 2, 253).is_ok());
        assert!(matches!(Code::local(254, 2, 2), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Code::local(usize::MAX, 1, 1), Err(Error::TooManyShards { .. })));
        assert!(matches!(Code::local(12, 5, 2), Err(Error::UnevenGroups { data_shards: 12, groups: 5 })));
        assert!(matches!(Code::local(12, 0, 2), Err(Error::TooFewShards { .. })));
        assert!(matches!(Code::local(12, 2, 0), Err(Error::TooFewShards { .. })));
        assert!(matches!(Code::local(0, 2, 2), Err(Error::TooFewShards { .. })));
        assert!(matches!(Code::local_uniform(3, 6, 2), Err(Error::UnevenGroups { data_shards: 5, groups: 6 })));
        assert!(matches!(Code::local_uniform(300, 6, 2), Err(Error::TooManyShards { .. })));
    }

    /// Every set of `size` of the first `count` numbers.
    fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
        let start = vec![vec![]];
        (0..size).fold(start, |sets, _| {
            let longer = |set: Vec<usize>| {
                let next = set.last().map_or(0, |last| last + 1);
                (next..count).map(move |number| [&set[..], &[number]].concat())
            };
            sets.into_iter().flat_map(longer).collect()
        })
    }
}
