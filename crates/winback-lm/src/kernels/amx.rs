//! The tiles of AMX (Sapphire Rapids and later), by their instructions: Rust has no stable functions for them.
//!
//! Never run on a processor that has them yet: this code was tried where there is none, by way of an emulated unit. So a
//! process that finds AMX first compares it with plain Rust, once, and does without where they do not agree.
use super::packed::PANEL;
use super::plain;
use super::product::Sums;
use super::tiles::{LINES, MOST_ROWS, Unit, check, lines, sums};
use std::arch::asm;
use std::sync::LazyLock;

/// Adds up at most 32 rows with a panel, two inputs at a time.
pub(super) fn bf16_sums(x: &[u16], w: &[u16], into: &mut [Sums]) {
    sums::<Amx, false>(bytes(x), bytes(w), bytes_mut(into.as_flattened_mut()));
}

/// Adds up at most 32 rows with a panel, four inputs at a time.
pub(super) fn int8_sums(x: &[u8], w: &[i8], into: &mut [[i32; PANEL]]) {
    sums::<Amx, true>(x, bytes(w), bytes_mut(into.as_flattened_mut()));
}

/// Returns whether the processor has tiles for bf16 and bytes, the system lets this process use them, and they compute
/// what plain Rust does.
pub(super) fn is_here() -> bool {
    static HERE: LazyLock<bool> = LazyLock::new(|| has_tiles() && is_permitted() && agrees());
    *HERE
}

/// Returns whether the processor names them: CPUID leaf 7, EDX bits 22 (bf16), 24 (tiles) and 25 (bytes).
fn has_tiles() -> bool {
    let most = std::arch::x86_64::__cpuid(0).eax;
    let edx = if most >= 7 { std::arch::x86_64::__cpuid_count(7, 0).edx } else { 0 };
    [22, 24, 25].into_iter().all(|bit| edx >> bit & 1 == 1)
}

/// Asks Linux for the memory that tiles need when a thread is put aside, for this process and all its threads:
/// `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    let (call, request, tiles) = (158_i64, 0x1023_i64, 18_i64);
    let result: i64;
    // SAFETY: this system call takes two numbers and touches no memory of ours; RCX and R11 are what it changes.
    unsafe {
        asm!("syscall", inlateout("rax") call => result, in("rdi") request, in("rsi") tiles, out("rcx") _, out("r11") _,
            options(nostack));
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// Compares some sums with those of plain Rust. Small whole numbers are exact in bf16 and in every sum.
fn agrees() -> bool {
    const WIDE: usize = 76;
    let small = |at: usize| (at * 37 % 17) as i8 - 8;
    let brain = |at: usize| (f32::from(small(at)).to_bits() >> 16) as u16;
    for rows in [1, 5, LINES + 3, MOST_ROWS] {
        let (x, w): (Vec<u16>, Vec<u16>) = ((0..rows * WIDE).map(brain).collect(), (0..PANEL * WIDE).map(brain).collect());
        let (mut own, mut right) = (vec![[0.0; PANEL]; rows], vec![[0.0; PANEL]; rows]);
        bf16_sums(&x, &w, &mut own);
        plain::bf16_sums(&x, &w, &mut right);
        let (x, w): (Vec<u8>, Vec<i8>) = ((0..rows * WIDE).map(|at| (at * 91) as u8).collect(), (0..PANEL * WIDE).map(small).collect());
        let (mut own_whole, mut right_whole) = (vec![[0; PANEL]; rows], vec![[0; PANEL]; rows]);
        int8_sums(&x, &w, &mut own_whole);
        plain::int8_sums(&x, &w, &mut right_whole);
        if own != right || own_whole != right_whole {
            return false;
        }
    }
    true
}

/// The tiles of the thread that made it, until it is dropped.
pub(super) struct Amx {
    rows: [usize; 2],
    /// Tiles belong to their thread.
    _here: std::marker::PhantomData<*const ()>,
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start: u8,
    rest: [u8; 14],
    bytes_of_lines: [u16; 16],
    lines: [u8; 16],
}

/// Writes an instruction on tiles. All of them are named as changed: the compiler must keep nothing there.
macro_rules! on_tiles {
    ($($rest:tt)*) => {
        asm!($($rest)*, out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _, out("tmm6") _,
            out("tmm7") _, options(nostack, preserves_flags))
    };
}

impl Unit for Amx {
    fn new(rows: [usize; 2]) -> Self {
        assert!((1..=LINES).contains(&rows[0]) && rows[1] <= LINES, "more rows than tiles have");
        let mut shapes = Shapes { palette: 1, start: 0, rest: [0; 14], bytes_of_lines: [0; 16], lines: [0; 16] };
        for tile in 0..8 {
            let lines = lines(tile, rows);
            (shapes.lines[tile], shapes.bytes_of_lines[tile]) = (lines as u8, if lines > 0 { 64 } else { 0 });
        }
        // SAFETY: `is_here` found tiles and the permission to use them; the shapes are those of palette 1.
        unsafe { on_tiles!("ldtilecfg [{shapes}]", shapes = in(reg) &raw const shapes) };
        Self { rows, _here: std::marker::PhantomData }
    }

    #[inline(always)]
    fn zero<const TILE: usize>(&mut self) {
        // SAFETY: tiles were set up.
        unsafe { on_tiles!("tilezero tmm{tile}", tile = const TILE) };
    }

    #[inline(always)]
    fn load<const TILE: usize>(&mut self, from: &[u8], stride: usize) {
        check(lines(TILE, self.rows), from.len(), stride);
        // SAFETY: `check` held that all lines lie in `from`.
        unsafe {
            on_tiles!("tileloadd tmm{tile}, [{from} + {stride}*1]", tile = const TILE, from = in(reg) from.as_ptr(), stride = in(reg) stride);
        }
    }

    #[inline(always)]
    fn dot<const BYTES: bool, const SUMS: usize, const ROWS: usize, const WEIGHTS: usize>(&mut self) {
        // SAFETY: the shapes fit: as many lines of sums as of rows, and 16 lines of weights for 64 bytes of a row.
        unsafe {
            if BYTES {
                on_tiles!("tdpbusd tmm{sums}, tmm{rows}, tmm{weights}", sums = const SUMS, rows = const ROWS, weights = const WEIGHTS);
            } else {
                on_tiles!("tdpbf16ps tmm{sums}, tmm{rows}, tmm{weights}", sums = const SUMS, rows = const ROWS, weights = const WEIGHTS);
            }
        }
    }

    #[inline(always)]
    fn store<const TILE: usize>(&self, into: &mut [u8], stride: usize) {
        check(lines(TILE, self.rows), into.len(), stride);
        // SAFETY: `check` held that all lines lie in `into`.
        unsafe {
            on_tiles!("tilestored [{into} + {stride}*1], tmm{tile}", tile = const TILE, into = in(reg) into.as_mut_ptr(), stride = in(reg) stride);
        }
    }
}

impl Drop for Amx {
    fn drop(&mut self) {
        // SAFETY: tiles were set up; a thread without any is put aside faster.
        unsafe { on_tiles!("tilerelease") };
    }
}

/// A number whose bytes may be read, and may be any.
trait Plain: Copy {}
impl Plain for u16 {}
impl Plain for i8 {}
impl Plain for f32 {}
impl Plain for i32 {}

fn bytes<T: Plain>(numbers: &[T]) -> &[u8] {
    // SAFETY: numbers have no bytes between them, and all of them are set.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

fn bytes_mut<T: Plain>(numbers: &mut [T]) -> &mut [u8] {
    // SAFETY: as in `bytes`; any bytes are a number.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
}
