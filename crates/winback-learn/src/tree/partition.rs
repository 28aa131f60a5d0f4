//! Rows sent left or right, in their order.
use rayon::prelude::*;

const CHUNK: usize = 65_536;

/// Puts the rows that go left before those that go right, each in their order; returns how many go left.
/// `spare` is room of the same length.
pub(crate) fn partition(rows: &mut [u32], spare: &mut [u32], goes_left: impl Fn(u32) -> bool + Sync) -> usize {
    let chunks = rows.par_chunks(CHUNK).zip(spare.par_chunks_mut(CHUNK));
    let lefts: Vec<usize> = chunks.map(|(rows, spare)| part(rows, spare, &goes_left)).collect();
    let left: usize = lefts.iter().sum();
    let (mut to_left, mut to_right) = rows.split_at_mut(left);
    let mut moves = Vec::with_capacity(lefts.len());
    for (chunk, &lefts) in spare.chunks(CHUNK).zip(&lefts) {
        let (left, rest) = to_left.split_at_mut(lefts);
        let (right, after) = to_right.split_at_mut(chunk.len() - lefts);
        (to_left, to_right) = (rest, after);
        moves.push((chunk, left, right));
    }
    moves.into_par_iter().for_each(|(chunk, left, right)| {
        let (lefts, rights) = chunk.split_at(left.len());
        left.copy_from_slice(lefts);
        right.iter_mut().zip(rights.iter().rev()).for_each(|(to, &row)| *to = row);
    });
    left
}

/// Writes the rows that go left to the front and the others to the back, the last first, without a branch.
fn part(rows: &[u32], spare: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let (mut front, mut back) = (0, rows.len());
    for &row in rows {
        let left = goes_left(row);
        spare[front] = row;
        spare[back - 1] = row;
        front += usize::from(left);
        back -= usize::from(!left);
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_keep_their_order() {
        for count in [0, 1, 2, 7, 65_536, 200_001] {
            let mut rows: Vec<u32> = (0..count).collect();
            let left = partition(&mut rows, &mut vec![0; count as usize], |row| row % 3 == 1);
            let expected: Vec<u32> = (0..count).filter(|row| row % 3 == 1).chain((0..count).filter(|row| row % 3 != 1)).collect();
            assert_eq!(rows, expected);
            assert_eq!(left, (0..count).filter(|row| row % 3 == 1).count());
        }
    }
}
