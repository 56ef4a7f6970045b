//! Dense matrices over GF(2^8). Codes are defined by them, and repair plans are solved with them.

use crate::{Error, gf256};

/// A matrix of field elements, row by row.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    elements: Box<[u8]>,
}

impl Matrix {
    /// The matrix of zeros.
    #[must_use]
    pub fn zero(rows: usize, cols: usize) -> Self {
        Self { rows, cols, elements: vec![0; rows * cols].into() }
    }

    /// The matrix whose element at (row, column) is `element(row, column)`.
    #[must_use]
    pub fn from_fn(rows: usize, cols: usize, mut element: impl FnMut(usize, usize) -> u8) -> Self {
        let mut matrix = Self::zero(rows, cols);
        for row in 0..rows {
            for (col, e) in matrix.row_mut(row).iter_mut().enumerate() {
                *e = element(row, col);
            }
        }
        matrix
    }

    /// The matrix with these rows.
    ///
    /// # Errors
    /// [`Error::MatrixShape`] if a row's length differs from the first row's.
    pub fn from_rows<R: AsRef<[u8]>>(rows: &[R]) -> Result<Self, Error> {
        let cols = rows.first().map_or(0, |row| row.as_ref().len());
        let mut elements = Vec::with_capacity(rows.len() * cols);
        for (index, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != cols {
                return Err(Error::MatrixShape { row: index, given: row.len(), expected: cols });
            }
            elements.extend_from_slice(row);
        }
        Ok(Self { rows: rows.len(), cols, elements: elements.into() })
    }

    /// The identity.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        Self::from_fn(size, size, |row, col| u8::from(row == col))
    }

    /// V\[r\]\[c\] = r^c: any `cols` rows are independent, as long as there are at most 256.
    ///
    /// # Errors
    /// [`Error::TooManyShards`] if `rows` exceeds the 256 distinct elements of the field.
    pub fn vandermonde(rows: usize, cols: usize) -> Result<Self, Error> {
        let points = field_elements("a Vandermonde matrix", rows)?;
        Ok(Self::from_fn(rows, cols, |row, col| gf256::pow(points[row], col)))
    }

    /// C\[i\]\[j\] = 1 / ((cols + i) + j): every square submatrix is invertible (A. L. Cauchy, 1841; Bloemer et al.,
    /// "An XOR-based erasure-resilient coding scheme", 1995).
    ///
    /// # Errors
    /// [`Error::TooManyShards`] if `rows + cols` exceeds the 256 distinct elements of the field.
    pub fn cauchy(rows: usize, cols: usize) -> Result<Self, Error> {
        let points = field_elements("a Cauchy matrix", rows.saturating_add(cols))?;
        Ok(Self::from_fn(rows, cols, |row, col| {
            gf256::EXP[255 - usize::from(gf256::LOG[usize::from(points[cols + row] ^ points[col])])]
        }))
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u8] {
        assert!(row < self.rows, "row {row} of a matrix with {} rows", self.rows);
        &self.elements[row * self.cols..][..self.cols]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [u8] {
        &mut self.elements[row * self.cols..][..self.cols]
    }

    /// Every row, in order.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.rows).map(|row| self.row(row))
    }

    /// Two rows at once, to combine them.
    fn two_rows(&mut self, read: usize, write: usize) -> (&[u8], &mut [u8]) {
        let cols = self.cols;
        let (low, high) = self.elements.split_at_mut(read.max(write) * cols);
        if read < write {
            (&low[read * cols..][..cols], &mut high[..cols])
        } else {
            (&high[..cols], &mut low[write * cols..][..cols])
        }
    }

    /// Adds `factor` times row `read` to row `write`.
    pub(crate) fn add_scaled_row(&mut self, read: usize, write: usize, factor: u8) {
        let (from, to) = self.two_rows(read, write);
        // Bit by bit rather than by logarithms: this way the compiler takes many bytes at once.
        let products: [u8; 8] = std::array::from_fn(|bit| gf256::mul(1 << bit, factor));
        for (to, &from) in to.iter_mut().zip(from) {
            for (bit, product) in products.iter().enumerate() {
                *to ^= product & 0u8.wrapping_sub(from >> bit & 1);
            }
        }
    }

    pub(crate) fn swap_rows(&mut self, a: usize, b: usize) {
        if a != b {
            for col in 0..self.cols {
                self.elements.swap(a * self.cols + col, b * self.cols + col);
            }
        }
    }

    /// Multiplies a row by `factor`.
    pub(crate) fn scale_row(&mut self, row: usize, factor: u8) {
        if factor != 1 {
            for e in self.row_mut(row) {
                *e = gf256::mul(*e, factor);
            }
        }
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Self::from_fn(rows.len(), self.cols, |row, col| self.row(rows[row])[col])
    }

    /// This matrix above another.
    ///
    /// # Panics
    /// If their widths differ.
    #[must_use]
    pub fn above(&self, below: &Self) -> Self {
        assert_eq!(self.cols, below.cols, "matrices of different widths");
        Self {
            rows: self.rows + below.rows,
            cols: self.cols,
            elements: [&self.elements[..], &below.elements[..]].concat().into(),
        }
    }

    /// The product `self * right`.
    ///
    /// # Panics
    /// If `self` is not as wide as `right` is high.
    #[must_use]
    pub fn mul(&self, right: &Self) -> Self {
        assert_eq!(self.cols, right.rows, "the left matrix must be as wide as the right one is high");
        let mut product = Self::zero(self.rows, right.cols);
        for row in 0..self.rows {
            for (inner, &factor) in self.row(row).iter().enumerate() {
                for (p, &r) in product.row_mut(row).iter_mut().zip(right.row(inner)) {
                    *p ^= gf256::mul(factor, r);
                }
            }
        }
        product
    }

    /// The inverse, by Gauss-Jordan elimination; `None` if the matrix is singular or not square.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        if self.rows != self.cols {
            return None;
        }
        let size = self.rows;
        let mut work =
            Self::from_fn(
                size,
                2 * size,
                |row, col| {
                    if col < size { self.row(row)[col] } else { u8::from(col - size == row) }
                },
            );
        let pivots = work.reduce(size);
        (pivots.len() == size).then(|| Self::from_fn(size, size, |row, col| work.row(row)[size + col]))
    }

    /// The rank: how many rows are independent.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.clone().reduce(self.cols).len()
    }

    /// Brings the matrix to reduced row echelon form over its first `cols` columns, taken in order, and returns the
    /// pivots' columns; pivot i stands in row i.
    pub(crate) fn reduce(&mut self, cols: usize) -> Vec<usize> {
        let mut pivots = Vec::new();
        for col in 0..cols {
            let next = pivots.len();
            let Some(found) = (next..self.rows).find(|&row| self.row(row)[col] != 0) else { continue };
            self.swap_rows(next, found);
            self.eliminate(next, col);
            pivots.push(col);
            if pivots.len() == self.rows {
                break;
            }
        }
        pivots
    }

    /// Scales row `row` so that its element in `col` is one, and clears that column everywhere else.
    pub(crate) fn eliminate(&mut self, row: usize, col: usize) {
        if let Some(factor) = gf256::inv(self.row(row)[col]) {
            self.scale_row(row, factor);
            for other in (0..self.rows).filter(|&other| other != row) {
                let factor = self.row(other)[col];
                if factor != 0 {
                    self.add_scaled_row(row, other, factor);
                }
            }
        }
    }
}

/// The first `count` elements of the field, 0, 1, 2, ...
fn field_elements(code: &'static str, count: usize) -> Result<Vec<u8>, Error> {
    let too_many = || Error::TooManyShards { code, what: "data and parity", given: count, limit: 256 };
    if count > 256 {
        return Err(too_many());
    }
    Ok((0..=u8::MAX).take(count).collect())
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter_rows()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_matrix(max: usize) -> impl Strategy<Value = Matrix> {
        (1..=max, 1..=max).prop_flat_map(|(rows, cols)| {
            proptest::collection::vec(any::<u8>(), rows * cols)
                .prop_map(move |e| Matrix::from_fn(rows, cols, |row, col| e[row * cols + col]))
        })
    }

    proptest! {
        #[test]
        fn inverse_times_matrix_is_identity(matrix in any_matrix(12)) {
            match matrix.inverse() {
                Some(inverse) => {
                    prop_assert_eq!(inverse.mul(&matrix), Matrix::identity(matrix.rows()));
                    prop_assert_eq!(matrix.mul(&inverse), Matrix::identity(matrix.rows()));
                }
                None => prop_assert!(matrix.rows() != matrix.cols() || matrix.rank() < matrix.rows()),
            }
        }

        #[test]
        fn rank_of_a_product_is_at_most_its_inner_width(
            (a, b) in (1..6usize).prop_flat_map(|inner| {
                let element = proptest::collection::vec(any::<u8>(), 8 * inner);
                (element.clone(), element).prop_map(move |(a, b)| (
                    Matrix::from_fn(8, inner, |r, c| a[r * inner + c]),
                    Matrix::from_fn(inner, 8, |r, c| b[r * 8 + c]),
                ))
            })
        ) {
            prop_assert!(a.mul(&b).rank() <= a.cols());
        }
    }

    #[test]
    fn rank_counts_independent_rows() {
        assert_eq!(Matrix::identity(5).rank(), 5);
        assert_eq!(Matrix::zero(3, 4).rank(), 0);
        // Row 2 is 3 times row 0 plus row 1.
        let dependent = Matrix::from_rows(&[[1, 0, 2], [0, 1, 7], [3, 1, gf256::mul(3, 2) ^ 7]]).unwrap();
        assert_eq!(dependent.rank(), 2);
        assert_eq!(dependent.inverse(), None);
    }

    #[test]
    fn every_square_of_a_cauchy_matrix_is_invertible() {
        let cauchy = Matrix::cauchy(4, 6).unwrap();
        for rows in 1u32..16 {
            for cols in 1u32..64 {
                let pick = |bits: u32, n: usize| (0..n).filter(|i| bits >> i & 1 == 1).collect::<Vec<_>>();
                let (rows, cols) = (pick(rows, 4), pick(cols, 6));
                if rows.len() == cols.len() {
                    let square = Matrix::from_fn(rows.len(), cols.len(), |r, c| cauchy.row(rows[r])[cols[c]]);
                    assert!(square.inverse().is_some(), "{square:?}");
                }
            }
        }
    }

    #[test]
    fn ragged_rows_are_refused() {
        let error = Matrix::from_rows(&[vec![1, 2], vec![3]]).unwrap_err();
        assert!(matches!(error, Error::MatrixShape { row: 1, given: 1, expected: 2 }), "{error}");
    }

    #[test]
    fn more_points_than_elements_are_refused() {
        assert!(Matrix::vandermonde(256, 3).is_ok());
        assert!(matches!(Matrix::vandermonde(257, 3), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Matrix::cauchy(usize::MAX, 3), Err(Error::TooManyShards { .. })));
    }
}
