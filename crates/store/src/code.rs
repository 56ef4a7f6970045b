//! Codes and layouts by the names that shard headers give them.

use evariste::{Code, Layout};

/// A code's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeName {
    /// Reed-Solomon, the bytes of reed-solomon-erasure and klauspost/reedsolomon; any 256 shards
    Vandermonde,
    /// Reed-Solomon, the bytes of ISA-L's cauchy1; any 256 shards
    Cauchy,
    /// One parity shard, the XOR of the data
    Raid5,
    /// Two parity shards, the P and Q of Linux md
    Raid6,
    /// Powers of two, the bytes of ISA-L's gf_gen_rs_matrix; up to 21+4, 4+21 or 5+5, or 3 shards of either kind
    IsalRs,
    /// Reed-Solomon, the bytes of Jerasure's reed_sol_van; any 256 shards
    JerasureVan,
    /// raid6's P and Q and further parities, the bytes of SnapRAID; any 256 shards
    Snapraid,
}

impl CodeName {
    /// Every code.
    pub const ALL: [Self; 7] =
        [Self::Vandermonde, Self::Cauchy, Self::Raid5, Self::Raid6, Self::IsalRs, Self::JerasureVan, Self::Snapraid];

    /// The name in headers and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vandermonde => "vandermonde",
            Self::Cauchy => "cauchy",
            Self::Raid5 => "raid5",
            Self::Raid6 => "raid6",
            Self::IsalRs => "isal-rs",
            Self::JerasureVan => "jerasure-van",
            Self::Snapraid => "snapraid",
        }
    }

    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// The number of parity shards, if the code fixes it.
    pub fn own_parity_shards(self) -> Option<usize> {
        match self {
            Self::Vandermonde | Self::Cauchy | Self::IsalRs | Self::JerasureVan | Self::Snapraid => None,
            Self::Raid5 => Some(1),
            Self::Raid6 => Some(2),
        }
    }

    /// Builds the code. `parity_shards` is ignored by codes that fix it.
    ///
    /// # Errors
    /// Where the code does not exist with these numbers.
    pub fn build(self, data_shards: usize, parity_shards: usize) -> Result<Code, evariste::Error> {
        match self {
            Self::Vandermonde => Code::vandermonde(data_shards, parity_shards),
            Self::Cauchy => Code::cauchy(data_shards, parity_shards),
            Self::Raid5 => Code::raid5(data_shards),
            Self::Raid6 => Code::raid6(data_shards),
            Self::IsalRs => Code::isal_rs(data_shards, parity_shards),
            Self::JerasureVan => Code::jerasure_van(data_shards, parity_shards),
            Self::Snapraid => Code::snapraid(data_shards, parity_shards),
        }
    }
}

impl std::fmt::Display for CodeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The code of a set: a flat one, or one of groups of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetCode {
    /// One code over all shards.
    Flat(CodeName),
    /// Groups of shards. A layout that equals a flat code is always written as [`SetCode::Flat`].
    Grouped(Layout),
}

impl SetCode {
    /// A layout's code: flat where the layout equals a flat code.
    pub fn of_layout(layout: Layout) -> Self {
        match layout {
            Layout::ReedSolomon { .. } => Self::Flat(CodeName::Vandermonde),
            Layout::Raid5 { .. } => Self::Flat(CodeName::Raid5),
            Layout::Raid6 { .. } => Self::Flat(CodeName::Raid6),
            Layout::Cauchy { .. } => Self::Flat(CodeName::Cauchy),
            Layout::IsalRs { .. } => Self::Flat(CodeName::IsalRs),
            Layout::JerasureVan { .. } => Self::Flat(CodeName::JerasureVan),
            Layout::Snapraid { .. } => Self::Flat(CodeName::Snapraid),
            _ => Self::Grouped(layout),
        }
    }

    /// Whether the code can have these numbers of data and parity shards.
    pub fn has_shape(&self, data_shards: usize, parity_shards: usize) -> bool {
        match self {
            Self::Flat(code) => code.own_parity_shards().is_none_or(|own| own == parity_shards),
            Self::Grouped(layout) => (layout.data_shards(), layout.parity_shards()) == (data_shards, parity_shards),
        }
    }

    /// Builds the code.
    ///
    /// # Errors
    /// Where the code does not exist with these numbers.
    pub fn build(&self, data_shards: usize, parity_shards: usize) -> Result<Code, evariste::Error> {
        match self {
            Self::Flat(code) => code.build(data_shards, parity_shards),
            Self::Grouped(layout) => layout.code(),
        }
    }
}

impl std::fmt::Display for SetCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flat(code) => write!(f, "{code}"),
            Self::Grouped(layout) => write!(f, "{layout}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library() {
        for name in CodeName::ALL {
            assert_eq!(CodeName::from_name(name.as_str()), Some(name));
            let code = name.build(5, name.own_parity_shards().unwrap_or(3)).unwrap();
            assert_eq!(code.name(), name.as_str());
        }
    }
}
