//! Records of a CSV file in bounded memory, each with the lines it stands on.
//!
//! The reader of the `csv` crate keeps a whole record in memory; one open quote
//! in a large file would fill it. This one drives the same parser, `csv-core`,
//! with a buffer that never grows beyond [`MAX_RECORD_BYTES`].
use csv_core::ReadRecordResult;
use std::io::{ErrorKind, Read};

/// The longest record kept, in bytes; the rest of a longer one is read and thrown away.
pub(crate) const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// The most cells kept of one record.
const MAX_CELLS: usize = 16_384;
const INPUT_BYTES: usize = 128 * 1024;

/// Reads one record after the other.
pub(crate) struct RecordReader<R> {
    input: R,
    parser: csv_core::Reader,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    bytes_read: u64,
    after_cr: bool,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    seen: Seen,
}

/// What is known of the record read last.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    line: u64,
    last_line: u64,
    bytes: usize,
    cells: usize,
    terminated: bool,
    last_byte: u8,
    /// Where the record outgrew the limit: the place of the cell that did, and of the first cell over several lines.
    overflow: Option<(usize, Option<usize>)>,
}

/// One record, borrowed from its reader.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The line on which it begins.
    pub line: u64,
    /// Whether a line break ended it, not the end of the file.
    pub terminated: bool,
    last_line: u64,
    last_byte: u8,
    overflow: Option<(usize, Option<usize>)>,
    bytes: &'a [u8],
    ends: &'a [usize],
}

/// Lines that a quote has drawn into one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Swallowed {
    /// The place of the cell whose quote opened, counted from 0.
    pub place: usize,
    opened: u64,
    last: u64,
}

impl Swallowed {
    /// Returns the lines in words.
    pub fn sentence(&self) -> String {
        let lines = match self.opened + 1 {
            first if first == self.last => format!("line {first}"),
            first => format!("lines {first} to {}", self.last),
        };
        format!("the quote that opens on line {}, column {}, draws {lines} into this row", self.opened, self.place + 1)
    }
}

impl<R> std::fmt::Debug for RecordReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordReader").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl<R: Read> RecordReader<R> {
    pub fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; INPUT_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            bytes_read: 0,
            after_cr: false,
            bytes: vec![0; 4096],
            ends: vec![0; 64],
            seen: Seen::default(),
        }
    }

    /// Returns how many bytes were read from the file so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Reads the next record; false means the end of the file. Empty lines are passed over.
    pub fn advance(&mut self) -> std::io::Result<bool> {
        if !self.skip_line_breaks()? {
            return Ok(false);
        }
        self.seen = Seen { line: self.parser.line(), ..Seen::default() };
        loop {
            if self.start == self.end {
                self.fill()?;
            }
            let (input, output, ends) =
                (&self.buffer[self.start..self.end], &mut self.bytes[self.seen.bytes..], &mut self.ends[self.seen.cells..]);
            let (result, nin, nout, nend) = self.parser.read_record(input, output, ends);
            if nin > 0 {
                self.seen.last_byte = input[nin - 1];
            }
            self.start += nin;
            self.seen.bytes += nout;
            self.seen.cells += nend;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.make_room(),
                ReadRecordResult::OutputEndsFull => self.make_room_for_ends(),
                ReadRecordResult::Record => {
                    self.end_record(nin > 0);
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    fn end_record(&mut self, terminated: bool) {
        self.seen.terminated = terminated;
        self.after_cr = terminated && self.seen.last_byte == b'\r';
        let broke = terminated && self.seen.last_byte == b'\n';
        let ended_by_eof_after_break = !terminated && self.seen.last_byte == b'\n';
        self.seen.last_line = self.parser.line() - u64::from(broke || ended_by_eof_after_break);
    }

    /// Returns the record read last.
    pub fn record(&self) -> Record<'_> {
        let Seen { line, last_line, terminated, last_byte, overflow, .. } = self.seen;
        let (bytes, ends) = match overflow {
            Some(_) => (&[][..], &[][..]),
            None => (&self.bytes[..self.seen.bytes], &self.ends[..self.seen.cells]),
        };
        Record { line, terminated, last_line, last_byte, overflow, bytes, ends }
    }

    /// Passes over line breaks, counting lines; `\n`, `\r\n` and a lone `\r` each end one.
    fn skip_line_breaks(&mut self) -> std::io::Result<bool> {
        loop {
            if self.start == self.end {
                self.fill()?;
            }
            let Some(&byte) = self.buffer[..self.end].get(self.start) else { return Ok(false) };
            let lone_cr = self.after_cr && byte != b'\n';
            self.parser.set_line(self.parser.line() + u64::from(lone_cr || byte == b'\n'));
            self.after_cr = byte == b'\r';
            if byte != b'\n' && byte != b'\r' {
                return Ok(true);
            }
            self.start += 1;
        }
    }

    /// Reads until the buffer is full or the file ends, and passes over a byte order mark.
    fn fill(&mut self) -> std::io::Result<()> {
        let first = self.bytes_read == 0;
        (self.start, self.end) = (0, 0);
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes_read += self.end as u64;
        if first && self.buffer[..self.end].starts_with(b"\xEF\xBB\xBF") {
            self.start = 3;
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.bytes.len() < MAX_RECORD_BYTES {
            let bytes = (self.bytes.len() * 2).min(MAX_RECORD_BYTES);
            self.bytes.resize(bytes, 0);
        } else {
            self.overflow();
        }
    }

    fn make_room_for_ends(&mut self) {
        if self.ends.len() < MAX_CELLS {
            self.ends.resize(self.ends.len() * 2, 0);
        } else {
            self.overflow();
        }
    }

    /// Remembers where the record outgrew the limit, and makes room by forgetting what was read of it.
    fn overflow(&mut self) {
        if self.seen.overflow.is_none() {
            let ends = &self.ends[..self.seen.cells];
            let broken = self.bytes[..self.seen.bytes].iter().position(|&byte| byte == b'\n').map(|at| place_at(ends, at));
            let longest = (0..ends.len()).find(|&place| length(ends, place) > super::MAX_CELL_BYTES);
            self.seen.overflow = Some((longest.unwrap_or(ends.len()), broken));
        }
        (self.seen.bytes, self.seen.cells) = (0, 0);
    }
}

fn length(ends: &[usize], place: usize) -> usize {
    ends[place] - place.checked_sub(1).map_or(0, |before| ends[before])
}

/// Returns the place of the cell that holds a byte.
fn place_at(ends: &[usize], at: usize) -> usize {
    ends.partition_point(|&end| end <= at)
}

impl<'a> Record<'a> {
    /// Returns how many cells it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the cells as text, or the place of the first that is not UTF-8.
    pub fn cells(&self) -> Result<Vec<&'a str>, usize> {
        let mut cells = Vec::with_capacity(self.ends.len());
        if let Ok(text) = std::str::from_utf8(self.bytes) {
            let mut start = 0;
            for (place, &end) in self.ends.iter().enumerate() {
                cells.push(text.get(start..end).ok_or(place)?);
                start = end;
            }
            return Ok(cells);
        }
        for place in 0..self.ends.len() {
            cells.push(std::str::from_utf8(self.cell(place)).map_err(|_| place)?);
        }
        Ok(cells)
    }

    fn cell(&self, place: usize) -> &'a [u8] {
        &self.bytes[self.ends[place] - length(self.ends, place)..self.ends[place]]
    }

    /// Returns the place of the first cell longer than a limit in bytes.
    pub fn too_long(&self, limit: usize) -> Option<usize> {
        if let Some((place, _)) = self.overflow {
            return Some(place);
        }
        if self.bytes.len() <= limit {
            return None;
        }
        (0..self.ends.len()).find(|&place| length(self.ends, place) > limit)
    }

    /// Returns the place of the first cell that holds a byte.
    pub fn place_of(&self, byte: u8) -> Option<usize> {
        self.bytes.iter().position(|&b| b == byte).map(|at| place_at(self.ends, at))
    }

    /// Returns the lines that a quote drew into the record after its first, if any.
    pub fn swallowed(&self) -> Option<Swallowed> {
        if self.last_line <= self.line {
            return None;
        }
        let place = match self.overflow {
            Some((place, broken)) => broken.unwrap_or(place),
            None => self.place_of(b'\n')?,
        };
        Some(Swallowed { place, opened: self.line, last: self.last_line })
    }

    /// Returns whether the file ended inside a quoted cell.
    pub fn unclosed_quote(&self) -> bool {
        let in_last = self.ends.len().checked_sub(1).is_some_and(|last| self.cell(last).contains(&b'\n'));
        !self.terminated && in_last && self.last_byte != b'"'
    }
}
