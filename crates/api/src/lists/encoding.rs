//! Text in whatever encoding, read as UTF-8.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

const BLOCK: usize = 64 * 1024;

/// The encoding of a text: by its mark, else UTF-8 where it reads as that, else GB18030. `None`: no text.
pub fn recognise(file: &mut impl Read) -> io::Result<Option<&'static Encoding>> {
    let mut block = vec![0; BLOCK];
    let (mut carried, mut first) = (0, true);
    let (mut valid, mut invalid) = (0u64, 0u64);
    loop {
        let count = file.read(&mut block[carried..])?;
        let bytes = &block[..carried + count];
        if std::mem::take(&mut first) {
            if let Some((encoding, _)) = Encoding::for_bom(bytes) {
                return Ok(Some(encoding));
            }
            if let Some(encoding) = wide(bytes) {
                return Ok(encoding);
            }
        }
        let rest = count_sequences(bytes, count == 0, &mut valid, &mut invalid);
        if count == 0 {
            // A single byte that got lost does not make another encoding of a long text.
            return Ok(Some(if invalid == 0 || valid > 20 * invalid { UTF_8 } else { GB18030 }));
        }
        let start = bytes.len() - rest;
        block.copy_within(start..start + rest, 0);
        carried = rest;
    }
}

/// Text of two bytes a character without a mark, or (`Some(None)`) no text at all.
fn wide(bytes: &[u8]) -> Option<Option<&'static Encoding>> {
    let bytes = &bytes[..bytes.len().min(4096)];
    let nul = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    // One that has slipped into a text is the fault of its row.
    match (nul(0), nul(1)) {
        (even, odd) if even + odd <= bytes.len() / 10 => None,
        (0, _) => Some(Some(UTF_16LE)),
        (_, 0) => Some(Some(UTF_16BE)),
        _ => Some(None),
    }
}

/// Counts what is longer than a byte, by whether it is UTF-8; answers the bytes at the end that may be cut in two.
fn count_sequences(mut bytes: &[u8], last: bool, valid: &mut u64, invalid: &mut u64) -> usize {
    let long = |text: &[u8]| text.iter().filter(|byte| **byte >= 0xC0).count() as u64;
    loop {
        match std::str::from_utf8(bytes) {
            Ok(_) => {
                *valid += long(bytes);
                return 0;
            }
            Err(error) => {
                *valid += long(&bytes[..error.valid_up_to()]);
                bytes = &bytes[error.valid_up_to()..];
                match error.error_len() {
                    Some(length) => {
                        *invalid += 1;
                        bytes = &bytes[length..];
                    }
                    None if last => {
                        *invalid += 1;
                        return 0;
                    }
                    None => return bytes.len(),
                }
            }
        }
    }
}

/// The encoding of this name; UTF-8 where there is none.
pub fn named(name: Option<&str>) -> &'static Encoding {
    name.and_then(|name| Encoding::for_label(name.as_bytes())).unwrap_or(UTF_8)
}

/// How much has been read, and how much may be until the reader says that a record is done.
#[derive(Clone, Default)]
pub struct Meter {
    read: Rc<Cell<u64>>,
    since: Rc<Cell<u64>>,
}

impl Meter {
    /// Bytes of the file that have been read.
    pub fn read(&self) -> u64 {
        self.read.get()
    }

    /// A record is done.
    pub fn reset(&self) {
        self.since.set(0);
    }

    pub fn exceeded(&self, limit: u64) -> bool {
        self.since.get() > limit
    }
}

/// Reads UTF-8 from a file of any encoding; what cannot be read becomes U+FFFD. Fails once more than `limit` bytes
/// have gone by without a [`Meter::reset`].
pub struct Decoding<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    done: bool,
    limit: u64,
    meter: Meter,
}

impl<R: Read> Decoding<R> {
    pub fn new(inner: R, encoding: &'static Encoding, limit: u64, meter: Meter) -> Self {
        let decoder = encoding.new_decoder();
        let input = vec![0; BLOCK];
        Decoding { inner, decoder, input, from: 0, to: 0, ended: false, done: false, limit, meter }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        // The decoder needs room for one character of any kind.
        if output.len() < 16 {
            return Err(io::Error::other("no room to decode into"));
        }
        while !self.done {
            if self.from == self.to && !self.ended {
                let count = self.inner.read(&mut self.input)?;
                (self.from, self.to, self.ended) = (0, count, count == 0);
                self.meter.read.set(self.meter.read.get() + count as u64);
                self.meter.since.set(self.meter.since.get() + count as u64);
                if self.meter.exceeded(self.limit) {
                    return Err(io::Error::other("record too long"));
                }
            }
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.input[self.from..self.to], output, self.ended);
            self.from += read;
            self.done = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
