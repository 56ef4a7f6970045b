//! From a matrix to WGSL: the generator of compiled kernels.
//! With coefficients written as sums of powers 2^(b-7), row r of the product is the sum over bits b of 2^(b-7) * T(r, b), where
//! T(r, b) is the sum of the sources whose coefficient has bit b. Horner's rule takes the bits from the lowest up, so a kernel
//! consists of XORs and seven halvings for each row. It halves instead of doubling because the bit that is shifted out of a byte
//! is then the lowest one, which needs no further shift: four operations instead of five. The two methods differ in how they
//! compute T:
//!
//! - [`Method::Rows`] keeps the sources in registers and finishes row after row. Best while they fit.
//! - [`Method::Sums`] keeps every T of its rows in registers and takes the sources a few at a time. Best for many sources.
//!
//! Both may take the sources in groups: the XORs of each subset of a group are made once and serve all rows and bits (the
//! "method of the four Russians": V. L. Arlazarov, E. A. Dinic, M. A. Kronrod and I. A. Faradzev, "On economical
//! construction of the transitive closure of a directed graph", 1970).

use std::fmt::Write;
use std::ops::Range;

use crate::gpu::launch::{Addressing, Mode, prelude};
use crate::gpu::variant::{Method, Variant};
use crate::{Matrix, gf256};

pub(super) const TEMPLATE: &str = include_str!("../../../shaders/compiled.wgsl");

/// The WGSL of rows `rows` of a matrix.
pub(in crate::gpu) fn generate(
    matrix: &Matrix,
    rows: Range<usize>,
    variant: Variant,
    mode: Mode,
    addressing: Addressing,
) -> String {
    let slot_vectors = (matrix.cols() + matrix.rows()).div_ceil(4).to_string();
    let text = prelude(variant.width, mode, addressing) + &TEMPLATE.replace("{{SLOT_VECTORS}}", &slot_vectors);
    let bits = bits(matrix);
    let mut generator = Generator { bits, mode, rows, names: Names { word: "Word", halve: "halve" }, text };
    generator.begin(variant.workgroup);
    match variant.method {
        Method::Rows { group } => generator.rows(group),
        Method::Sums { group, step } => generator.sums(group, step),
    }
    generator.end();
    generator.text
}

/// A function `name` from a word of every source to a word of every target, and the structure it returns, `Name`.
pub(in crate::gpu) fn function(matrix: &Matrix, group: usize, name: &str, names: Names) -> String {
    let rows = 0..matrix.rows();
    let mut generator =
        Generator { bits: bits(matrix), mode: Mode::Write, rows: rows.clone(), names, text: String::new() };
    let Names { word, .. } = names;
    let result = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let list = |prefix: &str, count: usize, of: &str| {
        let members: Vec<String> = (0..count).map(|at| format!("{prefix}{at}{of}")).collect();
        members.join(", ")
    };
    let typed = format!(": {word}");
    generator.line(format_args!("struct {result} {{ {} }}\n", list("r", rows.len(), &typed)));
    generator.line(format_args!("fn {name}({}) -> {result} {{", list("s", matrix.cols(), &typed)));
    let groups = generator.groups(group);
    groups.iter().for_each(|group| generator.combinations(group));
    for row in rows.clone() {
        let sums: Vec<Vec<String>> = (0..8).map(|bit| generator.terms(&groups, row, bit)).collect();
        generator.sum(row, &sums);
    }
    generator.line(format_args!("    return {result}({});\n}}\n", list("r", rows.len(), "")));
    generator.text
}

/// The bits of 2^7 * c for each coefficient c. With these bits, c is the sum of bit b times 2^(b-7).
fn bits(matrix: &Matrix) -> Matrix {
    Matrix::from_fn(matrix.rows(), matrix.cols(), |row, col| gf256::mul(0x80, matrix.row(row)[col]))
}

/// The names in generated text of a word type and of the function that halves a word.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Names {
    pub(in crate::gpu) word: &'static str,
    pub(in crate::gpu) halve: &'static str,
}

struct Generator {
    /// Row r, column j: the bits b for which source j is part of T(r, b).
    bits: Matrix,
    mode: Mode,
    rows: Range<usize>,
    names: Names,
    text: String,
}

impl Generator {
    fn line(&mut self, line: impl std::fmt::Display) {
        writeln!(self.text, "{line}").expect("writing to a string");
    }

    /// The start of the entry point: the column, and its place in sources and targets.
    fn begin(&mut self, workgroup: u32) {
        self.line(format_args!(
            "
@compute @workgroup_size({workgroup})
fn compiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {{
    let index = (group.y * groups.x + group.x) * {workgroup}u + local;
    if index >= params.columns {{ return; }}
    let place = place_of(index);"
        ));
    }

    /// Groups of `size` sources.
    fn groups(&self, size: usize) -> Vec<Range<usize>> {
        let cols = self.bits.cols();
        (0..cols).step_by(size).map(|first| first..cols.min(first + size)).collect()
    }

    fn load(&mut self, group: &Range<usize>) {
        for source in group.clone() {
            let offset = slot(source);
            self.line(format_args!("    let s{source} = load_source({offset} + place.source);"));
        }
    }

    /// Loads every source, then computes one row after another.
    fn rows(&mut self, group: usize) {
        let groups = self.groups(group);
        groups.iter().for_each(|group| self.load(group));
        self.load_stored();
        groups.iter().for_each(|group| self.combinations(group));
        for row in self.rows.clone() {
            let sums: Vec<Vec<String>> = (0..8).map(|bit| self.terms(&groups, row, bit)).collect();
            self.horner(row, &sums);
        }
    }

    /// Keeps the sums of every row and bit, and adds `step` groups at a time.
    fn sums(&mut self, group: usize, step: usize) {
        let groups = self.groups(group);
        let mut started = vec![[false; 8]; self.bits.rows()];
        self.load_stored();
        for groups in groups.chunks(step) {
            for group in groups {
                self.load(group);
                self.combinations(group);
            }
            for (row, bit) in self.rows.clone().flat_map(|row| (0..8).map(move |bit| (row, bit))) {
                let terms = self.terms(groups, row, bit).join(" ^ ");
                if !terms.is_empty() {
                    let first = !std::mem::replace(&mut started[row][bit], true);
                    let head = if first { format!("var t{row}_{bit} =") } else { format!("t{row}_{bit} ^=") };
                    self.line(format_args!("    {head} {terms};"));
                }
            }
        }
        for row in self.rows.clone() {
            let sum = |bit: usize| if started[row][bit] { vec![format!("t{row}_{bit}")] } else { Vec::new() };
            let sums: Vec<Vec<String>> = (0..8).map(sum).collect();
            self.horner(row, &sums);
        }
    }

    /// The sums over groups that add up to the sum for one row and bit.
    fn terms(&self, groups: &[Range<usize>], row: usize, bit: usize) -> Vec<String> {
        let subsets = groups.iter().map(|group| (group, self.subset(group, row, bit)));
        subsets.filter(|&(_, subset)| subset != 0).map(|(group, subset)| combination(group, subset)).collect()
    }

    /// The sources of a group whose coefficient in `row` has bit `bit`, as a bit set.
    fn subset(&self, group: &Range<usize>, row: usize, bit: usize) -> usize {
        let has_bit = |&(_, source): &(usize, usize)| self.bits.row(row)[source] >> bit & 1 == 1;
        group.clone().enumerate().filter(has_bit).map(|(position, _)| 1 << position).sum()
    }

    /// The sums of those subsets of a group that some row and bit needs and that are more than one source.
    fn combinations(&mut self, group: &Range<usize>) {
        for subset in 1usize..1 << group.len() {
            let rows = self.rows.clone();
            let wanted = || rows.clone().any(|row| (0..8).any(|bit| self.subset(group, row, bit) == subset));
            if subset.count_ones() > 1 && wanted() {
                let members = (0..group.len()).filter(|position| subset >> position & 1 == 1);
                let terms: Vec<String> = members.map(|position| format!("s{}", group.start + position)).collect();
                let name = combination(group, subset);
                self.line(format_args!("    let {name} = {};", terms.join(" ^ ")));
            }
        }
    }

    /// Horner's rule over the bits of one row, and the use of the result.
    fn horner(&mut self, row: usize, sums: &[Vec<String>]) {
        self.sum(row, sums);
        self.finish(row);
    }

    /// Horner's rule over the bits of one row.
    fn sum(&mut self, row: usize, sums: &[Vec<String>]) {
        let name = format!("r{row}");
        let Names { word, halve } = self.names;
        match sums.iter().position(|sum| !sum.is_empty()) {
            None => self.line(format_args!("    let {name} = {word}();")),
            Some(lowest) => {
                let keyword = if lowest == 7 { "let" } else { "var" };
                self.line(format_args!("    {keyword} {name} = {};", sums[lowest].join(" ^ ")));
                for sum in &sums[lowest + 1..] {
                    let halved = format!("{halve}({name})");
                    let terms: Vec<&str> =
                        std::iter::once(halved.as_str()).chain(sum.iter().map(String::as_str)).collect();
                    self.line(format_args!("    {name} = {};", terms.join(" ^ ")));
                }
            }
        }
    }

    /// In a check: loads the stored targets early, before the values to compare them with are ready.
    fn load_stored(&mut self) {
        if self.mode == Mode::Check {
            for row in self.rows.clone() {
                let offset = slot(self.bits.cols() + row);
                self.line(format_args!("    let p{row} = stored[{offset} + place.destination];"));
            }
        }
    }

    /// Writes a row's result or, in a check, keeps its difference.
    fn finish(&mut self, row: usize) {
        match self.mode {
            Mode::Write => {
                let offset = slot(self.bits.cols() + row);
                self.line(format_args!("    targets[{offset} + place.destination] = r{row};"));
            }
            Mode::Check => self.line(format_args!("    let d{row} = r{row} ^ p{row};")),
        }
    }

    /// In a check: one branch for all rows, because differences are rare.
    fn end(&mut self) {
        if self.mode == Mode::Check {
            let differences: Vec<String> = self.rows.clone().map(|row| format!("d{row}")).collect();
            self.line(format_args!("    if any(({}) != Word()) {{", differences.join(" | ")));
            for row in self.rows.clone() {
                self.line(format_args!("        note({row}u, place, d{row});"));
            }
            self.line("    }");
        }
        self.line("}");
    }
}

/// The offset of a slot's words.
pub(super) fn slot(index: usize) -> String {
    format!("slots[{}].{}", index / 4, ["x", "y", "z", "w"][index % 4])
}

/// The name of the sum of a subset of a group.
fn combination(group: &Range<usize>, subset: usize) -> String {
    if subset.is_power_of_two() {
        format!("s{}", group.start + subset.trailing_zeros() as usize)
    } else {
        format!("c{}_{subset}", group.start)
    }
}
