//! Reasons as bytes: for each a group (u16) and its log-odds (f64), both little-endian.
use winback_core::risk::Reason;

const WIDTH: usize = 2 + 8;

/// Returns the reasons as bytes; every f64 keeps its bits.
pub(crate) fn encode(reasons: &[Reason]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(reasons.len() * WIDTH);
    for reason in reasons {
        bytes.extend_from_slice(&reason.group.to_le_bytes());
        bytes.extend_from_slice(&reason.log_odds.to_le_bytes());
    }
    bytes
}

/// Returns the reasons of some bytes, or says that their number does not fit.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Reason>, String> {
    let (chunks, rest) = bytes.as_chunks::<WIDTH>();
    if !rest.is_empty() {
        return Err(format!("{} bytes of reasons are no multiple of {WIDTH}", bytes.len()));
    }
    Ok(chunks.iter().map(one).collect())
}

fn one(bytes: &[u8; WIDTH]) -> Reason {
    let [g0, g1, log_odds @ ..] = *bytes;
    Reason { group: u16::from_le_bytes([g0, g1]), log_odds: f64::from_le_bytes(log_odds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reasons_come_back_bit_for_bit(parts in prop::collection::vec((any::<u16>(), any::<u64>()), 0..40)) {
            let reasons: Vec<Reason> =
                parts.iter().map(|&(group, bits)| Reason { group, log_odds: f64::from_bits(bits) }).collect();
            let back: Vec<(u16, u64)> = decode(&encode(&reasons)).unwrap().iter().map(|r| (r.group, r.log_odds.to_bits())).collect();
            prop_assert_eq!(back, parts);
        }

        #[test]
        fn cut_bytes_are_refused(length in 1usize..400) {
            prop_assert_eq!(decode(&vec![0; length]).is_ok(), length % WIDTH == 0);
        }
    }
}
