//! Streams: objects of any length, coded as they are read, in memory that does not grow with them.
//!
//! [`StreamCodec::encode`] turns one [`Read`] into n [`Write`]s, [`StreamCodec::decode`] turns what is left of them back into
//! the object, and [`StreamCodec::rebuild`] makes lost shards again. Reading, coding and writing overlap.
//!
//! **Shape.** The object is cut into stripes of `k * unit_bytes` bytes. Data shard i has bytes
//! `i * unit_bytes..(i + 1) * unit_bytes` of every stripe, one unit behind another. The last stripe may be shorter: it is cut
//! into k units of equal length, filled up with at most k - 1 zeros, as [`Codec::split`] cuts a whole object. An object of 0
//! bytes has shards of 0 bytes. The shards hold nothing else: no header, no length, no checksum. The caller keeps the
//! object's length, the code and `unit_bytes`. For files that describe themselves use the command or its library
//! `evariste-store`.
//!
//! **Memory.** A call takes at most [`StreamCodec::memory_bytes`] for the bytes of shards, whatever the length of the object,
//! and two threads for its time.
//!
//! This is a part of the library because it opens no file and knows no format: any [`Read`] and [`Write`] will do.
//!
//! ```
//! use evariste::{Code, Codec, StreamCodec};
//!
//! let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
//! let stream = StreamCodec::new(&codec, 4096)?; // bytes of a unit
//!
//! let object = vec![7; 100_000];
//! let mut shards = vec![Vec::new(); 6]; // six files or sockets
//! let object_bytes = stream.encode(&object[..], &mut shards)?;
//! assert_eq!(object_bytes, 100_000);
//!
//! // Two shards are lost.
//! let mut left: Vec<Option<&[u8]>> = shards.iter().map(|shard| Some(&shard[..])).collect();
//! (left[1], left[5]) = (None, None);
//! let mut decoded = Vec::new();
//! stream.decode(&mut left, object_bytes, &mut decoded)?;
//! assert_eq!(decoded, object);
//! # Ok::<(), evariste::Error>(())
//! ```

mod decode;
mod ends;
mod pipeline;
mod stripe;

use std::io::{Read, Write};

use crate::memory::Geometry;
use crate::{Codec, Error};
use ends::{Object, flush_shard, write_unit};
use pipeline::Buffers;
use stripe::StripeBuffer;

/// Stripes that are in memory at a time: one for each stage, and one more, so that no stage waits for a buffer where stages
/// take turns in being slow.
const DEPTH: usize = 4;

/// A codec and the length of a unit: what is needed to code streams.
///
/// Shards in a stream are numbered as in [`Codec`]: data from 0, then parity. Units of 64 KiB to 1 MiB suit files and most
/// networks. Larger ones reach a GPU (see [`Auto`](crate::Auto)), and take more memory.
///
/// Every call blocks. Coding runs in the rayon pool of the calling thread; readers and writers are used on two threads
/// that the call starts and ends. A reader or writer that itself waits for work in that rayon pool may wait forever, since
/// the call may occupy the pool's last thread.
#[derive(Clone, Debug)]
pub struct StreamCodec {
    codec: Codec,
    unit_bytes: usize,
    /// Object bytes of every stripe but the last.
    stripe_bytes: usize,
    /// Memory for a unit.
    stride_bytes: usize,
}

impl StreamCodec {
    /// A codec for streams with units of this many bytes. The codec is cloned, which is cheap.
    ///
    /// # Errors
    /// [`Error::EmptyShards`] for units of 0 bytes; [`Error::HostMemory`] if n of them are more than memory can hold.
    pub fn new(codec: &Codec, unit_bytes: usize) -> Result<Self, Error> {
        if unit_bytes == 0 {
            return Err(Error::EmptyShards);
        }
        let stride_bytes = Geometry::one_stripe(codec.code().total_shards(), unit_bytes)?.slot_stride;
        // No overflow: the geometry of more shards did not.
        let stripe_bytes = unit_bytes * codec.code().data_shards();
        Ok(Self { codec: codec.clone(), unit_bytes, stripe_bytes, stride_bytes })
    }

    /// The codec.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Bytes of each shard in every stripe but the last.
    #[must_use]
    pub fn unit_bytes(&self) -> usize {
        self.unit_bytes
    }

    /// Bytes of each shard of an object of this length. With k data shards and units of u bytes that is
    /// `floor(object_bytes / (k * u)) * u + ceil((object_bytes mod (k * u)) / k)`.
    ///
    /// ```
    /// use evariste::{Code, Codec, StreamCodec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
    /// let stream = StreamCodec::new(&codec, 100)?;
    /// assert_eq!([0, 1, 400, 401, 1000].map(|object_bytes| stream.shard_bytes(object_bytes)), [0, 1, 100, 101, 250]);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn shard_bytes(&self, object_bytes: u64) -> u64 {
        let stripe_bytes = self.stripe_bytes as u64;
        let (full, rest) = (object_bytes / stripe_bytes, object_bytes % stripe_bytes);
        full * self.unit_bytes as u64 + rest.div_ceil(self.codec.code().data_shards() as u64)
    }

    /// The most memory that a call takes for bytes of shards: `(4 * n + k) * stride`, where the stride is
    /// `unit_bytes` rounded up to a multiple of 256 bytes, and a little more where that suits caches (see
    /// [`Geometry::one_stripe`]).
    ///
    /// Four stripes of n units are on their way at a time, and encoding copies the data of a last, shorter stripe once. Beside
    /// that a call takes two threads with their stacks and some kilobytes.
    ///
    /// ```
    /// use evariste::{Code, Codec, StreamCodec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
    /// let stream = StreamCodec::new(&codec, 64 << 10)?;
    /// assert!(stream.memory_bytes() < 5 << 20);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let code = self.codec.code();
        let units = DEPTH * code.total_shards() + code.data_shards();
        self.stride_bytes.saturating_mul(units)
    }

    /// Reads the object to its end and writes its n shards, `shards[i]` being shard i. Returns the bytes of the object.
    ///
    /// Writers of different types fit in one slice as `Box<dyn Write + Send>`. Each is flushed at the end. The units
    /// of a stripe are written one after another.
    ///
    /// # Errors
    /// [`Error::ShardCount`] unless there are n writers; then nothing has been read. [`Error::ObjectRead`] if the reader
    /// fails, [`Error::ShardWrite`] if the writer of a shard does; a device error; [`Error::Thread`]. After these the object may
    /// have been read in part, and the writers may have received a part of their shards.
    ///
    /// # Examples
    /// A stream of 64 MiB is encoded and decoded in less than 32 MiB of memory. Here pipes connect the two: nothing else
    /// could hold the shards.
    /// ```standalone_crate
    /// use std::io::{self, Read, Write};
    /// use std::thread;
    /// use evariste::{Code, Codec, StreamCodec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
    /// let stream = StreamCodec::new(&codec, 64 << 10)?;
    /// let object_bytes = 64 << 20;
    ///
    /// // Shards 0, 5, 11 and 13 go nowhere; a pipe takes each of the others.
    /// let mut writers: Vec<Box<dyn Write + Send>> = Vec::new();
    /// let mut readers: Vec<Option<io::PipeReader>> = Vec::new();
    /// for shard in 0..14 {
    ///     if [0, 5, 11, 13].contains(&shard) {
    ///         writers.push(Box::new(io::sink()));
    ///         readers.push(None);
    ///     } else {
    ///         let (reader, writer) = io::pipe()?;
    ///         writers.push(Box::new(writer));
    ///         readers.push(Some(reader));
    ///     }
    /// }
    /// let encoder = thread::spawn({
    ///     let stream = stream.clone();
    ///     move || stream.encode(io::repeat(0x5a).take(object_bytes), &mut writers)
    /// });
    ///
    /// struct Check(u64);
    /// impl Write for Check {
    ///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
    ///         assert!(bytes.iter().all(|&byte| byte == 0x5a));
    ///         self.0 += bytes.len() as u64;
    ///         Ok(bytes.len())
    ///     }
    ///     fn flush(&mut self) -> io::Result<()> {
    ///         Ok(())
    ///     }
    /// }
    /// let mut check = Check(0);
    /// stream.decode(&mut readers, object_bytes, &mut check)?;
    /// assert_eq!(encoder.join().expect("the encoder does not panic")?, object_bytes);
    /// assert_eq!(check.0, object_bytes);
    ///
    /// // The most memory this process ever had, where the system says so.
    /// # #[cfg(target_os = "linux")]
    /// # {
    /// let status = std::fs::read_to_string("/proc/self/status")?;
    /// let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("Linux says so");
    /// let peak_kib: usize = peak.split_whitespace().nth(1).expect("a number").parse()?;
    /// assert!(peak_kib < 32 << 10, "{peak}");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode<R: Read + Send, W: Write + Send>(&self, object: R, shards: &mut [W]) -> Result<u64, Error> {
        self.check_count(shards.len())?;
        let data_shards = self.codec.code().data_shards();
        let (mut object, mut at, mut is_at_end) = (Object::new(object), 0, false);
        let fill = |stripe: &mut StripeBuffer| {
            if is_at_end {
                return Ok(false);
            }
            stripe.begin(data_shards, at, self.stripe_bytes);
            let bytes = object.read(stripe.units_mut().take(data_shards))?;
            if bytes < stripe.object_bytes {
                is_at_end = true;
                stripe.shorten(&self.codec, bytes)?;
            }
            at += stripe.unit_bytes as u64;
            Ok(bytes > 0)
        };
        let code = |stripe: &mut StripeBuffer| self.codec.encode(&mut stripe.columns()?);
        let drain = |stripe: &mut StripeBuffer| {
            let units = shards.iter_mut().zip(stripe.units()).enumerate();
            units.into_iter().try_for_each(|(shard, (writer, unit))| write_unit(shard, writer, stripe.at, unit))
        };
        pipeline::run(self.buffers(self.unit_bytes), fill, code, drain)?;
        for (shard, writer) in shards.iter_mut().enumerate() {
            flush_shard(shard, writer, at)?;
        }
        Ok(object.at)
    }

    fn check_count(&self, given: usize) -> Result<(), Error> {
        let expected = self.codec.code().total_shards();
        if given == expected { Ok(()) } else { Err(Error::ShardCount { given, expected }) }
    }

    fn buffers(&self, unit_bytes: usize) -> Buffers<impl FnMut() -> Result<StripeBuffer, Error> + Send> {
        Buffers { depth: DEPTH, make: move || StripeBuffer::new(&self.codec, unit_bytes) }
    }
}
