//! Nodes of disks, with parity inside the nodes and across them.

use crate::{Code, Error};

impl Code {
    /// `nodes` nodes of `disks` disks: in each node `inside` of the disks hold parity of that node, and `across` of the
    /// nodes hold parity of the other nodes. The counts of nodes and disks include parity.
    ///
    /// ```text
    ///   hierarchical(4, 6, 1, 1)      D data, p parity of its node, Q parity of the nodes, position by position
    ///
    ///   node 0   D D D D D p
    ///   node 1   D D D D D p
    ///   node 2   D D D D D p
    ///   node 3   Q Q Q Q Q Q          its last disk is both: p of its node, and Q over the three p
    /// ```
    ///
    /// This is the [nested](Code::nested) code of two codes chosen by their parity counts: [`Code::raid5`] for 1,
    /// [`Code::raid6`] for 2, [`Code::reed_solomon`] for more. Shards are numbered as there. So the code above writes the
    /// same bytes as RAID 55 of 4 groups of 6 disks; this constructor adds any number of parities at either level.
    ///
    /// [Plans](Code::repair_plan) are found over both levels together. So losses are rebuilt that two layers of RAID
    /// software give up on, because a layer alone cannot repair its own words.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a level has no data or no parity; [`Error::TooManyShards`] as for the codes of the
    /// levels; [`Error::TooWide`] beyond [`Code::MAX_NESTED_SHARDS`] in all.
    pub fn hierarchical(nodes: usize, disks: usize, inside: usize, across: usize) -> Result<Self, Error> {
        Self::check_width("hierarchical", nodes.saturating_mul(disks))?;
        let (outer, inner) = (Self::level(nodes, across)?, Self::level(disks, inside)?);
        Ok(Self { name: "hierarchical", ..Self::nested(&outer, &inner)? })
    }

    /// The code of one level: `shards` shards, `parity` of them parity.
    fn level(shards: usize, parity: usize) -> Result<Self, Error> {
        let data = shards.saturating_sub(parity);
        match parity {
            1 => Self::raid5(data),
            2 => Self::raid6(data),
            _ => Self::reed_solomon(data, parity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_one_is_raid55() {
        let code = Code::hierarchical(4, 6, 1, 1).unwrap();
        let raid55 = Code::nested(&Code::raid5(3).unwrap(), &Code::raid5(5).unwrap()).unwrap();
        assert_eq!((code.parity_matrix(), code.groups()), (raid55.parity_matrix(), raid55.groups()));
        assert_eq!((code.data_shards(), code.total_shards(), code.name()), (15, 24, "hierarchical"));
    }

    #[test]
    fn each_level_takes_its_own_losses() {
        let code = Code::hierarchical(4, 5, 2, 1).unwrap();
        // A node, and two disks of every other.
        let of_node = |node| &code.groups().members(node)[..if node == 1 { 5 } else { 2 }];
        let lost: Vec<usize> = (0..4).flat_map(of_node).copied().collect();
        assert!(code.is_recoverable(&lost).unwrap());
    }

    #[test]
    fn limits() {
        assert!(matches!(
            Code::hierarchical(4, 6, 6, 1),
            Err(Error::TooFewShards { data_shards: 0, parity_shards: 6 })
        ));
        assert!(matches!(
            Code::hierarchical(1, 6, 1, 1),
            Err(Error::TooFewShards { data_shards: 0, parity_shards: 1 })
        ));
        assert!(matches!(
            Code::hierarchical(4, 6, 0, 1),
            Err(Error::TooFewShards { data_shards: 6, parity_shards: 0 })
        ));
        assert!(matches!(Code::hierarchical(4, 300, 3, 1), Err(Error::TooManyShards { given: 300, limit: 256, .. })));
        assert!(matches!(Code::hierarchical(65, 64, 2, 2), Err(Error::TooWide { given: 4160, limit: 4096, .. })));
    }
}
