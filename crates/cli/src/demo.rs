//! `evariste demo`: protects a file, destroys as many of its shards as the code can lose, and restores it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use evariste::{Backend, Layout};
use evariste_store::{Damage, HEADER_BYTES, RepairOptions, Scheme, Set, Verdict, shard_name};

use crate::backend::Compute;
use crate::exit::Exit;
use crate::health;
use crate::interrupt;
use crate::ranges;
use crate::report::Timed;
use crate::size;
use crate::watch::Console;

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The file to protect, which is only read [default: 256 MiB of generated data]
    file: Option<PathBuf>,
    #[command(flatten)]
    compute: Compute,
}

const MADE_BYTES: u64 = 256 << 20;
const UNIT_BYTES: u64 = 1 << 20;
/// Two data and two parity shards, which is as many as the code can lose.
const DELETED: [usize; 4] = [1, 4, 10, 13];
const FLIPPED: usize = 6;

pub(crate) fn run(args: &Demo, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.open()?;
    // The directory is removed when dropped: at the end, and after an error. A signal arrives here as an error.
    let mut builder = tempfile::Builder::new();
    // Only the user may read the copies in it, whoever may read the file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let dir = builder.prefix("evariste-demo-").tempdir().context("cannot make a temporary directory")?;
    let mut demo = Play { out, backend, shards: dir.path().join("shards"), restored: dir.path().join("restored") };
    let file = match &args.file {
        Some(file) => file.clone(),
        None => demo.make(&dir.path().join("file"))?,
    };
    demo.play(&file)?;
    dir.close().context("cannot remove the temporary directory")?;
    Ok(Exit::Whole)
}

struct Play<'a> {
    out: &'a mut dyn Write,
    backend: Arc<dyn Backend>,
    shards: PathBuf,
    restored: PathBuf,
}

impl Play<'_> {
    fn play(&mut self, file: &Path) -> Result<()> {
        let scheme = Scheme::new(Layout::ReedSolomon { data: 10, parity: 4 }, UNIT_BYTES)?;
        let protect = || evariste_store::protect(file, &self.shards, &scheme, &self.backend, &Console::default());
        let protected = Timed::run(|| Ok(protect()?))?;
        let file_bytes = protected.value.set.shape.file_bytes();
        self.say("protect", &format!("10+4, {}", self.rate(&protected, file_bytes)))?;

        for index in DELETED {
            fs::remove_file(self.shard(index)).with_context(|| format!("cannot delete shard {index}"))?;
        }
        self.say("delete", &ranges::shards(&DELETED))?;
        self.restore(file)?;
        self.repair(&DELETED)?;

        let flipped = self.flip()?;
        self.say("flip", &format!("{} of shard {FLIPPED}, silently", ranges::counted(flipped, "byte")))?;
        self.verify()?;
        self.repair(&[FLIPPED])?;
        self.restore(file)?;
        writeln!(self.out, "restored: identical")?;
        Ok(())
    }

    /// Writes a file of noise, which is the same each time: BLAKE3's extended output for empty input.
    fn make(&mut self, path: &Path) -> Result<PathBuf> {
        let cannot = || format!("cannot write {}", path.display());
        let made = Timed::run(|| {
            let mut noise = blake3::Hasher::new().finalize_xof();
            let mut file = File::create(path).with_context(cannot)?;
            let mut piece = vec![0; 1 << 20];
            for _ in 0..MADE_BYTES / piece.len() as u64 {
                interrupt::check()?;
                noise.fill(&mut piece);
                file.write_all(&piece).with_context(cannot)?;
            }
            Ok(())
        })?;
        let rate = size::show_rate(MADE_BYTES, made.time);
        self.say("make", &format!("{} in {:.2} s, {rate}", size::show(MADE_BYTES), made.time.as_secs_f64()))?;
        Ok(path.to_owned())
    }

    fn restore(&mut self, file: &Path) -> Result<()> {
        let restored =
            Timed::run(|| Ok(Set::open(&self.shards)?.restore(&self.restored, &self.backend, &Console::default())?))?;
        self.say("restore", &self.rate(&restored, restored.value.file_bytes))?;
        let compared = Timed::run(|| first_difference(file, &self.restored))?;
        if let Some(offset) = compared.value {
            bail!("restored: different from byte {offset} on");
        }
        fs::remove_file(&self.restored).context("cannot remove the restored file")?;
        let rate = size::show_rate(restored.value.file_bytes, compared.time);
        self.say("compare", &format!("identical in {:.2} s, {rate}", compared.time.as_secs_f64()))
    }

    fn repair(&mut self, expected: &[usize]) -> Result<()> {
        let set = Set::open(&self.shards)?;
        let file_bytes = set.header().shape.file_bytes();
        let repaired = Timed::run(|| Ok(set.repair(&RepairOptions::new(), &self.backend, &Console::default())?))?;
        let rewritten = &repaired.value.rewritten;
        ensure!(rewritten == expected, "repair rewrote shards {rewritten:?} instead of {expected:?}");
        let rate = self.rate(&repaired, file_bytes);
        self.say("repair", &format!("{} rewritten; {rate}", ranges::shards(rewritten)))
    }

    /// Verifies, and expects damage in the flipped shard and in no other.
    fn verify(&mut self) -> Result<()> {
        let set = Set::open(&self.shards)?;
        let verified = Timed::run(|| Ok(set.verify(&self.backend, &Console::default())?))?;
        let health = &verified.value;
        let found: Vec<usize> = health.damaged.keys().copied().collect();
        ensure!(matches!(health.verdict, Verdict::Repairable), "verify found {:?}", health.verdict);
        ensure!(found == [FLIPPED], "verify found shards {found:?} damaged instead of {FLIPPED}");
        let damages: Vec<Damage> = health.damaged.values().flatten().cloned().collect();
        let what = health::damage(&damages);
        let rate = self.rate(&verified, set.header().shape.file_bytes());
        self.say("verify", &format!("{}: {what}; {rate}", shard_name(FLIPPED)))
    }

    /// Flips a bit at the start, in the middle and at the end of a shard's payload. Returns the number of bits.
    fn flip(&self) -> Result<u64> {
        let path = self.shard(FLIPPED);
        let flip = || {
            let mut shard = OpenOptions::new().read(true).write(true).open(&path)?;
            let bytes = shard.metadata()?.len();
            // The shard of an empty file is only a header.
            let payload_end = HEADER_BYTES as u64 + (bytes - HEADER_BYTES as u64) / 1025 * 1024;
            let mut offsets = vec![HEADER_BYTES as u64, bytes / 2, payload_end.saturating_sub(1)];
            offsets.retain(|offset| *offset < bytes);
            offsets.dedup();
            for &offset in &offsets {
                let mut byte = [0];
                shard.seek(SeekFrom::Start(offset))?;
                shard.read_exact(&mut byte)?;
                shard.seek(SeekFrom::Start(offset))?;
                shard.write_all(&[byte[0] ^ 0x10])?;
            }
            Ok::<_, std::io::Error>(offsets.len() as u64)
        };
        flip().with_context(|| format!("cannot change {}", path.display()))
    }

    fn shard(&self, index: usize) -> PathBuf {
        self.shards.join(shard_name(index))
    }

    fn rate<T>(&self, timed: &Timed<T>, file_bytes: u64) -> String {
        timed.rate(file_bytes, self.backend.as_ref())
    }

    fn say(&mut self, step: &str, what: &str) -> Result<()> {
        Ok(writeln!(self.out, "{step:8} {what}")?)
    }
}

/// The first offset at which two files differ, in a byte or in length.
fn first_difference(one: &Path, other: &Path) -> Result<Option<u64>> {
    let open = |path: &Path| {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok::<_, anyhow::Error>(BufReader::with_capacity(1 << 20, file))
    };
    let (mut one, mut other) = (open(one)?, open(other)?);
    let mut offset = 0;
    loop {
        interrupt::check()?;
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let both = a.len().min(b.len());
        if let Some(same) = a.iter().zip(b).position(|(a, b)| a != b) {
            return Ok(Some(offset + same as u64));
        }
        if both == 0 {
            return Ok((a.len() != b.len()).then_some(offset));
        }
        one.consume(both);
        other.consume(both);
        offset += both as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_and_a_missing_end_are_differences() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            fs::write(dir.path().join(name), bytes).unwrap();
            dir.path().join(name)
        };
        let mut bytes = vec![7; (2 << 20) + 5];
        let original = write("original", &bytes);
        assert_eq!(first_difference(&original, &write("same", &bytes)).unwrap(), None);
        assert_eq!(first_difference(&original, &write("short", &bytes[..1000])).unwrap(), Some(1000));
        bytes[(2 << 20) + 1] ^= 1;
        assert_eq!(first_difference(&original, &write("flipped", &bytes)).unwrap(), Some((2 << 20) + 1));
        assert_eq!(first_difference(&write("empty", b""), &write("none", b"")).unwrap(), None);
    }
}
