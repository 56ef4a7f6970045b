//! Matrices in steps of a few rows each: what one pass over the sources computes.

use std::collections::BTreeMap;

use crate::Matrix;

/// Rows that are computed together from the same sources. A row of ones needs no multiplication, only XORs.
pub(super) struct Step<F> {
    /// The columns with a coefficient in any of the rows; `None` if that is every column.
    sources: Option<Box<[usize]>>,
    /// Rows of the matrix: first those that are multiplied, then a row of ones if there is one.
    targets: Box<[usize]>,
    ones: bool,
    /// For each source, a factor for each row that is multiplied.
    factors: Box<[F]>,
}

impl<F> Step<F> {
    /// The steps of a matrix, each with at most `max_rows` rows that are multiplied.
    ///
    /// A row that is at least half zeros, such as the parity of a local group, is computed from its own sources only, together
    /// with rows that have the same sources. All other rows are dense and read every source that any of them uses. Each step
    /// takes one row of ones along.
    pub(super) fn all(matrix: &Matrix, max_rows: usize, factor: impl Fn(u8) -> F) -> Box<[Self]> {
        let mut dense = Vec::new();
        let mut sparse: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (index, row) in matrix.iter_rows().enumerate() {
            let sources: Vec<usize> = (0..row.len()).filter(|&j| row[j] != 0).collect();
            if sources.len() > row.len() / 2 {
                dense.push(index)
            } else {
                sparse.entry(sources).or_default().push(index)
            }
        }
        let used = (0..matrix.cols()).filter(|&j| dense.iter().any(|&i| matrix.row(i)[j] != 0)).collect();
        let groups = std::iter::once((used, dense)).chain(sparse);
        groups.flat_map(|(sources, rows)| Self::of_group(matrix, &sources, &rows, max_rows, &factor)).collect()
    }

    fn of_group(
        matrix: &Matrix,
        sources: &[usize],
        rows: &[usize],
        max_rows: usize,
        factor: &impl Fn(u8) -> F,
    ) -> Vec<Self> {
        let is_ones = |&row: &usize| !sources.is_empty() && sources.iter().all(|&j| matrix.row(row)[j] == 1);
        let (ones, rows): (Vec<usize>, Vec<usize>) = rows.iter().copied().partition(is_ones);
        let count = rows.len().div_ceil(max_rows).max(ones.len());
        let mut ones = ones.into_iter();
        let mut rows = &rows[..];
        (0..count)
            .map(|step| {
                // Steps of nearly the same size: ten rows, at most six a step, are five and five.
                let (these, rest) = rows.split_at(rows.len().div_ceil(count - step));
                rows = rest;
                let ones = ones.next();
                let coefficients = sources.iter().flat_map(|&j| these.iter().map(move |&i| matrix.row(i)[j]));
                Self {
                    sources: (sources.len() < matrix.cols()).then(|| sources.into()),
                    factors: coefficients.map(factor).collect(),
                    targets: these.iter().copied().chain(ones).collect(),
                    ones: ones.is_some(),
                }
            })
            .collect()
    }

    /// The columns with a coefficient in any of the rows; `None` if that is every column.
    pub(super) fn sources(&self) -> Option<&[usize]> {
        self.sources.as_deref()
    }

    /// Rows of the matrix: first those that are multiplied, then a row of ones if there is one.
    #[inline(always)]
    pub(super) fn targets(&self) -> &[usize] {
        &self.targets
    }

    /// The number of rows that are multiplied.
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.targets.len() - usize::from(self.ones)
    }

    /// Whether there is a row of ones.
    #[inline(always)]
    pub(super) fn ones(&self) -> bool {
        self.ones
    }

    /// For each source, a factor for each row that is multiplied.
    #[inline(always)]
    pub(super) fn factors(&self) -> &[F] {
        &self.factors
    }
}
