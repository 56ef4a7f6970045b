//! The public types are `Send` and `Sync`: programs keep them, share them and hand them to other threads. The compiler is the
//! test.

use std::fmt::Debug;

use evariste::{analysis, auto, backend, code, codec, codeword, compat, cpu, layout, memory};

fn shared<T: Debug + Send + Sync>() {}

#[test]
fn codes_plans_and_layouts() {
    shared::<code::Code>();
    shared::<code::Groups>();
    shared::<code::Place>();
    shared::<evariste::Grs>();
    shared::<evariste::Losses>();
    shared::<evariste::Matrix>();
    shared::<evariste::Plan>();
    shared::<evariste::Matrices<'static>>();
    shared::<layout::Layout>();
    shared::<layout::Placement>();
    shared::<layout::Rotation>();
    shared::<codeword::ReedSolomon>();
    shared::<codeword::Corrected>();
    shared::<evariste::Error>();
    shared::<evariste::ErrorKind>();
}

#[test]
fn analysis_of_layouts() {
    shared::<analysis::Cost>();
    shared::<analysis::Effort>();
    shared::<analysis::Guarantee>();
    shared::<analysis::Memory>();
    shared::<analysis::Method>();
    shared::<analysis::Share>();
    shared::<analysis::Theorem>();
    shared::<analysis::Tolerance>();
    shared::<analysis::mttdl::Disks>();
    shared::<analysis::mttdl::Repair>();
    shared::<analysis::mttdl::Simulated>();
}

#[test]
fn memory_and_backends() {
    shared::<memory::Geometry>();
    shared::<memory::Region>();
    shared::<memory::Slot<'static>>();
    shared::<memory::View<'static>>();
    shared::<memory::Tile<'static>>();
    shared::<memory::Tiles<'static>>();
    shared::<backend::Batch<'static>>();
    shared::<backend::Task<'static>>();
    shared::<backend::Erasures>();
    shared::<backend::HostMemory>();
    shared::<backend::Info>();
    shared::<backend::Report>();
    shared::<backend::Mismatch>();
    shared::<backend::Correction>();
    shared::<backend::Uncorrectable>();
    shared::<cpu::Cpu>();
    shared::<cpu::Kernel>();
    shared::<auto::Auto>();
    shared::<auto::Calibration>();
    shared::<auto::Choice>();
    shared::<auto::Speed>();

    fn object<T: Send + Sync + ?Sized>() {}
    object::<dyn backend::Backend>();
}

#[cfg(feature = "gpu")]
#[test]
fn gpus() {
    use evariste::gpu;
    shared::<gpu::Gpu>();
    shared::<gpu::AdapterSummary>();
    shared::<gpu::Kernel>();
    shared::<gpu::Options>();
    shared::<gpu::Registration>();
    shared::<gpu::Arena<'static>>();
    shared::<gpu::Resident<'static>>();
    shared::<gpu::Recorded>();
}

#[test]
fn codecs() {
    shared::<codec::Codec>();
    shared::<codec::Shards>();
    shared::<codec::Iter<'static>>();
    shared::<codec::IterMut<'static>>();
    shared::<codec::Flat<Vec<u8>>>();
    shared::<codec::Columns<'static>>();
    shared::<codec::Checksums>();
    shared::<codec::Corrections>();
    shared::<codec::Corrected>();
    shared::<codec::Beyond>();
    shared::<codec::Contradicted>();
    shared::<evariste::StreamCodec>();
    shared::<compat::ReedSolomon>();
    shared::<compat::ShardByShard<'static>>();
    shared::<compat::Error>();
    shared::<compat::SBSError>();
}
