//! One number of a table per lane: the one instruction that safe Rust does not offer. Lane by lane it
//! is most of the time of a check (610 instead of 330 ns a block of sixteen when this was written).
//!
//! The rule: an index is brought into the table before it is used, whatever it was.
#![allow(unsafe_code)] // see the two SAFETY comments

use fearless_simd::prelude::*;

use crate::field::SPARE;
#[cfg(target_arch = "x86_64")]
use fearless_simd::{Avx2, Avx512, Level, i32x8, i32x16, u32x8, u32x16};

/// The bytes of `table` at `index`; an index outside gives the last byte. The table must have
/// [`SPARE`] bytes more, which are never given.
#[inline(always)]
pub(super) fn gather<S: Simd>(simd: S, table: &[u8], index: S::u32s) -> S::f32s {
    #[cfg(target_arch = "x86_64")]
    match simd.level() {
        // A level has one width, so the lengths always fit.
        Level::Avx512(token) => {
            let index = u32x16::from_slice(token, index.as_slice());
            let words = x86::sixteen(token, table, index);
            let words = S::i32s::from_slice(simd, words.as_slice());
            return (words & 0xff).to_float();
        }
        Level::Avx2(token) => {
            let index = u32x8::from_slice(token, index.as_slice());
            let words = x86::eight(token, table, index);
            let words = S::i32s::from_slice(simd, words.as_slice());
            return (words & 0xff).to_float();
        }
        _ => {}
    }
    let mut found = S::f32s::splat(simd, 0.0);
    for (found, index) in found.as_mut_slice().iter_mut().zip(index.as_slice()) {
        let last = table.len().saturating_sub(1 + SPARE);
        *found = table.get((*index as usize).min(last)).copied().map_or(0.0, f32::from);
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::{_mm256_i32gather_epi32, _mm512_i32gather_epi32};

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn sixteen(
            token: Avx512,
            table: &[u8],
            index: u32x16<Avx512>,
        ) -> i32x16<Avx512> {
            assert!(table.len() > SPARE);
            let index = index.min(last(table));
            // SAFETY: the four bytes from any index on lie in the table, and none is above 2^31.
            unsafe { _mm512_i32gather_epi32::<1>(index.into(), table.as_ptr().cast()) }
                .simd_into(token)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn eight(token: Avx2, table: &[u8], index: u32x8<Avx2>) -> i32x8<Avx2> {
            assert!(table.len() > SPARE);
            let index = index.min(last(table));
            // SAFETY: as above.
            unsafe { _mm256_i32gather_epi32::<1>(table.as_ptr().cast(), index.into()) }
                .simd_into(token)
        }
    );

    /// The last index of a table.
    #[inline(always)]
    fn last(table: &[u8]) -> u32 {
        table.len().saturating_sub(1 + SPARE).min(i32::MAX as usize) as u32
    }
}
