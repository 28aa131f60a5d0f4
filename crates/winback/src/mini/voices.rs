//! Made-up examples in the segments' own voices: what adapters of the small model learn from.
use super::corpus::case;
use crate::prompts::example_line;
use crate::sample::{MAX_ROWS, Order, SampleError};
use std::io::Write;
use winback_core::example::Maker;
use winback_core::segment::SegmentId;
use winback_core::template::Templates;

/// The segments that have a voice of their own without a file.
pub const SEGMENTS: [&str; 5] = ["Parent_Active", "Regular_Active", "Dormant", "Need_Reengagement", "HighValue_Active"];
/// The numbers of these customers begin behind those of everybody the small model learns from or is tried on.
const FIRST: u64 = 3 << 30;

/// Writes so many examples, one JSON object a line, each segment's in turn: what is asked for a made-up customer of a made-up
/// company, and the built-in writer's mail in the segment's voice, which passed its review. Equal orders give equal bytes.
pub fn write_examples(templates: &Templates, order: &Order, out: &mut impl Write) -> Result<(), SampleError> {
    if order.rows > MAX_ROWS {
        return Err(SampleError::TooMany { asked: order.rows });
    }
    let mut cases = (FIRST..=u32::MAX.into()).filter_map(|number| case(number, order.seed));
    let mut written = 0;
    while written < order.rows {
        let Some(mut case) = cases.next() else { break };
        case.brief.segment = SegmentId::parse(SEGMENTS[(written % SEGMENTS.len() as u64) as usize]).ok();
        let Ok(made) = (Maker { templates, schema: &case.schema }).make(&case.brief, None) else { continue };
        writeln!(out, "{}", example_line(&case.brief, &made, (written + 1, &case.schema, templates)))?;
        written += 1;
    }
    Ok(out.flush()?)
}
