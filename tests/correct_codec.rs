//! A codec's report of a correction: the bytes it corrected in each shard, and the damage it left. A code that cannot locate errors gives a typed
//! error, and nothing changes.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::memory::Slot;
use evariste::{Batch, Code, Codec, Cpu, Erasures, Error, Matrix, Task, View};
use support::{assert_shards_equal, each_backend, stripe};

#[test]
fn a_codec_says_what_it_corrected() {
    let code = Code::reed_solomon(6, 3).unwrap();
    let whole = stripe(&code, 20_000);
    each_backend(|name, backend| {
        let codec = Codec::on(code.clone(), Arc::clone(backend));
        let mut shards = codec.shards(20_000).unwrap();
        for (to, from) in shards.iter_mut().zip(&whole) {
            to.copy_from_slice(from);
        }
        assert!(codec.correct(&mut shards).unwrap().is_clean(), "{name}");
        shards.shard_mut(4)[1000..10_000].iter_mut().for_each(|byte| *byte = !*byte);
        shards.shard_mut(8)[16_390] ^= 1;
        let corrections = codec.correct(&mut shards).unwrap();
        assert_shards_equal(&whole, &shards.iter().collect::<Vec<_>>(), name);
        let found: Vec<_> = corrections.corrected.iter().map(|c| (c.shard, c.bytes.clone(), c.count)).collect();
        assert_eq!(found, [(4, 1000..10_000, 9000), (8, 16_390..16_391, 1)], "{name}");
        assert!(corrections.is_complete() && !corrections.is_confirmed() && !corrections.is_clean(), "{name}");

        // Two parity shards correct one wrong shard at an unknown place, or two if one of the places is known.
        let mut shards = whole.clone();
        for shard in [0, 1] {
            shards[shard][5000..6000].iter_mut().for_each(|byte| *byte = !*byte);
        }
        let damaged = shards.clone();
        let corrections = codec.correct(&mut shards).unwrap();
        let left: usize = corrections.beyond.iter().map(|beyond| beyond.count).sum();
        assert!(!corrections.is_complete() && left > 990, "{name}: {corrections:?}");
        let mut shards = damaged;
        let mut erased = Erasures::none();
        erased.insert(0, 1, 1);
        let corrections = codec.correct_with_erasures(&mut shards, &erased).unwrap();
        assert_shards_equal(&whole, &shards, name);
        assert!(corrections.is_complete() && corrections.corrected.len() == 2, "{name}: {corrections:?}");

        // Four wrong shards in a block cannot be corrected, even if they are consistent with each other.
        (0..4).for_each(|shard| erased.insert(0, 1, shard));
        let corrections = codec.correct_with_erasures(&mut shards, &erased).unwrap();
        let beyond: Vec<_> = corrections.beyond.iter().map(|beyond| (beyond.columns.clone(), beyond.count)).collect();
        assert_eq!(beyond, [(4096..8192, 4096)], "{name}");
    });
}

#[test]
fn what_cannot_be_corrected_is_a_typed_error_and_nothing_is_touched() {
    let random = Matrix::from_rows(&[[1, 0, 0], [0, 1, 0], [0, 0, 1], [7, 9, 200], [31, 4, 77], [90, 1, 13]]).unwrap();
    let error = |code: Code, erased: Erasures| {
        let codec = Codec::on(code.clone(), Arc::new(Cpu::new().unwrap()));
        let mut shards = vec![vec![3; 10]; code.total_shards()];
        let error = codec.correct_with_erasures(&mut shards, &erased).unwrap_err();
        assert!(shards.iter().all(|shard| shard == &[3; 10]), "{error}");
        error
    };
    let custom = error(Code::from_generator(&random).unwrap(), Erasures::none());
    assert!(matches!(custom, Error::CannotLocate { code: "custom", shards: 6, .. }), "{custom}");
    let full = error(Code::reed_solomon(200, 56).unwrap(), Erasures::none());
    assert!(matches!(full, Error::CannotLocate { code: "vandermonde", shards: 256, .. }), "{full}");
    let code = || Code::reed_solomon(4, 2).unwrap();
    assert!(matches!(error(code(), Erasures::everywhere([6])), Error::SlotIndex { slot: 6, slots: 6 }));
    assert!(matches!(error(code(), Erasures::everywhere([1, 2, 9])), Error::SlotIndex { slot: 9, slots: 6 }));
    let lost = error(code(), Erasures::everywhere([0, 3, 4]));
    assert!(matches!(&lost, Error::Unrecoverable { lost, .. } if lost == &[0, 3, 4]), "{lost}");
    let mut erased = Erasures::none();
    erased.insert(0, 1, 2);
    assert!(matches!(error(code(), erased), Error::BlockIndex { stripe: 0, block: 1, stripes: 1, blocks: 1 }));

    let shards = vec![vec![0; 10]; 6];
    let view = View::slices(shards.iter().map(|shard| Slot::Read(shard)), 1).unwrap();
    let (grs, erased) = (code().grs().unwrap(), Erasures::none());
    let batch = Batch::new(Task::Correct { grs: &grs, erased: &erased }, view);
    assert!(matches!(batch.err(), Some(Error::ReadOnlySlot { slot: 0 })));
}
