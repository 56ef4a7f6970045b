//! A stripe in one buffer of the caller's.

use std::fmt;

use super::stripe::{Sealed, Stripe, StripeRef, check_lengths};
use crate::memory::{Geometry, View};
use crate::{Code, Error};

/// One buffer that holds all n shards of a stripe, one directly behind another, each a n-th part of it.
///
/// The buffer is anything that is bytes: `Flat(&mut buffer[..])` to write, `Flat(&buffer[..])` to read. A buffer that does not
/// divide into n equal parts is [`Error::UnevenBuffer`].
///
/// ```
/// use evariste::{Code, Codec, codec::Flat};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut buffer = *b"datadatadatadata--------"; // 6 shards of 4 bytes
/// codec.encode(&mut Flat(&mut buffer))?;
/// assert!(codec.verify(&Flat(&buffer))?.is_consistent());
///
/// let whole = buffer;
/// buffer[4..8].fill(0);
/// codec.reconstruct(&mut Flat(&mut buffer), &[1])?;
/// assert_eq!(buffer, whole);
///
/// let error = codec.encode(&mut Flat(&mut buffer[..23])).unwrap_err();
/// assert_eq!(error.to_string(), "a buffer of 23 bytes does not divide into 6 shards of equal length");
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Flat<B>(pub B);

impl<B: AsRef<[u8]>> fmt::Debug for Flat<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flat").field("bytes", &self.0.as_ref().len()).finish_non_exhaustive()
    }
}

impl<B> Sealed for Flat<B> {}

impl<B: AsRef<[u8]>> StripeRef for Flat<B> {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        let buffer = self.0.as_ref();
        check_lengths(code, View::arena_ref(buffer, geometry(code, buffer.len())?)?)
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Stripe for Flat<B> {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        let buffer = self.0.as_mut();
        let geometry = geometry(code, buffer.len())?;
        check_lengths(code, View::arena(buffer, geometry)?)
    }
}

fn geometry(code: &Code, buffer_bytes: usize) -> Result<Geometry, Error> {
    let slots = code.total_shards();
    if !buffer_bytes.is_multiple_of(slots) {
        return Err(Error::UnevenBuffer { buffer_bytes, shards: slots });
    }
    let bytes = buffer_bytes / slots;
    Ok(Geometry { slots, bytes, slot_stride: bytes, stripes: 1, stripe_stride: 0 })
}
