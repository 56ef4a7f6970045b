//! `evariste protect`: a file becomes shards.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use evariste::{Backend, Code, Codec, Layout};
use rayon::prelude::*;

use crate::args;
use crate::batch::Batch;
use crate::code::{CodeName, SetCode};
use crate::exit::{Exit, UsageError};
use crate::format::{SetHeader, SetId};
use crate::hash::FileHasher;
use crate::names;
use crate::pipeline::{self, Busy, Stage};
use crate::positioned::{self, PIECE_BYTES};
use crate::progress::Progress;
use crate::report::{self, Timed};
use crate::scan;
use crate::shape::Shape;
use crate::temp;
use crate::writer::ShardWriter;

pub(crate) fn run(args: &args::Protect, out: &mut dyn std::io::Write) -> Result<Exit> {
    let scheme = match args.layout {
        Some(layout) => Scheme::of_layout(layout, args.unit)?,
        None => Scheme::new(args.code, args.data, args.parity, args.unit)?,
    };
    let backend = args.compute.backend.open()?;
    let timed = Timed::run(|| protect(&args.file, &args.out, &scheme, &backend))?;
    let Protected { set, busy } = &timed.value;
    report::log_stages(set.shape.file_bytes(), busy);
    writeln!(
        out,
        "protected {}: {} {}+{} in {}, set {}",
        args.file.display(),
        set.code,
        set.shape.data_shards(),
        set.shape.parity_shards(),
        args.out.display(),
        set.id,
    )?;
    writeln!(out, "{}", timed.rate(set.shape.file_bytes(), backend.as_ref()))?;
    Ok(Exit::Whole)
}

/// How a file is to be protected.
pub(crate) struct Scheme {
    name: SetCode,
    code: Code,
    unit_bytes: u64,
}

impl Scheme {
    /// Refuses what no code can do as wrong usage.
    pub(crate) fn new(name: CodeName, data: u32, parity: Option<u32>, unit_bytes: u64) -> Result<Self> {
        const DEFAULT_PARITY: usize = 4;
        let own = name.own_parity_shards();
        let parity = parity.map(usize::try_from).transpose()?;
        if let (Some(own), Some(given)) = (own, parity)
            && own != given
        {
            let shards = if own == 1 { "shard" } else { "shards" };
            return Err(UsageError(format!("{name} has {own} parity {shards}, --parity says {given}")).into());
        }
        let (data, parity) = (usize::try_from(data)?, own.or(parity).unwrap_or(DEFAULT_PARITY));
        Self::of_set(SetCode::Flat(name), data, parity, unit_bytes)
    }

    /// As [`Scheme::new`].
    pub(crate) fn of_layout(layout: Layout, unit_bytes: u64) -> Result<Self> {
        Self::of_set(SetCode::of_layout(layout), layout.data_shards(), layout.parity_shards(), unit_bytes)
    }

    fn of_set(name: SetCode, data: usize, parity: usize, unit_bytes: u64) -> Result<Self> {
        // The format's limits first: they are the smaller ones where a code has none.
        Shape::new(data as u64, parity as u64, unit_bytes, 0).map_err(|error| UsageError(error.to_string()))?;
        let code = name.build(data, parity).map_err(|error| UsageError(error.to_string()))?;
        Ok(Self { name, code, unit_bytes })
    }
}

/// What a protect made.
pub(crate) struct Protected {
    pub(crate) set: SetHeader,
    pub(crate) busy: Vec<Busy>,
}

/// Writes the shards of `file` into `dir`. After an error nothing of them is left.
pub(crate) fn protect(file: &Path, dir: &Path, scheme: &Scheme, backend: &Arc<dyn Backend>) -> Result<Protected> {
    let (source, file_bytes) = open(file)?;
    let code = &scheme.code;
    let shape = Shape::new(code.data_shards() as u64, code.parity_shards() as u64, scheme.unit_bytes, file_bytes)
        .with_context(|| format!("cannot protect {}", file.display()))?;
    let mut id = [0; 16];
    getrandom::fill(&mut id).context("the system gives no random number for the set")?;

    let mut output = Output::prepare(dir, shape.total_shards())?;
    let mut writers =
        (0..shape.total_shards()).map(|index| ShardWriter::create(dir, index, shape)).collect::<Result<Vec<_>>>()?;
    let codec = Codec::on(code.clone(), Arc::clone(backend));
    let (file_hash, mut busy) = encode(&source, file, &codec, shape, &mut writers)?;
    let set = SetHeader { code: scheme.name, shape, file_hash, id: SetId(id) };
    let encoded = Instant::now();
    writers.par_iter_mut().try_for_each(|writer| writer.finish(&set))?;
    for writer in writers {
        output.placed.push(dir.join(names::canonical(writer.index())));
        writer.place(dir)?;
    }
    temp::sync_dir(dir)?;
    output.is_complete = true;
    busy.push(Busy { stage: "sync", time: encoded.elapsed() });
    Ok(Protected { set, busy })
}

/// A file that can be read at any place and the length it has now.
fn open(path: &Path) -> Result<(File, u64)> {
    let cannot = || format!("cannot read {}", path.display());
    let metadata = path.metadata().with_context(cannot)?;
    if metadata.is_dir() {
        bail!("{} is a directory", path.display());
    }
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        bail!("{} is a pipe: write what comes out of it to a file first", path.display());
    }
    let mut file = File::open(path).with_context(cannot)?;
    // A block device has its length at its end, and nowhere in its metadata.
    let file_bytes = file.seek(std::io::SeekFrom::End(0)).with_context(cannot)?;
    Ok((file, file_bytes))
}

/// Reads the file once, writes payload and checksums of every shard, and returns the file's BLAKE3.
fn encode(
    source: &File,
    path: &Path,
    codec: &Codec,
    shape: Shape,
    writers: &mut [ShardWriter],
) -> Result<([u8; 32], Vec<Busy>)> {
    let file_bytes = shape.file_bytes();
    let mut hasher = FileHasher::new();
    let mut next_stripe = 0;
    let progress = Progress::new("protecting", file_bytes);
    let read = |(offset, piece): (u64, &mut [u8])| {
        positioned::read_at(source, offset, piece).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => changed(path, file_bytes, "shorter"),
            _ => anyhow::Error::new(error).context(format!("cannot read {}", path.display())),
        })
    };
    let fill = |batch: &mut Batch| {
        if !batch.begin(next_stripe) {
            return Ok(false);
        }
        next_stripe = batch.next_stripe();
        batch.file_pieces_mut(PIECE_BYTES).into_par_iter().try_for_each(read)?;
        Ok(true)
    };
    let hash = |batch: &mut Batch| {
        hasher.update(batch.file_slices());
        Ok(())
    };
    let write = |batch: &mut Batch| {
        let (first_stripe, batch) = (batch.first_stripe(), &*batch);
        writers.par_iter_mut().try_for_each(|writer| {
            let shard = writer.index();
            writer.append(first_stripe, batch.payload(shard), batch.checksums(shard).iter().copied())
        })?;
        progress.advance(batch.file_bytes());
        Ok(())
    };
    let stages = vec![
        Stage::source("read", fill),
        Stage::new("hash", hash),
        Stage::new("encode", |batch: &mut Batch| batch.encode(codec)),
        Stage::new("write", write),
    ];
    let busy = pipeline::run(Batch::buffers(codec, &shape)?, stages)?;
    match positioned::read_at(source, file_bytes, &mut [0]) {
        Ok(()) => Err(changed(path, file_bytes, "longer")),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok((hasher.finalize(), busy)),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn changed(path: &Path, file_bytes: u64, how: &str) -> anyhow::Error {
    anyhow::anyhow!("{} changed while it was read: it was {file_bytes} bytes and became {how}", path.display())
}

/// The directory and the shards placed in it, removed again unless all of them are.
struct Output {
    dir: PathBuf,
    is_ours: bool,
    placed: Vec<PathBuf>,
    is_complete: bool,
}

impl Output {
    fn prepare(dir: &Path, total_shards: usize) -> Result<Self> {
        let mut names = (0..total_shards).map(names::canonical);
        let is_ours = !dir.exists();
        if is_ours {
            fs::create_dir_all(dir).with_context(|| format!("cannot make the directory {}", dir.display()))?;
        } else if let Some(name) = scan::shard_names(dir)?.first() {
            bail!("{} already holds shards ({}): choose another directory", dir.display(), name.display());
        } else if let Some(name) = names.find(|name| names::is_no_file(dir, name.as_ref())) {
            bail!("{} holds {name}, which is no file: choose another directory", dir.display());
        }
        Ok(Self { dir: dir.to_owned(), is_ours, placed: Vec::new(), is_complete: false })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let removed = self.placed.iter().map(fs::remove_file).filter_map(Result::err);
        // A shard that was not placed yet is not there to be removed.
        for error in removed.filter(|error| error.kind() != ErrorKind::NotFound) {
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
    use crate::exit;

    #[test]
    fn impossible_schemes_are_wrong_usage() {
        use CodeName::{Raid5, Raid6, Vandermonde};
        for (name, data, parity, message) in [
            (Raid5, 10, Some(4), "raid5 has 1 parity shard, --parity says 4"),
            (Raid6, 10, Some(1), "raid6 has 2 parity shards, --parity says 1"),
            (
                Vandermonde,
                250,
                Some(7),
                "vandermonde has room for at most 256 data and parity shards over GF(2^8), got 257",
            ),
            (Raid5, 5000, None, "5001 shards, a set may have at most 1024"),
        ] {
            let error = Scheme::new(name, data, parity, 4096).err().unwrap();
            assert_eq!(exit::of_error(&error), Exit::Usage);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_file_that_changes_its_length_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, vec![7; 50_000]).unwrap();
        let (source, file_bytes) = open(&path).unwrap();
        let scheme = Scheme::new(CodeName::Vandermonde, 3, Some(2), 4096).unwrap();
        let codec = Codec::on(scheme.code, Arc::new(evariste::Cpu::new().unwrap()));
        let encode = |file_bytes| {
            let shape = Shape::new(3, 2, 4096, file_bytes).unwrap();
            let writers = (0..5).map(|index| ShardWriter::create(dir.path(), index, shape)).collect::<Result<Vec<_>>>();
            super::encode(&source, &path, &codec, shape, &mut writers.unwrap()).map(|(hash, _)| hash)
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

    #[test]
    fn raid_codes_bring_their_own_parity() {
        for (name, parity) in [(CodeName::Raid5, 1), (CodeName::Raid6, 2), (CodeName::Cauchy, 4)] {
            assert_eq!(Scheme::new(name, 10, None, 4096).unwrap().code.parity_shards(), parity);
        }
    }
}
