//! The fixtures of tiny random models (`../shared/fixtures/qwen3-tiny`; its README says what each file is).
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};
use winback_lm::kernels::Numerics;
use winback_lm::{Adapter, Model};

/// The adapters of the fixtures.
pub const ADAPTERS: [&str; 3] = ["adapter_a", "adapter_b", "adapter_c"];

/// Returns where the fixtures lie, `None` with a word on the screen where they are absent.
pub fn fixtures() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/qwen3-tiny"));
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: the fixtures of Qwen3 are not beside the repository (../shared/fixtures/qwen3-tiny)");
    None
}

pub fn read(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A model with its adapters and what transformers computed with them.
pub struct Fixture {
    pub dir: PathBuf,
    pub model: Model,
    pub adapters: Vec<Adapter>,
    expected: Vec<u8>,
}

impl Fixture {
    /// Returns the fixture `tied` or `untied`, computed as exactly as can be.
    pub fn named(name: &str) -> Option<Self> {
        Self::computed(name, Numerics::PLAIN)
    }

    /// Returns the fixture `tied` or `untied`.
    pub fn computed(name: &str, numerics: Numerics) -> Option<Self> {
        let dir = fixtures()?.join(name);
        let model = Model::load(&dir, numerics).unwrap();
        let adapters = ADAPTERS.iter().map(|name| Adapter::load(&dir.join(name), &model).unwrap()).collect();
        let expected = std::fs::read(dir.join("expected.safetensors")).unwrap();
        Some(Self { dir, model, adapters, expected })
    }

    /// Returns `base` and each adapter, with the name it has in the files.
    pub fn writers(&self) -> Vec<(&'static str, Option<&Adapter>)> {
        let adapters = ADAPTERS.iter().zip(&self.adapters).map(|(name, adapter)| (*name, Some(adapter)));
        [("base", None)].into_iter().chain(adapters).collect()
    }

    /// Returns the f32 numbers of a tensor that transformers computed.
    pub fn numbers(&self, name: &str) -> Vec<f32> {
        let tensors = SafeTensors::deserialize(&self.expected).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::F32);
        tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// Returns the rows of a table of ids.
    pub fn ids(&self, name: &str) -> Vec<Vec<u32>> {
        let tensors = SafeTensors::deserialize(&self.expected).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::I64);
        let ids: Vec<u32> =
            tensor.data().as_chunks::<8>().0.iter().map(|bytes| u32::try_from(i64::from_le_bytes(*bytes)).unwrap()).collect();
        ids.chunks_exact(tensor.shape()[1]).map(<[u32]>::to_vec).collect()
    }
}

/// Returns the largest difference of two lists of equal length.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
