//! What a file of packed weights holds, in this order, each list of numbers at a multiple of 64 bytes: the first part,
//! the embedding table, the last norm, the output head, and layer by layer the norms and matrices.
use super::header::{HEADER_BYTES, Header, Key, checksum};
use super::{Look, Unusable, folder};
use crate::config::Config;
use crate::kernels::{ALIGNED, Cursor, Level, Linear, Map, Numerics, Precision, bytes_of};
use crate::model::{Layer, Model};
use crate::shards::{Shards, WeightsError};
use crate::source::{Hashes, Source, digest_of};
use crate::table::{Table, bytes_of_table};
use crate::tensor::Format;
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use winback_core::digest::Digest;

/// Returns the model of a file that can be trusted; `None` where there is no file.
pub(super) fn open(path: &Path, key: &Key, config: &Config, numerics: Numerics) -> Result<Option<Model>, Unusable> {
    let Some((map, header)) = map(path, key)? else { return Ok(None) };
    if checksum(&map.bytes()[HEADER_BYTES..]) != header.checksum {
        return Err(Unusable::Content);
    }
    model(map, header, config, numerics).map(Some)
}

/// Looks at a file and returns the hash of the weights it was packed from; `None` where there is no file.
pub(super) fn check(path: &Path, key: &Key, config: &Config, precision: Precision, look: Look) -> Result<Option<Digest>, Unusable> {
    let Some((map, header)) = map(path, key)? else { return Ok(None) };
    if look == Look::Everything && checksum(&map.bytes()[HEADER_BYTES..]) != header.checksum {
        return Err(Unusable::Content);
    }
    model(map, header, config, Numerics { level: Level::Plain, precision }).map(|model| Some(model.digest))
}

fn map(path: &Path, key: &Key) -> Result<Option<(Arc<Map>, Header)>, Unusable> {
    let Some(file) = folder::open(path)? else { return Ok(None) };
    if file.metadata()?.len() < HEADER_BYTES as u64 {
        return Err(Unusable::Length);
    }
    let map = Map::of(&file)?;
    let header = Header::read(map.bytes().get(..HEADER_BYTES).ok_or(Unusable::Length)?, key)?;
    Ok(Some((map, header)))
}

/// Returns the model of a map; it is as long as the configuration says or refused.
fn model(map: Arc<Map>, header: Header, config: &Config, numerics: Numerics) -> Result<Model, Unusable> {
    let format = [Format::F32, Format::Bf16, Format::F16].into_iter().find(|format| header.key.table.as_deref() == Some(format.name()));
    let format = format.ok_or(Unusable::Beginning)?;
    let mut from = Cursor::new(map, HEADER_BYTES);
    let take = || {
        let shape = [config.vocab_size, config.hidden_size];
        let embedding = Table::taken(format, shape, &mut from)?;
        let final_norm = from.take::<f32>(config.hidden_size)?.to_vec();
        let head = if header.key.has_head() { Some(Linear::taken(numerics, shape, &mut from)?) } else { None };
        let layers = (0..config.layers).map(|_| Layer::taken(config, numerics, &mut from)).collect::<Option<_>>()?;
        let config = config.clone();
        from.is_at_end().then_some(Model { config, embedding, layers, final_norm, head, numerics, digest: header.digest })
    };
    take().ok_or(Unusable::Length)
}

/// Packs a model into a file of a folder. What is wrong with the model's own files is the outer error.
pub(super) fn make(
    folder: &Path,
    key: &Key,
    source: &Source,
    config: &Config,
    shards: &Shards,
) -> Result<Result<(), Unusable>, WeightsError> {
    let held = match folder::hold(folder) {
        Ok(held) => held,
        Err(why) => return Ok(Err(why)),
    };
    let name = super::file_name(source.numerics().precision);
    let (path, unfinished) = (folder.join(&name), folder.join(format!("{name}.part")));
    let written = match folder::create(&unfinished) {
        Ok(file) => write(file, key, source, config, shards),
        Err(error) => Err(Unwritten::File(error)),
    };
    let kept = match written {
        Ok(()) => std::fs::rename(&unfinished, path).and_then(|()| folder::sync(folder)),
        Err(Unwritten::File(error)) => Err(error),
        Err(Unwritten::Weights(error)) => {
            // What is half written is of no use; that it cannot be removed changes nothing about the error.
            let _ = std::fs::remove_file(&unfinished);
            return Err(error);
        }
    };
    if kept.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    drop(held);
    Ok(kept.map_err(Unusable::from))
}

/// Why a file was not written.
enum Unwritten {
    File(io::Error),
    Weights(WeightsError),
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<WeightsError> for Unwritten {
    fn from(error: WeightsError) -> Self {
        Self::Weights(error)
    }
}

/// Writes a file whole, its first part last, and syncs it. As many layers as there are threads are in memory at once.
fn write(file: File, key: &Key, source: &Source, config: &Config, shards: &Shards) -> Result<(), Unwritten> {
    let mut out = Lists { out: BufWriter::with_capacity(1 << 20, file), at: 0 };
    out.put(&[0; HEADER_BYTES])?;
    let mut hashes = Hashes::new();
    let embedding = source.embedding(&mut hashes)?;
    out.put(bytes_of_table(&embedding))?;
    out.put(bytes_of(&source.final_norm(&mut hashes)?))?;
    let head = source.head(&embedding, &mut hashes)?;
    drop(embedding);
    head.iter().flat_map(Linear::lists).try_for_each(|list| out.put(list))?;
    drop(head);
    let at_once = rayon::current_num_threads().max(1);
    for first in (0..config.layers).step_by(at_once) {
        let layers = source.layers(first..config.layers.min(first + at_once), &mut hashes)?;
        layers.iter().flat_map(Layer::lists).try_for_each(|list| out.put(list))?;
    }
    shards.unchanged()?;
    let mut file = out.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    let checksum = checksum(&Map::of(&file)?.bytes()[HEADER_BYTES..]);
    let header = Header { key: key.clone(), digest: digest_of(hashes), checksum };
    let bytes = header.to_bytes().ok_or_else(|| io::Error::other("the names of the model's files are too long"))?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    Ok(())
}

/// Lists of numbers on their way into a file.
struct Lists {
    out: BufWriter<File>,
    at: usize,
}

impl Lists {
    /// Writes a list, and zeros up to where the next one begins.
    fn put(&mut self, list: &[u8]) -> io::Result<()> {
        let end = self.at + list.len();
        self.out.write_all(list)?;
        self.out.write_all(&[0; ALIGNED][..end.next_multiple_of(ALIGNED) - end])?;
        self.at = end.next_multiple_of(ALIGNED);
        Ok(())
    }
}
