//! Beginnings that requests share without saying so: a system's instructions, a segment's facts.
//!
//! A beginning is kept where the prompts of two requests to the same adapter agree for at least one [`SPAN`] of tokens. The
//! first request that is begun makes it: it reads the beginning for itself, and others that begin alike wait for that and
//! go on from there. Beginnings have a whole number of spans, because attention goes through a text span by span: so a
//! text is the same, bit for bit, whether its beginning is shared or its own.
use crate::adapter::Adapter;
use crate::cache::{Cache, Prefix};
use crate::engine::{Request, RequestId};
use crate::kernels::SPAN;
use crate::model::Model;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many prompts that were begun are remembered, and how many that wait are looked at.
const REMEMBERED: usize = 64;
const LOOKED_AT: usize = 256;

/// What sharing has brought so far, and what it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    /// How many requests went on from a beginning that another one had read.
    pub hits: u64,
    /// How many tokens they did not read.
    pub tokens: u64,
    /// How many beginnings are kept.
    pub beginnings: usize,
    /// The bytes of their keys and values.
    pub bytes: usize,
}

/// How a request is begun.
#[derive(Clone, Debug)]
pub(crate) enum Begin {
    /// It reads its whole prompt.
    Alone,
    /// It goes on from a beginning.
    After(Arc<Prefix>),
    /// It reads so many tokens first, and they become a beginning.
    Making(usize),
    /// It waits until another request, this one, has made its beginning.
    Waits(RequestId),
}

/// A prompt and its adapter.
type Prompt = (Option<Arc<Adapter>>, Vec<u32>);

/// The beginnings that are kept.
#[derive(Debug)]
pub(crate) struct Beginnings {
    most_bytes: usize,
    kept: Vec<Kept>,
    begun: VecDeque<Prompt>,
    uses: u64,
    hits: u64,
    tokens: u64,
    /// How often a request was compared with others.
    pub(crate) planned: u64,
}

#[derive(Debug)]
struct Kept {
    adapter: Option<Arc<Adapter>>,
    tokens: Vec<u32>,
    /// `None` as long as it is being made.
    prefix: Option<Arc<Prefix>>,
    maker: RequestId,
    bytes: usize,
    last_use: u64,
}

impl Kept {
    /// Returns whether nobody goes on from it, and nobody makes it.
    fn is_idle(&self) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| Arc::strong_count(prefix) == 1)
    }
}

fn same(a: Option<&Arc<Adapter>>, b: Option<&Arc<Adapter>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// Returns how many tokens two prompts have in common from their beginning, in whole spans.
fn common(a: &[u32], b: &[u32]) -> usize {
    a.chunks_exact(SPAN).zip(b.chunks_exact(SPAN)).take_while(|(a, b)| a == b).count() * SPAN
}

impl Beginnings {
    /// Returns none; `most_bytes` is what all may take. Of 0, nothing is shared.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, kept: Vec::new(), begun: VecDeque::new(), uses: 0, hits: 0, tokens: 0, planned: 0 }
    }

    /// Returns what sharing has brought.
    pub(crate) fn sharing(&self) -> Sharing {
        Sharing { hits: self.hits, tokens: self.tokens, beginnings: self.kept.len(), bytes: self.bytes() }
    }

    /// Returns the bytes of all beginnings, those in the making included.
    pub(crate) fn bytes(&self) -> usize {
        self.kept.iter().map(|kept| kept.bytes).sum()
    }

    /// Returns how a request is to be begun; `waiting` are the requests that wait, itself left out.
    pub(crate) fn plan<'a>(&mut self, request: &Request, waiting: impl Iterator<Item = &'a Request>, model: &Model) -> Begin {
        // The last token is always read: its row is what the text goes on from.
        let most = request.prompt.len().saturating_sub(1) / SPAN * SPAN;
        if self.most_bytes == 0 || most == 0 || request.prefix.is_some() {
            return Begin::Alone;
        }
        self.planned += 1;
        let adapter = request.adapter.as_ref();
        let fits =
            |kept: &&Kept| same(kept.adapter.as_ref(), adapter) && kept.tokens.len() <= most && request.prompt.starts_with(&kept.tokens);
        let known = self.kept.iter().filter(fits).max_by_key(|kept| kept.tokens.len());
        let waiting = waiting.take(LOOKED_AT).filter(|other| other.prefix.is_none()).map(|other| (other.adapter.as_ref(), &other.prompt));
        let others = self.begun.iter().map(|(adapter, prompt)| (adapter.as_ref(), prompt)).chain(waiting);
        let alike = others.filter(|(other, _)| same(*other, adapter)).map(|(_, prompt)| common(&request.prompt, prompt).min(most));
        let length = worth(alike.collect());
        let is_new = length > known.map_or(0, |kept| kept.tokens.len());
        match known {
            _ if is_new && self.has_room(Cache::bytes(model, length)) => Begin::Making(length),
            Some(Kept { prefix: Some(prefix), .. }) => Begin::After(prefix.clone()),
            Some(Kept { prefix: None, maker, .. }) => Begin::Waits(*maker),
            None => Begin::Alone,
        }
    }

    /// Returns whether a beginning could be kept if those that nobody uses went.
    fn has_room(&self, bytes: usize) -> bool {
        self.bytes_in_use() + bytes <= self.most_bytes
    }

    /// Returns the bytes of the beginnings that somebody uses or makes.
    pub(crate) fn bytes_in_use(&self) -> usize {
        self.kept.iter().filter(|kept| !kept.is_idle()).map(|kept| kept.bytes).sum()
    }

    /// Returns whether a request is making a beginning.
    pub(crate) fn is_making(&self, maker: RequestId) -> bool {
        self.kept.iter().any(|kept| kept.maker == maker && kept.prefix.is_none())
    }

    /// Notes that a request has begun in this way.
    pub(crate) fn begun(&mut self, id: RequestId, request: &Request, begin: &Begin, model: &Model) {
        if self.most_bytes == 0 || request.prefix.is_some() {
            return;
        }
        self.uses += 1;
        match begin {
            Begin::After(prefix) => {
                self.hits += 1;
                self.tokens += prefix.len() as u64;
                let used = self.kept.iter_mut().find(|kept| kept.prefix.as_ref().is_some_and(|own| Arc::ptr_eq(own, prefix)));
                used.into_iter().for_each(|kept| kept.last_use = self.uses);
            }
            Begin::Making(length) => {
                let bytes = Cache::bytes(model, *length);
                while self.bytes() + bytes > self.most_bytes && self.drop_one() {}
                let (adapter, tokens) = (request.adapter.clone(), request.prompt[..*length].to_vec());
                self.kept.push(Kept { adapter, tokens, prefix: None, maker: id, bytes, last_use: self.uses });
            }
            Begin::Alone | Begin::Waits(_) => {}
        }
        self.begun.push_back((request.adapter.clone(), request.prompt.clone()));
        if self.begun.len() > REMEMBERED {
            self.begun.pop_front();
        }
    }

    /// Drops the beginning that was not used for longest, of those that nobody uses; `false` where there is none.
    pub(crate) fn drop_one(&mut self) -> bool {
        let idle = self.kept.iter().enumerate().filter(|(_, kept)| kept.is_idle());
        let oldest = idle.min_by_key(|(_, kept)| kept.last_use).map(|(at, _)| at);
        oldest.map(|at| self.kept.remove(at)).is_some()
    }

    /// Keeps the beginning that a request has made.
    pub(crate) fn made(&mut self, maker: RequestId, prefix: &Arc<Prefix>) {
        let own = self.kept.iter_mut().find(|kept| kept.maker == maker && kept.prefix.is_none());
        own.into_iter().for_each(|kept| kept.prefix = Some(prefix.clone()));
    }

    /// Forgets the beginning that a request was making; whoever waits for it is begun otherwise.
    pub(crate) fn given_up(&mut self, maker: RequestId) {
        self.kept.retain(|kept| kept.maker != maker || kept.prefix.is_some());
    }
}

/// Returns the length that spares most reading, of what a prompt has in common with each other one: its own times how
/// many share it; the longest of several.
fn worth(mut alike: Vec<usize>) -> usize {
    alike.sort_unstable_by(|a, b| b.cmp(a));
    let spared = alike.iter().zip(1..).map(|(length, sharing)| (length * sharing, *length));
    spared.max_by_key(|(spared, length)| (*spared, *length)).map_or(0, |(_, length)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_that_spares_most_is_taken() {
        let check = |alike: &[usize], expected: usize| assert_eq!(worth(alike.to_vec()), expected, "{alike:?}");
        check(&[], 0);
        check(&[0, 0], 0);
        check(&[128], 128);
        check(&[640, 128], 640);
        check(&[640, 512, 512, 512], 512);
        check(&[256, 128], 256);
    }

    #[test]
    fn prompts_agree_in_whole_spans() {
        let long: Vec<u32> = (0..3 * SPAN as u32 + 5).collect();
        let mut other = long.clone();
        other[2 * SPAN] = 7;
        assert_eq!(common(&long, &long), 3 * SPAN);
        assert_eq!(common(&long, &other), 2 * SPAN);
        assert_eq!(common(&long, &long[..2 * SPAN - 1]), SPAN);
        assert_eq!(common(&long, &long[1..]), 0);
    }
}
