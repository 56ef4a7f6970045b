//! Every type has a Debug output of a line or two, with its kind and size but without the bytes it holds.

use std::fmt::Debug;

use evariste::memory::Slot;
use evariste::{Batch, Code, Codec, Geometry, Region, Task, View};

#[track_caller]
fn says(thing: &impl Debug, words: &[&str]) {
    let said = format!("{thing:?}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
    assert!(said.len() < 400 && !said.contains("173, 173"), "{said}");
}

#[test]
fn names_and_sizes_but_no_contents() {
    let codec = Codec::new(Code::reed_solomon(2, 1).unwrap()).unwrap();
    says(&codec, &["vandermonde", "data_shards: 2", "parity_shards: 1", "auto"]);
    let mut shards = codec.shards(5000).unwrap();
    shards.iter_mut().for_each(|shard| shard.fill(173));
    says(&shards, &["total_shards: 3", "shard_bytes: 5000"]);
    says(&shards.columns(7..90).unwrap(), &["total_shards: 3", "bytes: 83"]);

    let mut region = Region::new(600).unwrap();
    region.fill(173);
    says(&region, &["600"]);
    says(&[Slot::Read(&region[..200]), Slot::Absent], &["200 bytes", "Absent"]);
    let geometry = Geometry { slots: 3, bytes: 100, slot_stride: 200, stripes: 2, stripe_stride: 100 };
    let view = View::arena(&mut region, geometry).unwrap();
    says(&view, &["slots: 3", "bytes: 100", "stripes: 2"]);
    let plan = codec.code().encode_plan();
    says(&Batch::new(Task::write(&plan), view).unwrap(), &["Write", "stripes: 2"]);
}
