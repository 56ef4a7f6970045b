//! Host memory as device memory, where the device's programming interface can do that: Vulkan.
//!
//! Only this module bypasses wgpu. These are the reasons why it is sound:
//!
//! - **Order of destruction.** An [`Import`] is a buffer over an owner's pages. wgpu keeps the buffer for as long
//!   as a bind group, a recorded command or a submission in flight names it, however early our own handle goes. When
//!   wgpu lets go, [`Import::release`] runs: it destroys the buffer, then the device's side of the memory, and only then
//!   drops the owner, and with it, perhaps, the pages.
//! - **Visibility of the device's writes.** The memory is coherent with the host's caches, so nothing has to be flushed. But
//!   the end of a submission alone does not make its writes visible to the host: [`visible_to_host`] records the barrier
//!   that does. Vulkan guarantees that a submission sees everything the host wrote before it.
//! - **A device that hangs.** It may write until it stops. So a wait for work on imported memory lasts until the work has
//!   ended or the driver has declared the device lost: `Device::settle`.
//! - **A device that is lost.** Nothing runs on it any more, and its objects may be destroyed at any time.

#[cfg(not(all(feature = "vulkan", any(windows, target_os = "linux", target_os = "android", target_os = "freebsd"))))]
mod none;
#[cfg(all(feature = "vulkan", any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")))]
mod vulkan;

use std::any::Any;

#[cfg(not(all(
    feature = "vulkan",
    any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")
)))]
pub(super) use none::{Import, Importer, is_offered, open};
#[cfg(all(feature = "vulkan", any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) use vulkan::{Import, Importer, is_offered, open};

/// The owner of imported pages, dropped last.
type Owner = Box<dyn Any + Send + Sync>;

/// Records that the host will read what the commands before this wrote to the buffer.
pub(super) fn visible_to_host(encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer) {
    let state = wgpu::BufferUses::MAP_READ;
    encoder.transition_resources([wgpu::wgt::BufferTransition { buffer, state }].into_iter(), std::iter::empty());
}
