//! From shards back to the object, or to the shards that are lost.

use std::io::{Read, Write};

use super::ends::{Object, flush_shard, read_unit, write_unit};
use super::stripe::StripeBuffer;
use super::{StreamCodec, pipeline};
use crate::Error;

impl StreamCodec {
    /// Reads the shards that are left, `None` being a lost one, and writes the object of `object_bytes` bytes.
    ///
    /// Lost data shards are rebuilt on the way. Only the data shards and those that such a repair needs are read; of each
    /// exactly [`StreamCodec::shard_bytes`], in turns of a unit. The writer is flushed at the end.
    ///
    /// Nothing checks the bytes: a shard that has changed gives a wrong object.
    ///
    /// # Errors
    /// [`Error::ShardCount`] unless there are n shards, and [`Error::Unrecoverable`] if those that are left do not determine
    /// the data: then nothing has been read. [`Error::ShardRead`] if the reader of a shard fails, [`Error::ShardEnds`] if it
    /// ends early, [`Error::ObjectWrite`] if the writer fails; a device error; [`Error::Thread`]. After these the writer has
    /// received a part of the object. To go on without the shard that an error names, begin again with `None` in its place.
    pub fn decode<R: Read + Send, W: Write + Send>(
        &self,
        shards: &mut [Option<R>],
        object_bytes: u64,
        object: W,
    ) -> Result<(), Error> {
        let data_shards = self.codec.code().data_shards();
        let is_lost = |&shard: &usize| shards.get(shard).is_some_and(Option::is_none);
        let mut repair = self.repair(shards, (0..data_shards).filter(is_lost).collect())?;
        repair.is_read[..data_shards].fill(true);
        let mut object = Object::new(object);
        self.recode(shards, object_bytes, &repair, |stripe| {
            let mut left = stripe.object_bytes;
            for unit in stripe.units().take(data_shards) {
                let bytes = unit.len().min(left);
                object.write(&unit[..bytes])?;
                left -= bytes;
            }
            Ok(())
        })?;
        object.flush()
    }

    /// Reads shards that are left, `None` being a lost one, and writes each lost shard for which `rebuilt` has a writer.
    ///
    /// Only the shards that the repair needs are read. `object_bytes` is the length of the object that was encoded. Each
    /// writer is flushed at the end.
    ///
    /// # Errors
    /// [`Error::ShardCount`] unless there are n shards and n places for writers, [`Error::NotLost`] for a writer of a shard that
    /// is there, and [`Error::Unrecoverable`] if the shards that are left do not determine one that is wanted: then nothing
    /// has been read. [`Error::ShardRead`], [`Error::ShardEnds`], [`Error::ShardWrite`]; a device error; [`Error::Thread`]. After
    /// these the writers have received a part of their shards.
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec, StreamCodec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
    /// let stream = StreamCodec::new(&codec, 4096)?;
    /// let mut shards = vec![Vec::new(); 6];
    /// let object_bytes = stream.encode(&[7; 100_000][..], &mut shards)?;
    ///
    /// // Shards 1 and 5 are lost; shard 5 comes back.
    /// let mut left: Vec<Option<&[u8]>> = shards.iter().map(|shard| Some(&shard[..])).collect();
    /// (left[1], left[5]) = (None, None);
    /// let mut rebuilt = Vec::new();
    /// stream.rebuild(&mut left, object_bytes, &mut [None, None, None, None, None, Some(&mut rebuilt)])?;
    /// assert_eq!(rebuilt, shards[5]);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn rebuild<R: Read + Send, W: Write + Send>(
        &self,
        shards: &mut [Option<R>],
        object_bytes: u64,
        rebuilt: &mut [Option<W>],
    ) -> Result<(), Error> {
        self.check_count(rebuilt.len())?;
        let repair = self.repair(shards, (0..rebuilt.len()).filter(|&shard| rebuilt[shard].is_some()).collect())?;
        if repair.wanted.is_empty() {
            return Ok(());
        }
        self.recode(shards, object_bytes, &repair, |stripe| {
            for (shard, (writer, unit)) in rebuilt.iter_mut().zip(stripe.units()).enumerate() {
                if let Some(writer) = writer {
                    write_unit(shard, writer, stripe.at, unit)?;
                }
            }
            Ok(())
        })?;
        let shard_bytes = self.shard_bytes(object_bytes);
        for (shard, writer) in rebuilt.iter_mut().enumerate() {
            if let Some(writer) = writer {
                flush_shard(shard, writer, shard_bytes)?;
            }
        }
        Ok(())
    }

    /// The repair of the wanted ones of the lost shards, and the shards it reads.
    fn repair<R>(&self, shards: &[Option<R>], wanted: Vec<usize>) -> Result<Repair, Error> {
        self.check_count(shards.len())?;
        let lost: Vec<usize> = (0..shards.len()).filter(|&shard| shards[shard].is_none()).collect();
        let mut is_read = vec![false; shards.len()];
        if !wanted.is_empty() {
            let plan = self.codec.repair_plan(&lost, &wanted)?;
            plan.sources().iter().for_each(|&shard| is_read[shard] = true);
        }
        Ok(Repair { lost, wanted, is_read })
    }

    /// Reads every stripe of the shards that are read, repairs it, and hands it to `drain`.
    fn recode<R: Read + Send>(
        &self,
        shards: &mut [Option<R>],
        object_bytes: u64,
        repair: &Repair,
        drain: impl FnMut(&mut StripeBuffer) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let shard_bytes = self.shard_bytes(object_bytes);
        let (mut at, mut left) = (0, object_bytes);
        let fill = |stripe: &mut StripeBuffer| {
            if left == 0 {
                return Ok(false);
            }
            let object_bytes = usize::try_from(left).unwrap_or(usize::MAX).min(self.stripe_bytes);
            stripe.begin(self.codec.code().data_shards(), at, object_bytes);
            for (shard, (reader, unit)) in shards.iter_mut().zip(stripe.units_mut()).enumerate() {
                if let Some(reader) = reader
                    && repair.is_read[shard]
                {
                    read_unit(shard, reader, at, unit, shard_bytes)?;
                }
            }
            at += stripe.unit_bytes as u64;
            left -= stripe.object_bytes as u64;
            Ok(true)
        };
        let code = |stripe: &mut StripeBuffer| {
            if repair.wanted.is_empty() {
                return Ok(());
            }
            self.codec.reconstruct_some(&mut stripe.columns()?, &repair.lost, &repair.wanted)
        };
        let unit_bytes = usize::try_from(shard_bytes).unwrap_or(usize::MAX).clamp(1, self.unit_bytes);
        pipeline::run(self.buffers(unit_bytes), fill, code, drain)
    }
}

/// What is done with every stripe.
struct Repair {
    lost: Vec<usize>,
    wanted: Vec<usize>,
    /// For every shard whether it is read, if it is there.
    is_read: Vec<bool>,
}
