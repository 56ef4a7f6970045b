//! The automatic backend: small calls never use a GPU, a GPU that fails costs only a second run, and a software driver is used only
//! if it is requested.

#[path = "support/support.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use evariste::auto::{Calibration, Choice, Speed};
use evariste::memory::Slot;
use evariste::{Auto, Backend, Batch, Code, Codec, Cpu, Error, Info, Region, Report, Task, View};
use support::{assert_shards_equal, painted};

/// Shards of a call that opens a GPU, of one that may take it once it is open, and of one that never does: 14 of them are 84 MiB,
/// 14 MiB and 14 KiB.
const LARGE: usize = 6 << 20;
const MIDDLING: usize = 1 << 20;
const SMALL: usize = 1 << 10;

/// A GPU that the CPU plays: it counts its calls and may fail, after having written rubbish.
struct Actor {
    cpu: Cpu,
    calls: AtomicUsize,
    fails: fn() -> Option<Error>,
    in_place: bool,
}

impl Actor {
    fn new(fails: fn() -> Option<Error>) -> Arc<Self> {
        Self::working(false, fails)
    }

    fn working(in_place: bool, fails: fn() -> Option<Error>) -> Arc<Self> {
        Arc::new(Self { cpu: Cpu::new().unwrap(), calls: AtomicUsize::new(0), fails, in_place })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Backend for Actor {
    fn info(&self) -> Info {
        Info::new("gpu", "an actor")
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        self.cpu.allocate(bytes)
    }

    fn is_in_place(&self, _: &Batch<'_>) -> bool {
        self.in_place
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Some(error) = (self.fails)() else { return self.cpu.run(batches) };
        for batch in batches {
            for &target in batch.task().matrices().plans()[0].targets() {
                batch.view_mut().slot_mut(target, 0).fill(0xee);
            }
        }
        Err(error)
    }
}

/// A CPU of 10 GB/s and a GPU of 50 GB/s in place. The GPU's rate through copies is given.
fn calibration(copied_bytes_per_s: f64) -> Calibration {
    let speed = |call_s, bytes_per_s| Speed::new(call_s, bytes_per_s, 1e12);
    let mut calibration = Calibration::new("any", speed(1e-6, 1e10), "any", speed(1e-4, copied_bytes_per_s));
    calibration.in_place = Some(speed(1e-4, 5e10));
    calibration
}

/// A codec over an automatic choice between the CPU and an actor, and how often the actor was opened.
fn codec(actor: &Arc<Actor>) -> (Codec, Arc<AtomicUsize>) {
    let (auto, opened) = automatic(actor, 2e10);
    (Codec::on(Code::reed_solomon(10, 4).unwrap(), auto), opened)
}

fn automatic(actor: &Arc<Actor>, copied_bytes_per_s: f64) -> (Arc<Auto>, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let (actor, count) = (Arc::clone(actor), Arc::clone(&opened));
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::clone(&actor) as Arc<dyn Backend>)
    });
    (Arc::new(auto.with_calibration(calibration(copied_bytes_per_s))), opened)
}

fn encode(codec: &Codec, bytes: usize) -> Result<Vec<Vec<u8>>, Error> {
    let data = painted(10, bytes);
    let mut parity = vec![vec![0; bytes]; 4];
    codec.encode_into(&data, &mut parity)?;
    Ok(parity)
}

fn expected(bytes: usize) -> Vec<Vec<u8>> {
    encode(&Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::new(Cpu::new().unwrap())), bytes).unwrap()
}

fn lost() -> Option<Error> {
    let (device, doing, reason) = ("an actor".to_owned(), "acting".to_owned(), "it fell off the stage".to_owned());
    Some(Error::DeviceLost { device, doing, reason })
}

fn out_of_memory() -> Option<Error> {
    Some(Error::DeviceMemory {
        device: "an actor".to_owned(),
        doing: "learning by heart".to_owned(),
        source: "no".into(),
    })
}

#[test]
fn small_calls_never_open_a_gpu() {
    let actor = Actor::new(|| None);
    let (codec, opened) = codec(&actor);
    for _ in 0..3 {
        assert_shards_equal(&expected(SMALL), &encode(&codec, SMALL).unwrap(), "small");
    }
    assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (0, 0));
}

#[test]
fn large_calls_take_the_gpu_opened_once() {
    let actor = Actor::new(|| None);
    let (codec, opened) = codec(&actor);
    for _ in 0..2 {
        assert_shards_equal(&expected(LARGE), &encode(&codec, LARGE).unwrap(), "large");
    }
    encode(&codec, SMALL).unwrap();
    assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (1, 2));
}

/// What the automatic backend says of an encode of 10+4.
fn explain(auto: &Auto, bytes: usize) -> Choice {
    let plan = Code::reed_solomon(10, 4).unwrap().encode_plan();
    let mut shards = vec![vec![0; bytes]; 14];
    let view = View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), 1).unwrap();
    auto.explain(&[Batch::new(Task::write(&plan), view).unwrap()])
}

#[test]
fn a_call_goes_where_it_is_expected_to_be_done_sooner() {
    // Whether the GPU works in place, its rate through copies, and whether a middling and a large call are its own.
    for (in_place, copied, middling, large) in [
        (true, 1e9, true, true),
        (false, 1e9, false, false),
        (false, 1.2e10, true, true),
        (false, 1.05e10, false, true),
    ] {
        let actor = Actor::working(in_place, || None);
        let (auto, opened) = automatic(&actor, copied);
        let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::clone(&auto) as Arc<dyn Backend>);
        encode(&codec, MIDDLING).unwrap();
        assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (0, 0), "nothing opens a GPU for so little");
        assert!(matches!(explain(&auto, MIDDLING), Choice::Unopened { .. }));
        let choice = explain(&auto, LARGE);
        assert!(choice == Choice::Opens && !choice.is_gpu(), "{choice}");
        encode(&codec, LARGE).unwrap();
        assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (1, usize::from(large)));
        encode(&codec, MIDDLING).unwrap();
        assert_eq!(actor.calls(), usize::from(large) + usize::from(middling));
        for (bytes, is_gpu) in [(SMALL, false), (MIDDLING, middling), (LARGE, large)] {
            let choice = explain(&auto, bytes);
            assert_eq!(choice.is_gpu(), is_gpu, "{bytes}: {choice}");
            assert!(choice.to_string().starts_with(if is_gpu { "GPU: " } else { "CPU: " }), "{choice}");
        }
        assert_eq!(opened.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_gpu_is_opened_at_the_callers_moment() {
    let actor = Actor::new(|| None);
    let (auto, opened) = automatic(&actor, 2e10);
    for _ in 0..2 {
        assert_eq!(auto.open_now().unwrap(), Some(actor.info()));
    }
    assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (1, 0));
    assert_eq!(auto.calibration(), Some(calibration(2e10)));
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), auto);
    encode(&codec, LARGE).unwrap();
    assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (1, 1));
}

#[test]
fn every_codec_of_the_process_shares_one_backend() {
    let backend = |codec: &Codec| std::ptr::from_ref(codec.backend()).cast::<()>();
    let codecs = [Code::raid5(2), Code::raid6(4), Code::cauchy(3, 3)].map(|code| Codec::new(code.unwrap()).unwrap());
    let shared = Arc::as_ptr(&Auto::shared().unwrap()).cast::<()>();
    assert_eq!(codecs.each_ref().map(backend), [shared; 3]);
}

#[test]
fn many_products_are_the_gpus_though_moving_is_not() {
    let actor = Actor::working(false, || None);
    let slow = Speed::new(1e-6, 1e11, 1e10);
    let fast = Speed::new(1e-4, 2e10, 1e13);
    let measured = Calibration::new("any", slow, "any", fast);
    let gpu = Arc::clone(&actor) as Arc<dyn Backend>;
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || Ok(Arc::clone(&gpu))).with_calibration(measured);
    let auto: Arc<dyn Backend> = Arc::new(auto);
    for (code, calls) in [(Code::raid5(10).unwrap(), 0), (Code::reed_solomon(10, 10).unwrap(), 1)] {
        let codec = Codec::on(code, Arc::clone(&auto));
        codec.encode(&mut codec.shards(LARGE).unwrap()).unwrap();
        assert_eq!(actor.calls(), calls);
    }
}

/// A pool's thread that waits for the opening runs no other call meanwhile: such a call would wait for the opening below it on
/// the same stack.
#[test]
fn a_pool_of_one_thread_opens_the_gpu() {
    let actor = Actor::new(|| None);
    let gpu = Arc::clone(&actor) as Arc<dyn Backend>;
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || {
        rayon::yield_now();
        Ok(Arc::clone(&gpu))
    });
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::new(auto.with_calibration(calibration(2e10))));
    let (sender, done) = mpsc::channel();
    std::thread::spawn(move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        sender.send(pool.install(|| rayon::join(|| encode(&codec, LARGE), || encode(&codec, LARGE)))).unwrap();
    });
    let (one, other) = done.recv_timeout(Duration::from_secs(60)).expect("the opening waits for itself");
    for parity in [one, other] {
        assert_shards_equal(&expected(LARGE), &parity.unwrap(), "while it is opened");
    }
    assert_eq!(actor.calls(), 2);
}

/// The GPU is opened and measured while every thread of the global pool waits for that, and measured against all threads of the
/// CPU although the call comes from a pool of one.
#[test]
fn the_opening_needs_no_thread_of_the_callers_pools() {
    for in_small_pool in [false, true] {
        let gpu = Actor::new(|| None) as Arc<dyn Backend>;
        let auto = Arc::new(Auto::of(Arc::new(Cpu::new().unwrap()), move || Ok(Arc::clone(&gpu))));
        let (sender, done) = mpsc::channel();
        let opening = Arc::clone(&auto);
        std::thread::spawn(move || {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let open = || opening.open_now();
            sender.send(if in_small_pool { pool.install(open) } else { open() }).unwrap();
        });
        let done = Mutex::new(Some(done));
        let opened = rayon::broadcast(|_| {
            // The first thread waits for the opening, and the others wait for the first.
            let mut done = done.lock().unwrap();
            done.take().map(|done| done.recv_timeout(Duration::from_secs(60)))
        });
        let opened = opened.into_iter().flatten().next().unwrap();
        assert!(opened.expect("the opening waits for the pool").unwrap().is_some());
        assert_eq!(auto.calibration().unwrap().cpu_device, Cpu::new().unwrap().info().device);
    }
}

/// Memory that is full when the GPU is opened may be free later. It is not asked for without end.
#[test]
fn an_opening_short_of_memory_is_tried_again() {
    for (failing, opened_at_last) in [(2, true), (3, false)] {
        let actor = Actor::new(|| None);
        let gpu = Arc::clone(&actor) as Arc<dyn Backend>;
        let tried = Arc::new(AtomicUsize::new(0));
        let tries = Arc::clone(&tried);
        let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || match tries.fetch_add(1, Ordering::Relaxed) {
            tried if tried < failing => Err(out_of_memory().unwrap()),
            _ => Ok(Arc::clone(&gpu)),
        });
        for _ in 0..failing {
            assert_eq!(auto.open_now().unwrap(), None);
        }
        assert_eq!(auto.open_now().unwrap().is_some(), opened_at_last);
        assert_eq!(tried.load(Ordering::Relaxed), 3);
    }
}

/// Calls that are too small to open the GPU do not wait for it. Large calls of other threads do, and the GPU is opened only once.
#[test]
fn threads_wait_for_the_one_that_opens_the_gpu() {
    let actor = Actor::new(|| None);
    let gpu = Arc::clone(&actor) as Arc<dyn Backend>;
    let (begun, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let waits = (Arc::clone(&begun), Arc::clone(&go_on));
    // Opened twice, it would wait here for good.
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || {
        waits.0.wait();
        waits.1.wait();
        Ok(Arc::clone(&gpu))
    });
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::new(auto.with_calibration(calibration(2e10))));
    std::thread::scope(|scope| {
        scope.spawn(|| encode(&codec, LARGE).unwrap());
        begun.wait();
        scope.spawn(|| encode(&codec, LARGE).unwrap());
        encode(&codec, MIDDLING).unwrap();
        codec.shards(MIDDLING).unwrap();
        assert!(!codec.backend().info().device.contains("actor"));
        go_on.wait();
    });
    assert_eq!(actor.calls(), 2);
}

/// An opening that panics leaves nothing behind: the next call opens the GPU.
#[test]
fn an_opening_that_panics_is_tried_again() {
    let actor = Actor::new(|| None);
    let gpu = Arc::clone(&actor) as Arc<dyn Backend>;
    let tried = AtomicUsize::new(0);
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || {
        assert!(tried.fetch_add(1, Ordering::Relaxed) > 0, "the first time");
        Ok(Arc::clone(&gpu))
    });
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::new(auto.with_calibration(calibration(2e10))));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| encode(&codec, LARGE))).is_err());
    encode(&codec, LARGE).unwrap();
    assert_eq!(actor.calls(), 1);
}

#[test]
fn memory_is_the_gpus_from_the_size_on_that_opens_it() {
    let actor = Actor::new(|| None);
    let (codec, opened) = codec(&actor);
    codec.shards(MIDDLING).unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 0);
    codec.shards(LARGE).unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

#[test]
fn a_gpu_that_is_lost_is_replaced_by_the_cpu_for_good() {
    let actor = Actor::new(lost);
    let (codec, opened) = codec(&actor);
    for _ in 0..3 {
        assert_shards_equal(&expected(LARGE), &encode(&codec, LARGE).unwrap(), "the GPU fails");
    }
    assert_eq!((opened.load(Ordering::Relaxed), actor.calls()), (1, 1));
}

#[test]
fn a_gpu_short_of_memory_is_asked_again() {
    let actor = Actor::new(out_of_memory);
    let (codec, _) = codec(&actor);
    for _ in 0..2 {
        assert_shards_equal(&expected(LARGE), &encode(&codec, LARGE).unwrap(), "the GPU is full");
    }
    assert_eq!(actor.calls(), 2);
}

#[test]
fn without_a_gpu_the_cpu_serves_and_nobody_looks_twice() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), move || {
        count.fetch_add(1, Ordering::Relaxed);
        Err(Error::NoDevice { wanted: "any".to_owned(), seen: "none".to_owned() })
    });
    let auto = Arc::new(auto);
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::clone(&auto) as Arc<dyn Backend>);
    for _ in 0..2 {
        assert_shards_equal(&expected(LARGE), &encode(&codec, LARGE).unwrap(), "no GPU");
        assert_eq!(auto.open_now().unwrap(), None);
    }
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

/// A choice that no device can serve is an error. The CPU does not take over.
#[test]
fn a_wrong_environment_is_no_device_failure() {
    let auto = Auto::of(Arc::new(Cpu::new().unwrap()), || {
        Err(Error::Environment {
            variable: "EVARISTE_DEVICE",
            value: "x".to_owned(),
            reason: "no such device".to_owned(),
        })
    });
    let auto = Arc::new(auto);
    let codec = Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::clone(&auto) as Arc<dyn Backend>);
    assert!(matches!(encode(&codec, LARGE), Err(Error::Environment { .. })));
    assert!(matches!(auto.open_now(), Err(Error::Environment { .. })));
    assert!(encode(&codec, SMALL).is_ok());
}

/// What is logged as a warning or worse, by all threads.
struct Warnings(Mutex<Vec<String>>);

static WARNINGS: Warnings = Warnings(Mutex::new(Vec::new()));

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_failing_gpu_is_logged_once() {
    fn unlike_the_others() -> Option<Error> {
        Some(Error::DeviceMemory {
            device: "a loud actor".to_owned(),
            doing: "shouting".to_owned(),
            source: "no".into(),
        })
    }
    log::set_logger(&WARNINGS).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let actor = Actor::new(unlike_the_others);
    let (codec, _) = codec(&actor);
    for _ in 0..3 {
        encode(&codec, LARGE).unwrap();
    }
    let warnings = WARNINGS.0.lock().unwrap();
    let ours: Vec<&String> = warnings.iter().filter(|warning| warning.contains("a loud actor")).collect();
    assert_eq!(ours.len(), 1, "{warnings:?}");
    assert!(ours[0].ends_with("shouting: no"), "the driver's own words belong to it: {}", ours[0]);
}
