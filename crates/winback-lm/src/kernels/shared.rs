//! Numbers that lie in memory of ours, or in a file of packed weights that is mapped.
use std::fmt;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// A file that is mapped for as long as somebody holds a part of it.
#[derive(Debug)]
pub(crate) struct Map(memmap2::Mmap);

impl Map {
    /// Maps a file that only this program's user can change, and that this program never changes: it is put in its place
    /// whole, and another one takes its place by its name. [`crate::packed_cache`] looks at whose it is before it is
    /// mapped.
    pub(crate) fn of(file: &File) -> io::Result<Arc<Self>> {
        // SAFETY: what is read through the map is numbers, any bytes of which are a number; nothing is found in the map
        // by what stands in it but after its length and its shape were compared. That the bytes stay as they are is what
        // the caller looked at: the file is its user's (or root's), nobody else may write it, no link led to it, and
        // every change of ours is a new file. A user who cuts the file short while it is used ends the program, as one
        // does who changes the program's own file.
        Ok(Arc::new(Self(unsafe { memmap2::Mmap::map(file)? })))
    }

    /// Returns all bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Numbers of which every pattern of bits is one.
///
/// # Safety
/// A type that implements this has no padding, no pattern of bits that is not a value, and a size that is not 0.
#[expect(unsafe_code, reason = "what makes `Shared` sound is told once for each type")]
pub(crate) unsafe trait Plain: Copy + 'static {}

// SAFETY: floats and integers have neither padding nor patterns that are no value.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for i8 {}
// SAFETY: as above.
unsafe impl Plain for i32 {}

/// Returns numbers as the bytes that they are in memory.
pub(crate) fn bytes_of<T: Plain>(numbers: &[T]) -> &[u8] {
    // SAFETY: numbers without padding are bytes, as many as their size says, and bytes need no alignment.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), std::mem::size_of_val(numbers)) }
}

/// Numbers that several may hold and nobody changes.
pub(crate) struct Shared<T>(Kept<T>);

enum Kept<T> {
    Own(Arc<Vec<T>>),
    Mapped { map: Arc<Map>, first_byte: usize, count: usize, of: PhantomData<T> },
}

impl<T: Plain> Shared<T> {
    /// Returns the numbers that begin at a byte of a map; `None` where they are not all there, or begin where no number
    /// of this kind can.
    pub(crate) fn mapped(map: &Arc<Map>, first_byte: usize, count: usize) -> Option<Self> {
        let bytes = map.bytes().get(first_byte..first_byte.checked_add(count.checked_mul(size_of::<T>())?)?)?;
        let fits = bytes.as_ptr().cast::<T>().is_aligned();
        fits.then(|| Self(Kept::Mapped { map: map.clone(), first_byte, count, of: PhantomData }))
    }
}

impl<T> Shared<T> {
    /// Returns the memory of numbers that nobody else holds; none otherwise.
    pub(crate) fn into_own(self) -> Vec<T> {
        match self.0 {
            Kept::Own(numbers) => Arc::into_inner(numbers).unwrap_or_default(),
            Kept::Mapped { .. } => Vec::new(),
        }
    }
}

impl<T> From<Vec<T>> for Shared<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self(Kept::Own(Arc::new(numbers)))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kept::Own(numbers) => Kept::Own(numbers.clone()),
            Kept::Mapped { map, first_byte, count, of } => {
                Kept::Mapped { map: map.clone(), first_byte: *first_byte, count: *count, of: *of }
            }
        })
    }
}

impl<T: Plain> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Kept::Own(numbers) => numbers,
            Kept::Mapped { map, first_byte, count, .. } => {
                let first = map.bytes()[*first_byte..].as_ptr().cast::<T>();
                // SAFETY: `mapped` found so many numbers there, aligned, and the map is held; `Plain` says that any bytes
                // are numbers.
                unsafe { std::slice::from_raw_parts(first, *count) }
            }
        }
    }
}

impl<T: Plain> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if matches!(self.0, Kept::Own(_)) { "in memory" } else { "mapped" };
        write!(f, "{} numbers {place}", self.len())
    }
}

/// Where the next numbers of a map begin.
#[derive(Debug)]
pub(crate) struct Cursor {
    map: Arc<Map>,
    at: usize,
}

/// Every list of numbers in a file begins at a multiple of this: a line of the processor's cache.
pub(crate) const ALIGNED: usize = 64;

impl Cursor {
    /// Returns a cursor at a byte of a map.
    pub(crate) fn new(map: Arc<Map>, at: usize) -> Self {
        Self { map, at }
    }

    /// Takes the next numbers; `None` where there are not so many.
    pub(crate) fn take<T: Plain>(&mut self, count: usize) -> Option<Shared<T>> {
        let taken = Shared::mapped(&self.map, self.at, count)?;
        self.at = (self.at + count * size_of::<T>()).next_multiple_of(ALIGNED);
        Some(taken)
    }

    /// Returns whether nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.map.bytes().len()
    }
}
