//! The self-test that every device must pass when it is opened. The expected bytes are constants, not computed.

use crate::backend::{Backend, Batch, Task};
use crate::memory::{Geometry, Region, View};
use crate::{Error, Matrix, Plan};

/// Three sources, two targets: the matrix 1 2 3 / 0x8e 0x1d 0xff over GF(2^8), polynomial 0x11d, worked out by
/// shift and add outside this program.
const MATRIX: [[u8; 3]; 2] = [[1, 2, 3], [0x8e, 0x1d, 0xff]];
const SOURCES: [[u8; 4]; 3] = [[0x01, 0x80, 0xff, 0x00], [0x02, 0x53, 0x10, 0xca], [0x04, 0xa7, 0xfe, 0x01]];
const TARGETS: [[u8; 4]; 2] = [[0x09, 0xd2, 0xc0, 0x8a], [0x6f, 0x8a, 0x21, 0x18]];
/// The four columns are repeated to fill more than a workgroup, with a tail.
const BYTES: usize = 4096 * 2 + 4;
const GEOMETRY: Geometry = Geometry { slots: 5, bytes: BYTES, slot_stride: BYTES + 12, stripes: 1, stripe_stride: 0 };

/// Runs the test plan and its check, in memory that the backend allocated and in ordinary memory.
///
/// # Errors
/// [`Error::SelfTest`] if a result is wrong, or the device's error.
pub(super) fn run(backend: &dyn Backend, device: &str) -> Result<(), Error> {
    let bytes = GEOMETRY.slots * GEOMETRY.slot_stride;
    ask(backend, device, &mut Region::new(bytes)?)?;
    ask(backend, device, &mut backend.allocate(bytes)?)
}

fn ask(backend: &dyn Backend, device: &str, memory: &mut [u8]) -> Result<(), Error> {
    let start = |slot: usize| slot * GEOMETRY.slot_stride;
    let repeat = |column: &[u8; 4]| column.iter().copied().cycle().take(BYTES).collect::<Vec<u8>>();
    for (slot, column) in SOURCES.iter().enumerate() {
        memory[start(slot)..][..BYTES].copy_from_slice(&repeat(column));
    }
    let plan = Plan::new(&[0, 1, 2], &[3, 4], Matrix::from_rows(&MATRIX)?)?;
    let view = View::arena_padded(memory, GEOMETRY, GEOMETRY.slot_stride)?;
    let _ = backend.run(&mut [Batch::new(Task::write(&plan), view)?])?;
    for (target, column) in TARGETS.iter().enumerate() {
        let (got, expected) = (&memory[start(3 + target)..], repeat(column));
        if let Some(byte) = (0..BYTES).find(|&byte| got[byte] != expected[byte]) {
            let (got, expected) = (got[byte], expected[byte]);
            return Err(Error::SelfTest { device: device.to_owned(), target, byte, got, expected });
        }
    }

    // The check must find the one wrong byte and nothing else.
    let (wrong, byte) = (1, 5000);
    memory[start(3 + wrong) + byte] ^= 0x10;
    let view = View::arena_ref_padded(memory, GEOMETRY, GEOMETRY.slot_stride)?;
    let report = backend.run(&mut [Batch::new(Task::Check(&plan), view)?])?;
    match report.mismatches[..] {
        [found] if (found.slot, found.first, found.count) == (4, byte, 1) => Ok(()),
        _ => {
            let got = memory[start(3 + wrong) + byte];
            Err(Error::SelfTest { device: device.to_owned(), target: wrong, byte, got, expected: got ^ 0x10 })
        }
    }
}
