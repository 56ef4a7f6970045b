//! Readers and writers that do what real ones may do: stop short, be interrupted, break.

use std::io::{self, Read, Write};

/// Passes one to three bytes at a time, and is interrupted before each.
pub(crate) struct Trickle<T> {
    pub(crate) inner: T,
    calls: usize,
}

impl<T> Trickle<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, calls: 0 }
    }

    /// The bytes of `available` that pass now.
    fn next(&mut self, available: usize) -> io::Result<usize> {
        self.calls += 1;
        if self.calls % 2 == 1 {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(available.min(1 + self.calls / 2 % 3))
        }
    }
}

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buffer.len())?;
        self.inner.read(&mut buffer[..bytes])
    }
}

impl<W: Write> Write for Trickle<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.next(bytes.len())?;
        self.inner.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Fails after some bytes: reads, writes, and a flush.
pub(crate) struct Breaks<T> {
    inner: T,
    left: usize,
}

impl<T> Breaks<T> {
    pub(crate) fn after(left: usize, inner: T) -> Self {
        Self { inner, left }
    }

    fn check(&self) -> io::Result<()> {
        if self.left == 0 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl<R: Read> Read for Breaks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let bytes = buffer.len().min(self.left);
        let bytes = self.inner.read(&mut buffer[..bytes])?;
        self.left -= bytes;
        Ok(bytes)
    }
}

impl<W: Write> Write for Breaks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        let bytes = self.inner.write(&bytes[..bytes.len().min(self.left)])?;
        self.left -= bytes;
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()
    }
}

/// Must not be read.
pub(crate) struct Never;

impl Read for Never {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("this reader must not be used")
    }
}
