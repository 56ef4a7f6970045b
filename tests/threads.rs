//! The public types that programs keep, share and hand to other threads are `Send` and `Sync`. The compiler is the test.

use evariste::backend::{Batch, Report};
use evariste::{Auto, Backend, Code, Codec, Cpu, Error, Layout, Matrix, Shards, StreamCodec};

fn shared<T: Send + Sync + ?Sized>() {}

#[test]
fn public_types_are_send_and_sync() {
    shared::<Code>();
    shared::<Codec>();
    shared::<StreamCodec>();
    shared::<Shards>();
    shared::<Layout>();
    shared::<Matrix>();
    shared::<Error>();
    shared::<Report>();
    shared::<Batch<'static>>();
    shared::<dyn Backend>();
    shared::<Cpu>();
    shared::<Auto>();
    #[cfg(feature = "gpu")]
    {
        shared::<evariste::Gpu>();
        shared::<evariste::gpu::Options>();
    }
}
