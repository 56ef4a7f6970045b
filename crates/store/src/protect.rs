//! Protect: writes a file as shards.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use evariste::{Backend, Codec};
use rayon::prelude::*;

use crate::batch::Batch;
use crate::error::{Action, Error, PathProblem};
use crate::format::{SetHeader, SetId};
use crate::hash::FileHasher;
use crate::names;
use crate::pipeline::{self, Stage, StageTime};
use crate::pool;
use crate::positioned::{self, PIECE_BYTES};
use crate::scan;
use crate::scheme::Scheme;
use crate::shape::Shape;
use crate::temp;
use crate::watch::{Phase, Watch};
use crate::writer::ShardWriter;

/// The result of a protect.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "only this value says which set the new shards belong to"]
pub struct Protected {
    /// The fields that the headers of all new shards have in common.
    pub set: SetHeader,
    /// How long each stage was at work.
    pub stages: Vec<StageTime>,
}

/// Writes the shards of `file` into `dir`, and makes `dir` if it is missing.
///
/// The file is read once. Every shard is written under a temporary name. When all are complete and on disk, they get
/// their own names, and the names are on disk when this returns. A killed process leaves temporary files, whose names
/// begin with a dot. If it is killed while the shards get their names, it also leaves some of the shards.
///
/// # Errors
/// [`Error::HoldsShards`] and [`Error::NameTaken`] if `dir` already holds shards or something else with their names,
/// before they are written or when they get their names; [`Error::FileChanged`] if the file's length changes meanwhile;
/// [`Error::Io`] and [`Error::WriteShard`], for example if the disk is full; [`Error::Memory`], [`Error::Thread`] and
/// [`Error::Backend`]; [`Error::Cancelled`] if `watch` cancels. After an error the new shards are removed,
/// and files that were there before are unchanged.
pub fn protect(
    file: impl AsRef<Path>,
    dir: impl AsRef<Path>,
    scheme: &Scheme,
    backend: &Arc<dyn Backend>,
    watch: &dyn Watch,
) -> Result<Protected, Error> {
    let (file, dir) = (file.as_ref(), dir.as_ref());
    let (source, file_bytes) = open(file)?;
    let code = &scheme.code;
    let shape = Shape::new(code.data_shards() as u64, code.parity_shards() as u64, scheme.unit_bytes, file_bytes)
        .map_err(|source| Error::FileTooLong { path: file.to_owned(), source })?;
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(Error::Random)?;

    let mut output = Output::prepare(dir, shape.total_shards())?;
    let create = |index| ShardWriter::create(dir, index, shape);
    let mut writers = (0..shape.total_shards()).map(create).collect::<Result<Vec<_>, _>>()?;
    let codec = Codec::on(code.clone(), Arc::clone(backend));
    let (file_hash, mut stages) = encode(&source, file, &codec, shape, &mut writers, watch)?;
    let set = SetHeader { layout: scheme.layout, shape, file_hash, id: SetId(id) };
    let encoded = Instant::now();
    pool::run(|| writers.par_iter_mut().try_for_each(|writer| writer.finish(&set)))?;
    for writer in writers {
        output.place(writer)?;
    }
    temp::sync_dir(dir)?;
    output.is_complete = true;
    stages.push(StageTime { stage: "sync", time: encoded.elapsed() });
    Ok(Protected { set, stages })
}

/// Opens the file to protect, and returns its present length. Refuses a directory and a pipe.
fn open(path: &Path) -> Result<(File, u64), Error> {
    let cannot = Error::io(Action::Read, path);
    let problem = |problem| Error::NotAFile { path: path.to_owned(), problem };
    let metadata = path.metadata().map_err(&cannot)?;
    if metadata.is_dir() {
        return Err(problem(PathProblem::Directory));
    }
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return Err(problem(PathProblem::Pipe));
    }
    let mut file = File::open(path).map_err(&cannot)?;
    // The metadata of a block device do not give its length, so this seeks to the end.
    let file_bytes = file.seek(std::io::SeekFrom::End(0)).map_err(&cannot)?;
    Ok((file, file_bytes))
}

/// Reads the file once, writes payload and checksums of every shard, and returns the file's BLAKE3.
fn encode(
    source: &File,
    path: &Path,
    codec: &Codec,
    shape: Shape,
    writers: &mut [ShardWriter],
    watch: &dyn Watch,
) -> Result<([u8; 32], Vec<StageTime>), Error> {
    let file_bytes = shape.file_bytes();
    let mut hasher = FileHasher::new();
    let mut next_stripe = 0;
    watch.begin(Phase::Protect, file_bytes);
    let read = |(offset, piece): (u64, &mut [u8])| {
        positioned::read_at(source, offset, piece).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => changed(path, file_bytes, false),
            _ => Error::io(Action::Read, path)(error),
        })
    };
    let fill = |batch: &mut Batch| {
        if !batch.begin(next_stripe) {
            return Ok(false);
        }
        next_stripe = batch.next_stripe();
        pool::run(|| batch.file_pieces_mut(PIECE_BYTES).into_par_iter().try_for_each(read))?;
        Ok(true)
    };
    let hash = |batch: &mut Batch| {
        pool::run(|| {
            hasher.update(batch.file_slices());
            Ok(())
        })
    };
    let write = |batch: &mut Batch| {
        let (first_stripe, batch) = (batch.first_stripe(), &*batch);
        let append = |writer: &mut ShardWriter| {
            let shard = writer.index();
            writer.append(first_stripe, batch.payload(shard), batch.checksums(shard).iter().copied())
        };
        pool::run(|| writers.par_iter_mut().try_for_each(append))?;
        watch.advance(batch.file_bytes());
        Ok(())
    };
    let stages = vec![
        Stage::source("read", fill),
        Stage::new("hash", hash),
        Stage::new("encode", |batch: &mut Batch| pool::run(|| batch.encode(codec))),
        Stage::new("write", write),
    ];
    let stages = pipeline::run(pool::run(|| Batch::buffers(codec, &shape))?, stages, watch)?;
    match positioned::read_at(source, file_bytes, &mut [0]) {
        Ok(()) => Err(changed(path, file_bytes, true)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok((hasher.finalize(), stages)),
        Err(error) => Err(Error::io(Action::Read, path)(error)),
    }
}

fn changed(path: &Path, file_bytes: u64, grew: bool) -> Error {
    Error::FileChanged { path: path.to_owned(), file_bytes, grew }
}

/// The directory and the shards placed in it. They are removed again unless the whole set is complete.
struct Output {
    dir: PathBuf,
    is_ours: bool,
    placed: Vec<PathBuf>,
    is_complete: bool,
}

impl Output {
    fn prepare(dir: &Path, total_shards: usize) -> Result<Self, Error> {
        let mut names = (0..total_shards).map(names::shard_name);
        let is_ours = !dir.exists();
        if is_ours {
            fs::create_dir_all(dir).map_err(Error::io(Action::MakeDirectory, dir))?;
        } else if let Some(name) = scan::shard_names(dir)?.into_iter().next() {
            return Err(Error::HoldsShards { dir: dir.to_owned(), name });
        } else if let Some(name) = names.find(|name| names::is_no_file(dir, name.as_ref())) {
            return Err(Error::NameTaken { dir: dir.to_owned(), name });
        }
        Ok(Self { dir: dir.to_owned(), is_ours, placed: Vec::new(), is_complete: false })
    }
}

impl Output {
    /// Gives a shard its name. Another process may have written shards into the directory since it was prepared; they
    /// are kept.
    fn place(&mut self, writer: ShardWriter) -> Result<(), Error> {
        let name = names::shard_name(writer.index());
        if !writer.place_new(&self.dir)? {
            return Err(Error::HoldsShards { dir: self.dir.clone(), name: name.into() });
        }
        self.placed.push(self.dir.join(name));
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        for error in self.placed.iter().map(fs::remove_file).filter_map(Result::err) {
            log::warn!("a shard could not be removed from {}: {error}", self.dir.display());
        }
        if self.is_ours
            && let Err(error) = fs::remove_dir(&self.dir)
        {
            log::warn!("{} could not be removed: {error}", self.dir.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evariste::Layout;

    /// Writes a file under the name of a future shard while the file is encoded, as a second process could.
    struct Intruder(PathBuf);

    impl Watch for Intruder {
        fn advance(&self, _: u64) {
            fs::write(&self.0, "of another set").unwrap();
        }
    }

    #[test]
    fn shards_that_appear_meanwhile_are_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, shards) = (dir.path().join("file"), dir.path().join("shards"));
        fs::write(&file, vec![7; 50_000]).unwrap();
        let scheme = Scheme::new(Layout::ReedSolomon { data: 3, parity: 2 }, 4096).unwrap();
        let backend: Arc<dyn Backend> = Arc::new(evariste::Cpu::new().unwrap());
        let intruder = Intruder(shards.join("002.shard"));
        let error = protect(&file, &shards, &scheme, &backend, &intruder).unwrap_err();
        assert!(matches!(&error, Error::HoldsShards { name, .. } if name == "002.shard"), "{error}");
        assert_eq!(fs::read_to_string(&intruder.0).unwrap(), "of another set");
        // The shards that already had their names are removed, and so are the temporary files.
        assert_eq!(fs::read_dir(&shards).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_changes_its_length_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, vec![7; 50_000]).unwrap();
        let (source, file_bytes) = open(&path).unwrap();
        let scheme = Scheme::new(Layout::ReedSolomon { data: 3, parity: 2 }, 4096).unwrap();
        let codec = Codec::on(scheme.code, Arc::new(evariste::Cpu::new().unwrap()));
        let encode = |file_bytes| {
            let shape = Shape::new(3, 2, 4096, file_bytes).unwrap();
            let writers =
                (0..5).map(|index| ShardWriter::create(dir.path(), index, shape)).collect::<Result<Vec<_>, _>>();
            super::encode(&source, &path, &codec, shape, &mut writers.unwrap(), &()).map(|(hash, _)| hash)
        };
        assert_eq!(encode(file_bytes).unwrap(), *blake3::hash(&[7; 50_000]).as_bytes());
        for (then, now) in [(file_bytes - 1, "longer"), (file_bytes + 1, "shorter"), (2 * file_bytes, "shorter")] {
            let error = encode(then).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!("changed while it was read: it was {then} bytes and became {now}")),
                "{error}"
            );
        }
    }
}
