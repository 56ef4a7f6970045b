//! A file as a stream: into one file for each shard and back, in memory that does not depend on its length.
//!
//! `cargo run --release --example stream`

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use evariste::{Code, Codec, StreamCodec};

const OBJECT_BYTES: u64 = 64 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
    let stream = StreamCodec::new(&codec, 256 << 10)?;
    let folder = std::env::temp_dir().join(format!("evariste-example-stream-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let result = there_and_back(&stream, &folder);
    fs::remove_dir_all(&folder)?;
    result
}

fn there_and_back(stream: &StreamCodec, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let path = |shard: usize| -> PathBuf { folder.join(format!("shard-{shard}")) };
    let total_shards = stream.codec().code().total_shards();

    // Any `Read` will do: a file, a socket, or what an HTTP client receives.
    let object = io::repeat(b'x').take(OBJECT_BYTES);
    let mut files = (0..total_shards).map(|shard| File::create(path(shard))).collect::<io::Result<Vec<File>>>()?;
    let object_bytes = stream.encode(object, &mut files)?;
    println!(
        "encoded {object_bytes} bytes into {total_shards} files of {} bytes, in at most {} bytes of memory",
        stream.shard_bytes(object_bytes),
        stream.memory_bytes()
    );

    // Four files are gone. What is left gives the object.
    let lost = [0, 5, 11, 13];
    for shard in lost {
        fs::remove_file(path(shard))?;
    }
    let open_left = || -> io::Result<Vec<Option<File>>> {
        let open = |shard: usize| if lost.contains(&shard) { Ok(None) } else { File::open(path(shard)).map(Some) };
        (0..total_shards).map(open).collect()
    };
    let restored = folder.join("restored");
    stream.decode(&mut open_left()?, object_bytes, File::create(&restored)?)?;
    assert!(fs::read(&restored)?.iter().all(|&byte| byte == b'x'));
    assert_eq!(fs::metadata(&restored)?.len(), OBJECT_BYTES);
    println!("restored the object without the shards {lost:?}");

    // It gives the lost files again, too.
    let mut rebuilt = (0..total_shards)
        .map(|shard| lost.contains(&shard).then(|| File::create(path(shard))).transpose())
        .collect::<io::Result<Vec<Option<File>>>>()?;
    stream.rebuild(&mut open_left()?, object_bytes, &mut rebuilt)?;
    assert_eq!(fs::metadata(path(11))?.len(), stream.shard_bytes(object_bytes));
    println!("rebuilt the shards {lost:?}");
    Ok(())
}
