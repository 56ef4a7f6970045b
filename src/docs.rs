//! The project's pages, as they lie in its repository.

/// A page, and where the links of all pages lead here. Of two definitions of a link the first counts, so these go before the
/// page, whose own are for readers of the repository.
macro_rules! page {
    ($name:ident, $file:literal) => {
        /// [compatible bytes]: crate#compatible-bytes
        /// [`Codec`]: crate::Codec
        /// [ARCHITECTURE.md]: crate::docs::architecture
        /// [benches/README.md]: crate::docs::benches
        /// [benches/cpu.md]: crate::docs::cpu
        /// [benches/device.md]: crate::docs::device
        /// [docs/command.md]: crate::docs::command
        /// [docs/environment.md]: crate::docs::environment
        /// [docs/layouts.md]: crate::docs::layouts
        /// [docs/shard-format.md]: crate::docs::shard_format
        /// [docs/testing.md]: crate::docs::testing
        /// [device.md]: crate::docs::device
        /// [host.md]: crate::docs::host
        /// [cpu.md]: crate::docs::cpu
        /// [docs/benchmarks.md]: crate::docs::benchmarks
        /// [benchmarks.md]: crate::docs::benchmarks
        /// [environment.md]: crate::docs::environment
        /// [layouts.md]: crate::docs::layouts
        /// [numbers]: crate::docs::layouts#numbers
        /// [shard-format.md]: crate::docs::shard_format
        /// [codes]: crate::docs::shard_format#codes
        /// [products]: crate::docs::shard_format#layouts
        ///
        #[doc = include_str!($file)]
        pub mod $name {}
    };
}

page!(architecture, "../ARCHITECTURE.md");
page!(benches, "../benches/README.md");
page!(benchmarks, "../docs/benchmarks.md");
page!(command, "../docs/command.md");
page!(contributing, "../CONTRIBUTING.md");
page!(cpu, "../benches/cpu.md");
page!(device, "../benches/device.md");
page!(environment, "../docs/environment.md");
page!(host, "../benches/host.md");
page!(layouts, "../docs/layouts.md");
page!(shard_format, "../docs/shard-format.md");
page!(switching, "../docs/switching.md");
page!(testing, "../docs/testing.md");
