//! Codecs: a code and a backend together, which is what most users hold.
//!
//! Every call validates first: after a validation error nothing has changed. After a device error sources are unchanged
//! and targets unspecified; with the automatic backend ([`Codec::new`]) the call is made again on the CPU instead.
//! A correction writes where it reads, but a column only when it is complete: after a device error some columns are right
//! and the others as they were, so that the same call finishes the rest.

mod checksums;
mod correct;
mod corrections;
mod repairs;
mod shards;
mod stripe;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use checksums::Checksums;
pub use corrections::{Beyond, Contradicted, Corrected, Corrections};
pub use shards::{Columns, Shards};
pub use stripe::{Stripe, StripeRef};

use crate::auto::Auto;
use crate::backend::{Backend, Batch, Report, Task};
use crate::memory::{Slot, View};
use crate::{Code, Error, Grs, Losses, Plan};
use repairs::Repairs;
use stripe::{check_count, check_lengths, read_slots, write_slots};

/// A code and the backend that computes it.
///
/// Wherever a codec takes shards, it takes them as [`Shards`], or as a slice, array or vector of anything that is bytes.
///
/// ```
/// use evariste::{Code, Codec};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut shards = vec![vec![1u8; 1000], vec![2; 1000], vec![3; 1000], vec![4; 1000], vec![0; 1000], vec![0; 1000]];
/// codec.encode(&mut shards)?;
/// let whole = shards.clone();
///
/// shards[1].fill(0); // lost
/// shards[4].fill(0); // lost
/// codec.reconstruct(&mut shards, &[1, 4])?;
/// assert_eq!(shards, whole);
/// assert!(codec.verify(&shards)?.is_consistent());
/// # Ok::<(), evariste::Error>(())
/// ```
pub struct Codec {
    code: Code,
    encode: Plan,
    /// What [`Code::grs`] says, once it has been asked.
    grs: OnceLock<Option<Arc<Grs>>>,
    repairs: Repairs,
    backend: Arc<dyn Backend>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("code", &self.code.name())
            .field("data_shards", &self.code.data_shards())
            .field("parity_shards", &self.code.parity_shards())
            .field("backend", &self.backend.info())
            .finish_non_exhaustive()
    }
}

impl Codec {
    /// A codec on the automatic backend: a GPU for large calls where there is one, else the CPU.
    ///
    /// # Errors
    /// [`Error::Environment`] if an environment variable cannot be honoured.
    pub fn new(code: Code) -> Result<Self, Error> {
        Ok(Self::on(code, Arc::new(Auto::new()?)))
    }

    /// A codec on a backend of the caller's choice, which several codecs may share.
    #[must_use]
    pub fn on(code: Code, backend: Arc<dyn Backend>) -> Self {
        Self { encode: code.encode_plan(), grs: OnceLock::new(), repairs: Repairs::default(), code, backend }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Zeroed memory for every shard, `shard_bytes` bytes each, where the backend reaches it most cheaply.
    ///
    /// # Errors
    /// [`Error::EmptyShards`] for 0 bytes; [`Error::HostMemory`], or a device error.
    pub fn shards(&self, shard_bytes: usize) -> Result<Shards, Error> {
        Shards::allocate(&*self.backend, &self.code, shard_bytes)
    }

    /// Computes the parity shards from the data shards.
    ///
    /// # Errors
    /// [`Error::ShardCount`], [`Error::ShardLength`], [`Error::EmptyShards`]; a device error.
    pub fn encode<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<(), Error> {
        self.write(&self.encode, shards.view_mut(&self.code)?)
    }

    /// As [`Codec::encode`], and returns the checksums of every shard, computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn encode_with_checksums<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<Checksums, Error> {
        let (_, checksums) = self.run_with_checksums(Task::write(&self.encode), shards.view_mut(&self.code)?)?;
        Ok(checksums)
    }

    /// As [`Codec::encode`], with data and parity apart; data is only read.
    ///
    /// # Errors
    /// As [`Codec::encode`]; data and parity are counted each by itself.
    pub fn encode_into<D: AsRef<[u8]>, P: AsMut<[u8]>>(&self, data: &[D], parity: &mut [P]) -> Result<(), Error> {
        check_count(data.len(), self.code.data_shards())?;
        check_count(parity.len(), self.code.parity_shards())?;
        let view = View::slices(read_slots(data).chain(write_slots(parity)), 1)?;
        self.write(&self.encode, check_lengths(&self.code, view)?)
    }

    /// Compares the parity shards with what the data shards give, and writes nothing.
    ///
    /// The report names the parity shards and blocks that disagree: then those, or the data in the same columns, are
    /// wrong.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn verify<S: StripeRef + ?Sized>(&self, shards: &S) -> Result<Report, Error> {
        self.run(Task::Check(&self.encode), shards.view(&self.code)?)
    }

    /// As [`Codec::verify`], and returns the checksums of every shard as it stands, computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn verify_with_checksums<S: StripeRef + ?Sized>(&self, shards: &S) -> Result<(Report, Checksums), Error> {
        self.run_with_checksums(Task::Check(&self.encode), shards.view(&self.code)?)
    }

    /// Rebuilds the lost shards, data or parity, in place from the others.
    ///
    /// What stands in a lost shard does not matter. The shards that are not needed are not read.
    ///
    /// # Errors
    /// [`Error::Unrecoverable`] if the others do not determine them; [`Error::ShardIndex`], [`Error::Duplicate`]; as
    /// [`Codec::encode`].
    pub fn reconstruct<S: Stripe + ?Sized>(&self, shards: &mut S, lost: &[usize]) -> Result<(), Error> {
        self.reconstruct_some(shards, lost, lost)
    }

    /// As [`Codec::reconstruct`], and returns the checksums of the shards that were rebuilt and of those they were rebuilt
    /// from, computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`].
    pub fn reconstruct_with_checksums<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        lost: &[usize],
    ) -> Result<Checksums, Error> {
        let view = shards.view_mut(&self.code)?;
        let plan = self.repair_plan(lost, lost)?;
        let (_, checksums) = self.run_with_checksums(Task::write(&plan), view)?;
        Ok(checksums)
    }

    /// Rebuilds only the `wanted` ones of the lost shards. The rest are neither read nor written.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`], and [`Error::NotLost`] for a wanted shard that is not lost.
    pub fn reconstruct_some<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        lost: &[usize],
        wanted: &[usize],
    ) -> Result<(), Error> {
        let view = shards.view_mut(&self.code)?;
        self.write(&*self.repair_plan(lost, wanted)?, view)
    }

    /// Rebuilds what each of many stripes has lost: `lost[t]` names the lost shards of stripe t.
    ///
    /// Stripes are of equal length and follow one another in every shard: stripe t of u bytes in bytes `t * u..(t + 1) * u`.
    /// However many patterns of loss there are, this is one call of the backend. For stripes that lie in another way,
    /// give [`Losses::matrices`] to a [`Batch`].
    ///
    /// # Errors
    /// [`Error::Stripe`] with the first stripe that cannot be rebuilt, and in it [`Error::Unrecoverable`],
    /// [`Error::ShardIndex`] or [`Error::Duplicate`]; [`Error::UnevenStripes`] if shards do not fall into as many stripes;
    /// as [`Codec::encode`].
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
    /// let mut shards = codec.shards(3 * 64)?; // three stripes of 64 bytes
    /// shards.data_mut(1).fill(7);
    /// codec.encode(&mut shards)?;
    /// let whole: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
    ///
    /// shards.shard_mut(1)[..64].fill(0); // lost in stripe 0
    /// shards.shard_mut(5)[..64].fill(0);
    /// shards.shard_mut(0)[128..].fill(0xff); // lost in stripe 2
    /// codec.reconstruct_stripes(&mut shards, &[vec![1, 5], vec![], vec![0]])?;
    /// assert!(shards.iter().eq(&whole));
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn reconstruct_stripes<S, L>(&self, shards: &mut S, lost: &[L]) -> Result<(), Error>
    where
        S: Stripe + ?Sized,
        L: AsRef<[usize]>,
    {
        let view = shards.view_mut(&self.code)?.in_stripes(lost.len())?;
        let losses = Losses::by(&self.code, self.grs(), lost)?;
        self.run(Task::Write(losses.matrices()), view).map(|_| ())
    }

    /// Rebuilds every shard that is `None`.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`], and [`Error::AllMissing`]. After any error the missing shards are still `None`.
    pub fn reconstruct_missing(&self, shards: &mut [Option<Vec<u8>>]) -> Result<(), Error> {
        let count = shards.len();
        check_count(count, self.code.total_shards())?;
        let lost: Vec<usize> = (0..count).filter(|&index| shards[index].is_none()).collect();
        let mut present = shards.iter().enumerate().filter_map(|(index, shard)| Some((index, shard.as_ref()?.len())));
        let Some((reference, bytes)) = present.next() else { return Err(Error::AllMissing { count }) };
        if let Some((index, given)) = present.find(|&(_, given)| given != bytes) {
            return Err(Error::ShardLength { index, given, reference, expected: bytes });
        }
        let mut rebuilt: Vec<Vec<u8>> = lost.iter().map(|_| vec![0; bytes]).collect();
        let mut targets = rebuilt.iter_mut();
        let slots = shards.iter().map(|shard| match shard {
            Some(bytes) => Slot::Read(bytes),
            None => targets.next().map_or(Slot::Absent, |bytes| Slot::Write(bytes)),
        });
        let view = check_lengths(&self.code, View::slices(slots, 1)?)?;
        self.write(&*self.repair_plan(&lost, &lost)?, view)?;
        for (index, bytes) in lost.into_iter().zip(rebuilt) {
            shards[index] = Some(bytes);
        }
        Ok(())
    }

    /// New parity after one data shard changed, without reading the other data shards.
    ///
    /// Takes the shard's old and new bytes and the old parity; writes the new parity beside it. The caller then puts the
    /// new in the place of the old, so that an interrupted update leaves a consistent stripe.
    ///
    /// # Errors
    /// [`Error::NotData`] if there is no such data shard. [`Error::ShardCount`] unless there are as many old and new
    /// parity slices as the code has parity shards; in it and in [`Error::ShardLength`] shards are counted as they are
    /// passed: old data, new data, old parity, new parity. [`Error::EmptyShards`]; a device error.
    pub fn update<O: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data_shard: usize,
        old_data: &[u8],
        new_data: &[u8],
        old_parity: &[O],
        new_parity: &mut [P],
    ) -> Result<(), Error> {
        let plan = self.code.update_plan(data_shard)?;
        let parity_shards = self.code.parity_shards();
        check_count(old_parity.len(), parity_shards)?;
        check_count(new_parity.len(), parity_shards)?;
        let data = [Slot::Read(old_data), Slot::Read(new_data)];
        let view = View::slices(data.into_iter().chain(read_slots(old_parity)).chain(write_slots(new_parity)), 1)?;
        if view.total_bytes() == 0 {
            return Err(Error::EmptyShards);
        }
        self.write(&plan, view)
    }

    /// The plan of a repair, solved once while it is among the last.
    pub(crate) fn repair_plan(&self, lost: &[usize], wanted: &[usize]) -> Result<Arc<Plan>, Error> {
        self.repairs.plan(&self.code, self.grs(), lost, wanted)
    }

    /// The code as a generalised Reed-Solomon code, if it is one.
    fn grs(&self) -> Option<&Arc<Grs>> {
        self.grs.get_or_init(|| self.code.grs().ok().map(Arc::new)).as_ref()
    }

    fn write(&self, plan: &Plan, view: View<'_>) -> Result<(), Error> {
        self.run(Task::write(plan), view).map(|_| ())
    }

    fn run(&self, task: Task<'_>, view: View<'_>) -> Result<Report, Error> {
        self.backend.run(&mut [Batch::new(task, view)?])
    }

    /// Runs a task of one plan over the code's shards in one stripe.
    fn run_with_checksums(&self, task: Task<'_>, view: View<'_>) -> Result<(Report, Checksums), Error> {
        let shard_bytes = view.bytes();
        let batch = Batch::new(task, view)?;
        let mut crcs = vec![0; batch.checksums()];
        let report = self.backend.run(&mut [batch.with_crc(&mut crcs)?])?;
        let plan = &task.matrices().plans()[0];
        Ok((report, Checksums::of_plan(self.code.total_shards(), shard_bytes, plan, crcs)))
    }
}
