//! One text on its way through a grammar.
use crate::grammar::schema::reason;
use llguidance::Matcher;

/// Why a text could not be written to its end: it became more work than is done for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text cannot be kept to its schema any further: {0}")]
pub struct GuideError(pub(super) String);

/// Tells which tokens may come next.
pub(crate) struct Guide(Matcher);

impl Guide {
    pub(super) fn new(matcher: Matcher) -> Self {
        Self(matcher)
    }

    /// Returns the next tokens: those that alone can come, or else the one that `draw` takes of those that may, and
    /// behind it those that alone can follow. The logits of tokens that may not come become −∞.
    pub(crate) fn next(&mut self, logits: &mut [f32], draw: impl FnOnce(&[f32]) -> Option<u32>) -> Result<Vec<u32>, GuideError> {
        let forced = self.forced()?;
        if !forced.is_empty() {
            return Ok(forced);
        }
        self.mask(logits)?;
        let token = draw(logits).ok_or_else(|| GuideError("the model gives none of the tokens that may come a chance".to_owned()))?;
        self.0.consume_token(token).map_err(|why| GuideError(reason([why.to_string().as_str()])))?;
        Ok([vec![token], self.forced()?].concat())
    }

    /// Returns whether the text is complete and nothing can follow.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_stopped()
    }

    fn mask(&mut self, logits: &mut [f32]) -> Result<(), GuideError> {
        let allowed = self.0.compute_mask().map_err(|why| GuideError(reason([why.to_string().as_str()])))?;
        // Bits beyond the vocabulary are not set; logits beyond the bits are not allowed.
        for (word, logits) in allowed.as_slice().iter().zip(logits.chunks_mut(32)) {
            match *word {
                u32::MAX => {}
                0 => logits.fill(f32::NEG_INFINITY),
                word => {
                    let at = logits.iter_mut().enumerate();
                    at.filter(|(bit, _)| word >> bit & 1 == 0).for_each(|(_, logit)| *logit = f32::NEG_INFINITY);
                }
            }
        }
        let covered = 32 * allowed.as_slice().len();
        logits.iter_mut().skip(covered).for_each(|logit| *logit = f32::NEG_INFINITY);
        Ok(())
    }

    /// Goes on by the tokens that alone can come next, and returns them; none where there is a choice.
    fn forced(&mut self) -> Result<Vec<u32>, GuideError> {
        if self.is_over() {
            return Ok(Vec::new());
        }
        let tokens = self.0.consume_ff_tokens();
        match self.0.get_error() {
            Some(why) => Err(GuideError(reason([why.as_str()]))),
            None => Ok(tokens),
        }
    }
}
