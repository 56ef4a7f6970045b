//! A stream of any length gives the same shards as its stripes one by one, and is restored from the shards that are left. Readers
//! and writers may be slow, short, interrupted or broken.

#[path = "support/support.rs"]
mod support;

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use evariste::{Code, Codec, Cpu, Error, StreamCodec};
use support::faulty::{Breaks, Never, Trickle};
use support::{Rng, each_codec, paint};

fn painted_object(bytes: usize) -> Vec<u8> {
    let mut object = vec![0; bytes];
    paint(bytes, &mut object);
    object
}

/// A codec on the CPU, for tests of readers and writers, which see no backend.
fn stream(code: Code, unit_bytes: usize) -> StreamCodec {
    StreamCodec::new(&Codec::on(code, std::sync::Arc::new(Cpu::new().unwrap())), unit_bytes).unwrap()
}

/// The shards of an object as a codec gives them, stripe by stripe.
fn shards_by_stripe(codec: &Codec, object: &[u8], unit_bytes: usize) -> Vec<Vec<u8>> {
    let mut shards = vec![Vec::new(); codec.code().total_shards()];
    for stripe in object.chunks(unit_bytes * codec.code().data_shards()) {
        let mut units = codec.split(stripe);
        codec.encode(&mut units).unwrap();
        shards.iter_mut().zip(units).for_each(|(shard, unit)| shard.extend(unit));
    }
    shards
}

fn encoded(stream: &StreamCodec, object: &[u8]) -> Vec<Vec<u8>> {
    let mut shards = vec![Vec::new(); stream.codec().code().total_shards()];
    assert_eq!(stream.encode(object, &mut shards).unwrap(), object.len() as u64);
    shards
}

/// The shards without the lost ones, to be read.
fn without<'a>(shards: &'a [Vec<u8>], lost: &[usize]) -> Vec<Option<&'a [u8]>> {
    shards.iter().enumerate().map(|(index, shard)| (!lost.contains(&index)).then_some(&shard[..])).collect()
}

/// Around the lengths at which a stripe begins, and at which its units grow by a byte.
fn lengths(stripe_bytes: usize, data_shards: usize) -> impl Iterator<Item = usize> {
    let around = |bytes: usize| [bytes.saturating_sub(1), bytes, bytes + 1];
    let stripes = [0, 1, 2, 3, 5, 9].into_iter().flat_map(move |stripes| around(stripes * stripe_bytes));
    stripes.chain(around(data_shards)).chain(around(stripe_bytes + data_shards))
}

#[test]
fn a_stream_of_any_length_comes_back() {
    for code in [Code::reed_solomon(10, 4), Code::reed_solomon(1, 1), Code::raid6(7), Code::local(6, 2, 2)] {
        let code = code.unwrap();
        let (k, n) = (code.data_shards(), code.total_shards());
        each_codec(&code, |backend, codec| {
            let mut rng = Rng::new(11);
            for unit_bytes in [1, 16, 100] {
                let stream = StreamCodec::new(&codec, unit_bytes).unwrap();
                for bytes in lengths(unit_bytes * k, k) {
                    let context = format!("{backend}, {}, {bytes} bytes in units of {unit_bytes}", code.name());
                    let object = painted_object(bytes);
                    let shards = encoded(&stream, &object);
                    assert_eq!(shards, shards_by_stripe(&codec, &object, unit_bytes), "{context}");
                    let shard_bytes = stream.shard_bytes(bytes as u64);
                    assert!(shards.iter().all(|shard| shard.len() as u64 == shard_bytes), "{context}");

                    let lost = rng.choose(rng.clone().below(code.parity_shards() + 1), n);
                    if !code.is_recoverable(&lost).unwrap() {
                        continue;
                    }
                    let mut decoded = Vec::new();
                    stream.decode(&mut without(&shards, &lost), bytes as u64, &mut decoded).unwrap();
                    assert_eq!(decoded, object, "{context}, lost {lost:?}");

                    let mut rebuilt: Vec<Option<Vec<u8>>> = vec![None; n];
                    lost.iter().for_each(|&shard| rebuilt[shard] = Some(Vec::new()));
                    stream.rebuild(&mut without(&shards, &lost), bytes as u64, &mut rebuilt).unwrap();
                    for shard in lost {
                        assert_eq!(rebuilt[shard].as_ref(), Some(&shards[shard]), "{context}, shard {shard}");
                    }
                }
            }
        });
    }
}

#[test]
fn an_object_of_one_stripe_has_the_shards_of_split() {
    let stream = stream(Code::reed_solomon(4, 2).unwrap(), 1000);
    for bytes in [1, 2, 5, 3999, 4000] {
        let object = painted_object(bytes);
        let mut split = stream.codec().split(&object);
        stream.codec().encode(&mut split).unwrap();
        assert_eq!(encoded(&stream, &object), split, "{bytes} bytes");
    }
}

#[test]
fn readers_and_writers_may_stop_short_and_be_interrupted() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    for bytes in [0, 1, 149, 150, 151, 1234] {
        let object = painted_object(bytes);
        let expected = encoded(&stream, &object);
        let mut writers: Vec<Trickle<Vec<u8>>> = (0..5).map(|_| Trickle::new(Vec::new())).collect();
        let read = stream.encode(Trickle::new(&object[..]), &mut writers).unwrap();
        assert_eq!(read, bytes as u64);
        let shards: Vec<Vec<u8>> = writers.into_iter().map(|writer| writer.inner).collect();
        assert_eq!(shards, expected);

        let mut readers: Vec<_> = without(&shards, &[0, 4]).into_iter().map(|shard| shard.map(Trickle::new)).collect();
        let mut decoded = Trickle::new(Vec::new());
        stream.decode(&mut readers, bytes as u64, &mut decoded).unwrap();
        assert_eq!(decoded.inner, object);
    }
}

/// An object that stopped short once must not be asked again: a terminal would wait for more.
#[test]
fn an_object_that_has_ended_is_not_read_again() {
    struct EndsOnce(usize, bool);
    impl Read for EndsOnce {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.1, "read again after its end");
            let bytes = self.0.min(buffer.len());
            self.0 -= bytes;
            self.1 = bytes == 0;
            Ok(bytes)
        }
    }
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    for bytes in [0, 1, 149, 150, 151, 300] {
        assert_eq!(stream.encode(EndsOnce(bytes, false), &mut vec![Vec::new(); 5]).unwrap(), bytes as u64);
    }
}

#[test]
fn a_reader_of_the_object_that_fails_is_named_with_its_place() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let object = painted_object(1234);
    for at in [0, 1, 149, 150, 1233] {
        let error = stream.encode(Breaks::after(at, &object[..]), &mut vec![Vec::new(); 5]).unwrap_err();
        assert!(matches!(error, Error::ObjectRead { at: found, .. } if found == at as u64), "{at}: {error}");
        assert_eq!(error.to_string(), format!("the object could not be read at byte {at}"));
    }
}

#[test]
fn a_reader_of_a_shard_that_fails_is_named_with_its_place() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let shards = encoded(&stream, &painted_object(1234));
    for (shard, at) in [(0, 0), (2, 49), (3, 50), (2, 411)] {
        let readers = || -> Vec<Option<Breaks<&[u8]>>> {
            let after = |index| if index == shard { at } else { usize::MAX };
            let left = without(&shards, &[1]).into_iter().enumerate();
            left.map(|(index, bytes)| bytes.map(|bytes| Breaks::after(after(index), bytes))).collect()
        };
        let mut rebuilt = [None, Some(Vec::new()), None, None, None];
        for error in [
            stream.decode(&mut readers(), 1234, io::sink()).unwrap_err(),
            stream.rebuild(&mut readers(), 1234, &mut rebuilt).unwrap_err(),
        ] {
            let is_it = matches!(error, Error::ShardRead { shard: s, at: a, .. } if (s, a) == (shard, at as u64));
            assert!(is_it, "{shard} at {at}: {error}");
        }
    }
}

#[test]
fn a_shard_that_ends_early_is_named_with_both_lengths() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let shards = encoded(&stream, &painted_object(1234));
    for bytes in [0, 1, 50, 411] {
        let mut readers = without(&shards, &[]);
        readers[2] = Some(&shards[2][..bytes]);
        let error = stream.decode(&mut readers, 1234, io::sink()).unwrap_err();
        assert_eq!(error.to_string(), format!("shard 2 ends after {bytes} bytes, expected 412"));
        assert!(matches!(error, Error::ShardEnds { shard: 2, expected: 412, .. }));
    }
    // Bytes behind the shard are not read.
    let longer: Vec<Vec<u8>> = shards.iter().map(|shard| [&shard[..], b"more"].concat()).collect();
    let mut readers = without(&longer, &[]);
    let mut decoded = Vec::new();
    stream.decode(&mut readers, 1234, &mut decoded).unwrap();
    assert_eq!(decoded, painted_object(1234));
    assert!(readers[..3].iter().all(|rest| *rest == Some(b"more")));
}

#[test]
fn a_writer_that_fails_is_named_with_its_place() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let object = painted_object(1234);
    let shards = encoded(&stream, &object);
    // A failure within a unit is reported at the unit's first byte.
    for (shard, after, at) in [(0, 0, 0), (4, 49, 0), (2, 50, 50), (1, 411, 400), (1, 412, 412)] {
        let context = format!("shard {shard} after {after} bytes");
        let writer = |index| Breaks::after(if index == shard { after } else { usize::MAX }, Vec::new());
        let mut writers: Vec<_> = (0..5).map(writer).collect();
        let error = stream.encode(&object[..], &mut writers).unwrap_err();
        assert!(
            matches!(error, Error::ShardWrite { shard: s, at: a, .. } if (s, a) == (shard, at)),
            "{context}: {error}"
        );

        let mut rebuilt: Vec<_> = (0..5).map(|index| (index == shard).then(|| writer(index))).collect();
        let error = stream.rebuild(&mut without(&shards, &[shard]), 1234, &mut rebuilt).unwrap_err();
        assert!(
            matches!(error, Error::ShardWrite { shard: s, at: a, .. } if (s, a) == (shard, at)),
            "{context}: {error}"
        );
    }
    for (after, at) in [(0, 0), (49, 0), (50, 50), (1234, 1234)] {
        let writer = Breaks::after(after, Vec::new());
        let error = stream.decode(&mut without(&shards, &[0]), 1234, writer).unwrap_err();
        assert!(matches!(error, Error::ObjectWrite { at: found, .. } if found == at), "after {after} bytes: {error}");
    }
}

#[test]
fn what_went_wrong_is_the_source_of_an_error() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let error = stream.encode(Breaks::after(0, &b""[..]), &mut vec![Vec::new(); 5]).unwrap_err();
    let source = std::error::Error::source(&error).expect("the reader's error");
    assert_eq!(source.downcast_ref::<io::Error>().expect("an I/O error").kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn wrong_use_is_refused_before_anything_is_read() {
    let stream = stream(Code::reed_solomon(3, 2).unwrap(), 50);
    let never = || -> Vec<Option<Never>> { (0..5).map(|_| Some(Never)).collect() };
    let shard_count = |error: Error, given: usize| {
        let Error::ShardCount { given: found, expected: 5 } = error else { panic!("{error}") };
        assert_eq!(found, given);
    };
    shard_count(stream.encode(Never, &mut vec![Vec::new(); 4]).unwrap_err(), 4);
    shard_count(stream.decode(&mut never()[..4], 10, io::sink()).unwrap_err(), 4);
    shard_count(stream.rebuild(&mut never()[..2], 10, &mut [const { None::<Vec<u8>> }; 5]).unwrap_err(), 2);
    shard_count(stream.rebuild(&mut never(), 10, &mut [const { None::<Vec<u8>> }; 6]).unwrap_err(), 6);

    let mut rebuilt = [const { None::<Vec<u8>> }; 5];
    rebuilt[3] = Some(Vec::new());
    let error = stream.rebuild(&mut never(), 10, &mut rebuilt).unwrap_err();
    assert!(matches!(error, Error::NotLost { index: 3 }), "{error}");
    let mut left = never();
    (left[0], left[1], left[3]) = (None, None, None);
    for error in [
        stream.rebuild(&mut left, 10, &mut rebuilt).unwrap_err(),
        stream.decode(&mut left, 10, io::sink()).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Unrecoverable { lost, .. } if lost == &[0, 1, 3]), "{error}");
    }
    assert!(matches!(StreamCodec::new(stream.codec(), 0), Err(Error::EmptyShards)));
    assert!(matches!(StreamCodec::new(stream.codec(), usize::MAX / 4), Err(Error::HostMemory { .. })));
}

#[test]
fn only_the_shards_that_are_needed_are_read() {
    fn readers<'a>(shards: &'a [Vec<u8>], read: &[usize], lost: &[usize]) -> Vec<Option<Box<dyn Read + Send + 'a>>> {
        let reader = |index| -> Option<Box<dyn Read + Send + 'a>> {
            match index {
                _ if lost.contains(&index) => None,
                _ if read.contains(&index) => Some(Box::new(&shards[index][..])),
                _ => Some(Box::new(Never)),
            }
        };
        (0..shards.len()).map(reader).collect()
    }
    // Two groups of three data shards, each with its own parity shard (6 and 7), and two parity shards for all.
    let stream = stream(Code::local(6, 2, 2).unwrap(), 50);
    let object = painted_object(1234);
    let shards = encoded(&stream, &object);
    let mut decoded = Vec::new();
    stream.decode(&mut readers(&shards, &[0, 1, 2, 3, 4, 5], &[8]), 1234, &mut decoded).unwrap();
    stream.decode(&mut readers(&shards, &[0, 2, 3, 4, 5, 6], &[1, 8]), 1234, &mut decoded).unwrap();
    assert_eq!(decoded, object.repeat(2));
    let mut rebuilt = vec![None; 10];
    rebuilt[1] = Some(Vec::new());
    stream.rebuild(&mut readers(&shards, &[0, 2, 6], &[1, 9]), 1234, &mut rebuilt).unwrap();
    assert_eq!(rebuilt[1].as_ref(), Some(&shards[1]));
    // Nothing is wanted, so nothing is read.
    stream.rebuild(&mut readers(&shards, &[], &[1]), 1234, &mut vec![None::<Vec<u8>>; 10]).unwrap();
}

/// The writer waits, in the middle of its first unit, until the reader is asked for the second stripe. A stream that read and
/// wrote in turns would never get there.
#[test]
fn reading_goes_on_while_a_unit_is_written() {
    struct Tells<R>(R, SyncSender<()>);
    impl<R: Read> Read for Tells<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1.send(()).expect("the writer counts");
            self.0.read(buffer)
        }
    }
    struct Waits(Receiver<()>, usize);
    impl Write for Waits {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            while self.1 > 0 {
                self.0.recv_timeout(Duration::from_secs(60)).expect("reading goes on");
                self.1 -= 1;
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let stream = stream(Code::reed_solomon(1, 1).unwrap(), 100);
    let (told, tells) = sync_channel(1000);
    let mut writers: Vec<Box<dyn Write + Send>> = vec![Box::new(Waits(tells, 2)), Box::new(io::sink())];
    let object = painted_object(500);
    stream.encode(Tells(&object[..], told), &mut writers).unwrap();
}
