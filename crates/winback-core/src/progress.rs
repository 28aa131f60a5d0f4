//! How far a long piece of work has come, told to whoever waits.

/// Something that shows progress: a bar in a terminal, an event stream, nothing at all.
pub trait Progress: Send + Sync {
    /// A piece of work begins; `total` is its number of rows where that is known.
    fn begin(&self, work: Work, total: Option<u64>);
    /// So many more rows are done.
    fn advance(&self, rows: u64);
    /// The piece of work begun last is done.
    fn done(&self);
}

/// The pieces of work that can take over a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reading rows into the store.
    Import,
    /// Reading customers back and computing features.
    Features,
    /// Fitting a model; rows are folds.
    Train,
    /// Scoring customers.
    Assess,
    /// Putting customers into segments.
    Segment,
    /// Choosing offers.
    Plan,
    /// Writing messages.
    Write,
    /// Handing messages out as files.
    Export,
    /// Making sample rows.
    Sample,
    /// Downloading; rows are bytes.
    Fetch,
    /// Hashing what was downloaded; rows are bytes.
    Verify,
}

/// Shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _work: Work, _total: Option<u64>) {}
    fn advance(&self, _rows: u64) {}
    fn done(&self) {}
}
