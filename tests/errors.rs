//! Incorrect use is detected before any work: the error states the given and the expected value and the place, and nothing has changed.

#[path = "support/support.rs"]
mod support;

use evariste::{Batch, Code, Codec, Error, Geometry, Matrix, Plan, Task, View, memory::Slot};
use support::{assert_shards_equal, each_codec, painted};

/// A call that must fail on these shards: the numbers its message must hold, and that no byte has changed.
#[track_caller]
fn refuses(shards: Vec<Vec<u8>>, numbers: &[&str], call: impl Fn(&Codec, &mut Vec<Vec<u8>>) -> Result<(), Error>) {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |backend, codec| {
        let mut after = shards.clone();
        let error = call(&codec, &mut after).expect_err(backend);
        assert!(!error.is_device_failure(), "{error}");
        assert_message(&error, numbers);
        assert_shards_equal(&shards, &after, format_args!("{backend}: {error}"));
    });
}

/// Each of these is a separate word of the message.
#[track_caller]
fn assert_message(error: &Error, words: &[&str]) {
    let message = error.to_string();
    let found: Vec<&str> = message.split(|c: char| !c.is_alphanumeric()).collect();
    for word in words {
        assert!(found.contains(word), "`{word}` is missing in: {message}");
    }
    assert!(!message.starts_with(char::is_uppercase), "{message}");
}

fn of_lengths(lengths: &[usize]) -> Vec<Vec<u8>> {
    painted(lengths.len(), 100).into_iter().zip(lengths).map(|(shard, &bytes)| shard[..bytes].to_vec()).collect()
}

#[test]
fn another_number_of_shards() {
    for count in [0, 1, 5, 7] {
        let numbers = [count.to_string(), "6".to_owned()];
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        refuses(painted(count, 10), &numbers, |codec, shards| codec.encode(shards));
        refuses(painted(count, 10), &numbers, |codec, shards| codec.verify(shards).map(|_| ()));
        refuses(painted(count, 10), &numbers, |codec, shards| codec.reconstruct(shards, &[0]));
    }
}

#[test]
fn shards_of_different_lengths() {
    for (lengths, numbers) in
        [([10, 10, 10, 9, 10, 10], ["3", "9", "0", "10"]), ([10, 10, 10, 10, 10, 64], ["5", "64", "0", "10"])]
    {
        refuses(of_lengths(&lengths), &numbers, |codec, shards| codec.encode(shards));
        refuses(of_lengths(&lengths), &numbers, |codec, shards| codec.verify(shards).map(|_| ()));
        refuses(of_lengths(&lengths), &numbers, |codec, shards| codec.reconstruct(shards, &[1]));
    }
}

#[test]
fn shards_without_bytes() {
    refuses(of_lengths(&[0; 6]), &["0", "1"], |codec, shards| codec.encode(shards));
    refuses(of_lengths(&[0; 6]), &["0", "1"], |codec, shards| codec.reconstruct(shards, &[0, 1]));
}

#[test]
fn shards_that_do_not_exist_or_are_named_twice() {
    let shards = || painted(6, 33);
    refuses(shards(), &["6", "6"], |codec, shards| codec.reconstruct(shards, &[0, 6]));
    refuses(shards(), &["99", "6"], |codec, shards| codec.reconstruct(shards, &[99]));
    refuses(shards(), &["2", "twice"], |codec, shards| codec.reconstruct(shards, &[2, 3, 2]));
    refuses(shards(), &["3"], |codec, shards| codec.reconstruct_some(shards, &[1, 2], &[3]));
    refuses(shards(), &["1", "twice"], |codec, shards| codec.reconstruct_some(shards, &[1, 2], &[1, 1]));
}

#[test]
fn more_losses_than_the_code_bears() {
    refuses(painted(6, 33), &["0", "3", "5"], |codec, shards| codec.reconstruct(shards, &[0, 3, 5]));
    let message = |code: &Code, lost: &[usize]| code.repair_plan(lost, lost, &|_| 1).unwrap_err().to_string();
    let rs = Code::reed_solomon(4, 2).unwrap();
    assert_eq!(message(&rs, &[0, 3, 5]), "shards [0, 3, 5] are beyond repair with [0, 3, 5] lost");
    // Two data shards and a copy of the first.
    let copy = Code::from_generator(&Matrix::from_rows(&[[1, 0], [0, 1], [1, 0]]).unwrap()).unwrap();
    assert_eq!(message(&copy, &[0, 1]), "shards [1] are beyond repair with [0, 1] lost; [0] can still be rebuilt");
}

#[test]
fn missing_shards_are_named_by_what_is_there() {
    each_codec(&Code::reed_solomon(2, 2).unwrap(), |backend, codec| {
        let refuse = |shards: Vec<Option<Vec<u8>>>, words: &[&str]| {
            let mut after = shards.clone();
            let error = codec.reconstruct_missing(&mut after).expect_err(backend);
            assert_message(&error, words);
            assert_eq!(after, shards, "{backend}: {error}");
        };
        refuse(vec![None; 4], &["4"]);
        refuse(vec![None; 3], &["3", "4"]);
        refuse(vec![Some(vec![1; 5]); 5], &["5", "4"]);
        refuse(vec![Some(vec![]), Some(vec![]), None, None], &["0"]);
        refuse(vec![Some(vec![1; 5]), Some(vec![2; 6]), None, None], &["1", "6", "0", "5"]);
        // Shard 0 is missing: no length of it can be told.
        refuse(vec![None, Some(vec![2; 6]), Some(vec![1; 5]), None], &["2", "5", "1", "6"]);
        refuse(vec![Some(vec![1; 5]), None, None, None], &["1", "2", "3"]);
    });
}

#[test]
fn an_update_of_the_wrong_shape() {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |backend, codec| {
        let (old, new, parity) = (vec![1; 20], vec![2; 20], painted(2, 20));
        let refuse = |shard: usize, old: &[u8], new: &[u8], old_parity: &[Vec<u8>], count: usize, words: &[&str]| {
            let before = vec![vec![0xee; 20]; count];
            let mut after = before.clone();
            let error = codec.update(shard, old, new, old_parity, &mut after).expect_err(backend);
            assert_message(&error, words);
            assert_shards_equal(&before, &after, format_args!("{backend}: {error}"));
        };
        refuse(4, &old, &new, &parity, 2, &["4", "not", "data"]);
        refuse(0, &old, &new, &parity[..1], 2, &["1", "2"]);
        refuse(0, &old, &new, &parity, 3, &["3", "2"]);
        refuse(0, &old, &new[..19], &parity, 2, &["19", "20"]);
        refuse(0, &old[..7], &new[..7], &parity, 2, &["7", "20"]);
        let error = codec.update(0, &[], &[], &[vec![], vec![]], &mut [vec![], vec![]]).expect_err(backend);
        assert!(matches!(error, Error::EmptyShards), "{backend}: {error}");
    });
}

#[test]
fn data_and_parity_apart() {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |backend, codec| {
        let refuse = |data: usize, parity: &[usize], words: &[&str]| {
            let before: Vec<Vec<u8>> = parity.iter().map(|&bytes| vec![0xee; bytes]).collect();
            let mut after = before.clone();
            let error = codec.encode_into(&painted(data, 20), &mut after).expect_err(backend);
            assert_message(&error, words);
            assert_shards_equal(&before, &after, format_args!("{backend}: {error}"));
        };
        refuse(3, &[20, 20], &["3", "4"]);
        refuse(4, &[20], &["1", "2"]);
        refuse(4, &[20, 21], &["5", "21", "0", "20"]);
        // As many in all, but divided differently: a data shard would be overwritten, or parity read as data.
        refuse(3, &[20, 20, 20], &["3", "4"]);
        refuse(5, &[20], &["5", "4"]);
    });
}

#[test]
fn columns_outside_the_shards() {
    each_codec(&Code::reed_solomon(2, 1).unwrap(), |_, codec| {
        let mut shards = codec.shards(100).unwrap();
        let message = |range: std::ops::Range<usize>, shards: &mut evariste::Shards, words: &[&str]| {
            assert_message(&shards.columns(range).err().unwrap(), words);
        };
        message(0..101, &mut shards, &["0", "101", "100"]);
        message(101..102, &mut shards, &["101", "102", "100"]);
        #[expect(clippy::reversed_empty_ranges, reason = "wrong on purpose")]
        message(50..40, &mut shards, &["50", "40", "100"]);
        let mut none = shards.columns(7..7).unwrap();
        assert!(matches!(codec.encode(&mut none), Err(Error::EmptyShards)));
    });
}

#[test]
fn codes_out_of_range() {
    let message = |code: Result<Code, Error>, words: &[&str]| assert_message(&code.unwrap_err(), words);
    message(Code::reed_solomon(0, 4), &["0", "4"]);
    message(Code::reed_solomon(4, 0), &["4", "0"]);
    message(Code::reed_solomon(200, 57), &["257", "256"]);
    message(Code::cauchy(256, 1), &["257", "256"]);
    message(Code::raid6(256), &["256", "255"]);
    message(Code::raid5(0), &["0"]);
    assert!(Code::reed_solomon(usize::MAX, usize::MAX).is_err());
    let not_systematic = Matrix::from_rows(&[[1, 0], [0, 7], [1, 1]]).unwrap();
    message(Code::from_generator(&not_systematic), &["1", "7"]);
    assert_message(&Matrix::from_rows(&[vec![1, 2], vec![3]]).unwrap_err(), &["1", "2"]);
}

#[test]
fn plans_and_views_that_do_not_fit() {
    assert!(Plan::new(&[0, 1], &[2], Matrix::identity(2)).is_err(), "two rows for one target");
    assert!(Plan::new(&[0, 1], &[1], Matrix::from_rows(&[[1, 1]]).unwrap()).is_err(), "a target that is a source");
    assert!(Plan::new(&[0, 0], &[1], Matrix::from_rows(&[[1, 1]]).unwrap()).is_err(), "a source twice");
    let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();

    let mut memory = [0; 64];
    let geometry = Geometry { slots: 2, bytes: 16, slot_stride: 15, stripes: 1, stripe_stride: 0 };
    assert_message(&View::arena(&mut memory, geometry).err().unwrap(), &["15", "16"]);
    let geometry = Geometry { slots: 2, bytes: 16, slot_stride: 49, stripes: 1, stripe_stride: 0 };
    assert_message(&View::arena(&mut memory, geometry).err().unwrap(), &["65", "64"]);

    let (source, mut target) = ([1; 8], [2; 8]);
    let view = View::slices([Slot::Read(&source), Slot::Read(&target)], 1).unwrap();
    assert_message(&Batch::new(Task::write(&plan), view).err().unwrap(), &["1", "read"]);
    let view = View::slices([Slot::Absent, Slot::Write(&mut target)], 1).unwrap();
    assert_message(&Batch::new(Task::write(&plan), view).err().unwrap(), &["0", "2"]);
    assert_message(
        &View::slices([Slot::Read(&source), Slot::Read(&source[..7])], 1).err().unwrap(),
        &["1", "7", "0", "8"],
    );
}

#[test]
fn a_view_that_replaced_a_checked_one() {
    let plan = Code::raid5(2).unwrap().encode_plan();
    let (mut memory, read_only) = (vec![0; 3 * 64], vec![0; 3 * 64]);
    let geometry = Geometry::one_stripe(3, 64).unwrap();
    let geometry = Geometry { slot_stride: 64, ..geometry };
    let mut batch = Batch::new(Task::write(&plan), View::arena(&mut memory, geometry).unwrap()).unwrap();
    batch.check().unwrap();
    *batch.view_mut() = View::arena_ref(&read_only, geometry).unwrap();
    assert_message(&batch.check().unwrap_err(), &["2"]);
    each_codec(&Code::raid5(2).unwrap(), |backend, codec| {
        let mut batch = Batch::new(Task::Check(&plan), View::arena_ref(&read_only, geometry).unwrap()).unwrap();
        *batch.view_mut() = View::arena_ref(&read_only, Geometry { slots: 2, ..geometry }).unwrap();
        let error = codec.backend().run(&mut [batch]).expect_err(backend);
        assert_message(&error, &["slot", "2"]);
    });
}
