//! The arithmetic: products of rows with packed weights, attention, and the small functions between them.
//!
//! A [`Level`] is one way to compute, chosen at run time; a [`Precision`] is the kind of number a weight is kept in.
//! This is what every level holds, and what tests check:
//!
//! - **A row is alone.** What comes out for a row depends on this row and the weights, never on which or how many rows
//!   are computed with it, nor on the number of threads: every output is added up over all inputs in an order that their
//!   number alone decides. This is what makes a batch give the same text as one request by itself.
//! - **Plain Rust is the truth.** 8-bit products are equal to those of [`Level::Plain`] to the bit, others to the
//!   rounding of their sums.
//! - **One layout.** A weight is packed once ([`Packed`]), in the order in which every level reads it.
//!
//! Only in this directory may code be `unsafe`.
#[cfg(target_arch = "x86_64")]
mod amx;
mod attention;
mod attention_back;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod inputs;
mod level;
mod linear;
#[cfg(target_arch = "aarch64")]
mod neon;
mod norm;
mod packed;
mod plain;
mod product;
mod rope;
mod rows_back;
mod shared;
#[cfg(any(target_arch = "x86_64", test))]
mod tiles;
mod turned;

pub use attention::{SPAN, Scratch, Stretch, Taken};
pub use attention_back::{BackScratch, ByLooked, Looked};
pub use inputs::Inputs;
pub use level::{Level, LevelError};
pub use linear::{Linear, Numerics};
pub use norm::{for_rows, rms_norm, rms_norm_into, silu_mul};
pub(crate) use norm::{wide_norm_row, wide_norm_row_into};
pub use packed::{LAYOUT, PANEL, Packed, Precision};
pub(crate) use plain::{dot, wide_silu_mul};
pub use product::{Added, Job, Output, product, products};
pub use rope::Rope;
pub(crate) use rows_back::{
    mix, wide_add, wide_by_gates, wide_by_logits, wide_by_ups, wide_by_weight, wide_head_back, wide_leave_out, wide_row_back, wide_sum_of,
};
pub(crate) use shared::{ALIGNED, Cursor, Map, Shared, bytes_of};
