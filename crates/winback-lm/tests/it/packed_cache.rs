//! Packed weights kept in a file: the same model, and no file that is not what it should be.
use crate::tiny::{Tensors, chain, config, write_json, write_model, write_tensors};
use proptest::prelude::*;
use safetensors::Dtype;
use serde_json::json;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::packed_cache::{CachedModel, Look};
use winback_lm::{Cache, Config, Model, Origin, PackedCache, Piece, Want};

/// A directory with the tiny model, and two folders for packed weights.
struct Place {
    dir: tempfile::TempDir,
    numerics: Numerics,
}

impl Place {
    fn new(numerics: Numerics) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_model(dir.path(), Dtype::BF16);
        Self { dir, numerics }
    }

    fn cache(&self) -> PackedCache {
        PackedCache { folders: vec![self.dir.path().join(".winback"), self.dir.path().join("cache/of/mine")] }
    }

    fn file(&self) -> PathBuf {
        self.cache().folders[0].join(format!("packed-{}-v1.bin", self.numerics.precision.name()))
    }

    fn load(&self) -> CachedModel {
        let config = Config::load(&self.dir.path().join("config.json")).unwrap();
        Model::with_cache(self.dir.path(), config, self.numerics, &self.cache()).unwrap()
    }

    fn origin(&self) -> Origin {
        self.load().origin
    }

    /// Returns what was refused, the folder's name left out.
    fn refused(&self) -> String {
        let loaded = self.load();
        assert!(matches!(loaded.origin, Origin::Made(_)), "{loaded:?}");
        let told: Vec<String> = loaded.refused.iter().map(ToString::to_string).collect();
        told.join("\n").replace(&format!("{}/", self.dir.path().display()), "")
    }
}

/// Returns what the model computes for a text.
fn computed(model: &Model) -> Vec<u32> {
    let mut cache = Cache::new(model);
    let mut pieces = [Piece { cache: &mut cache, tokens: &[3, 14, 15, 36, 0], adapter: None, want: Want::All }];
    let rows = model.forward(&mut pieces).unwrap().rows;
    let logits = model.logits(&rows).unwrap_or_default();
    rows.iter().chain(&logits).map(|number| number.to_bits()).collect()
}

fn every_numerics() -> impl Iterator<Item = Numerics> {
    let precisions = [Precision::F32, Precision::Bf16, Precision::Int8];
    precisions.into_iter().flat_map(|precision| [Level::Plain, Level::best()].map(|level| Numerics { level, precision }))
}

#[test]
fn a_mapped_model_is_the_model_bit_for_bit() {
    for (numerics, dtype) in every_numerics().zip([Dtype::F32, Dtype::F16, Dtype::BF16].into_iter().cycle()) {
        let place = Place::new(numerics);
        write_model(place.dir.path(), dtype);
        let read = Model::load(place.dir.path(), numerics).unwrap();
        let (made, mapped) = (place.load(), place.load());
        assert_eq!((made.origin, mapped.origin), (Origin::Made(place.file()), Origin::Mapped(place.file())));
        for model in [made.model, mapped.model] {
            assert_eq!((computed(&model), model.digest()), (computed(&read), read.digest()));
        }
        assert!(!place.cache().folders[1].exists());
    }
}

#[test]
fn a_model_with_a_head_of_its_own_and_one_without_are_kept_as_well() {
    for has_head in [true, false] {
        let place = Place::new(Numerics::PLAIN);
        let mut own = config();
        own["tie_word_embeddings"] = json!(false);
        write_json(place.dir.path(), "config.json", &own);
        let mut tensors: Tensors = crate::tiny::weights(Dtype::BF16);
        match has_head {
            true => drop(tensors.insert("lm_head.weight".into(), tensors["model.embed_tokens.weight"].clone())),
            false => tensors = tensors.into_iter().map(|(name, tensor)| (name.trim_start_matches("model.").to_owned(), tensor)).collect(),
        }
        write_tensors(&place.dir.path().join("model.safetensors"), &tensors);
        let read = Model::load(place.dir.path(), Numerics::PLAIN).unwrap();
        assert!(matches!(place.origin(), Origin::Made(_)));
        let mapped = place.load();
        assert_eq!(mapped.origin, Origin::Mapped(place.file()));
        assert_eq!((computed(&mapped.model), mapped.model.digest()), (computed(&read), read.digest()));
    }
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named_and_made_anew() {
    let check = |harm: &dyn Fn(&Place), expected: &str| {
        let place = Place::new(Numerics { level: Level::Plain, precision: Precision::Int8 });
        assert!(matches!(place.origin(), Origin::Made(_)));
        harm(&place);
        assert_eq!(place.refused(), format!(".winback/packed-int8-v1.bin: {expected}"));
        assert_eq!(place.origin(), Origin::Mapped(place.file()));
    };
    let edit = |place: &Place, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(place.file()).unwrap();
        change(&mut bytes);
        fs::write(place.file(), bytes).unwrap();
    };
    check(&|place| edit(place, &|bytes| bytes.truncate(100)), "it is cut off or too long");
    check(&|place| edit(place, &|bytes| bytes.truncate(bytes.len() - 64)), "its content is damaged");
    check(&|place| edit(place, &|bytes| bytes.extend([0; 64])), "its content is damaged");
    check(&|place| edit(place, &|bytes| *bytes.last_mut().unwrap() ^= 1), "its content is damaged");
    check(&|place| edit(place, &|bytes| bytes[1 << 16] ^= 64), "its content is damaged");
    check(&|place| edit(place, &|bytes| bytes[3] ^= 1), "its beginning is damaged");
    check(&|place| edit(place, &|bytes| bytes[200] ^= 1), "its beginning is damaged");
    check(&|place| fs::write(place.file(), [0; 1 << 17]).unwrap(), "its beginning is damaged");
    let other = |place: &Place, change: &dyn Fn(&Path)| change(place.dir.path());
    check(&|place| other(place, &|dir| write_model(dir, Dtype::F16)), "it was packed before the model's files changed or were moved");
    // Another file of the same length and time.
    let disguised = |dir: &Path| {
        let path = dir.join("model.safetensors");
        let times = fs::metadata(&path).unwrap().modified().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 0x80;
        fs::write(&path, bytes).unwrap();
        File::options().append(true).open(&path).unwrap().set_times(FileTimes::new().set_modified(times)).unwrap();
    };
    check(&|place| other(place, &disguised), "it was packed before the model's files changed or were moved");
    let shape = |dir: &Path| {
        let mut other = config();
        (other["num_attention_heads"], other["head_dim"]) = (json!(6), json!(6));
        other["num_key_value_heads"] = json!(3);
        other["tie_word_embeddings"] = json!(false);
        write_json(dir, "config.json", &other);
        let mut tensors = crate::tiny::weights(Dtype::BF16);
        tensors.insert("lm_head.weight".into(), tensors["model.embed_tokens.weight"].clone());
        write_tensors(&dir.join("model.safetensors"), &tensors);
    };
    check(&|place| other(place, &shape), "it was packed before the model's files changed or were moved");
}

#[cfg(unix)]
#[test]
fn what_another_user_could_change_is_not_mapped() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new(Numerics::PLAIN);
    assert!(matches!(place.origin(), Origin::Made(_)));
    let rights = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((rights(&place.file()), rights(place.file().parent().unwrap())), (0o600, 0o700));
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&place.file(), 0o620);
    let file = ".winback/packed-f32-v1.bin";
    assert_eq!(place.refused(), format!("{file}: {file} may be written by other users"));
    let real = place.dir.path().join("real.bin");
    fs::rename(place.file(), &real).unwrap();
    std::os::unix::fs::symlink(&real, place.file()).unwrap();
    assert_eq!(place.refused(), format!("{file}: {file} is a link or no plain file"));
    assert!(fs::symlink_metadata(place.file()).unwrap().is_file());
    // A folder of which that cannot be said is left alone, and the next one is used.
    set(place.file().parent().unwrap(), 0o777);
    let loaded = place.load();
    let second = place.cache().folders[1].join("packed-f32-v1.bin");
    assert_eq!((loaded.origin, loaded.not_kept.len()), (Origin::Made(second.clone()), 1));
    assert!(loaded.not_kept[0].to_string().ends_with(".winback may be written by other users"), "{}", loaded.not_kept[0]);
    assert_eq!(place.origin(), Origin::Mapped(second));
}

#[test]
fn where_nothing_can_be_kept_the_weights_are_read() {
    let place = Place::new(Numerics::PLAIN);
    let config = Config::load(&place.dir.path().join("config.json")).unwrap();
    let load =
        |folders: Vec<PathBuf>| Model::with_cache(place.dir.path(), config.clone(), Numerics::PLAIN, &PackedCache { folders }).unwrap();
    assert_eq!(load(vec![]).origin, Origin::Read);
    let file = place.dir.path().join("a file");
    fs::write(&file, "").unwrap();
    let loaded = load(vec![file.join("in it"), file]);
    assert_eq!((loaded.origin, loaded.refused.len() + loaded.not_kept.len()), (Origin::Read, 4));
    assert_eq!(computed(&loaded.model), computed(&place.load().model));
}

#[test]
fn one_program_packs_and_the_others_do_not_wait_for_it() {
    let place = Place::new(Numerics::PLAIN);
    assert!(matches!(place.origin(), Origin::Made(_)));
    fs::remove_file(place.file()).unwrap();
    let lock = File::open(place.file().with_file_name("lock")).unwrap();
    lock.lock().unwrap();
    let loaded = place.load();
    assert_eq!((loaded.origin, loaded.not_kept[0].why.to_string()), (Origin::Read, "another program is writing it".to_owned()));
    drop(lock);
    assert!(matches!(place.origin(), Origin::Made(_)));
}

#[test]
fn a_model_that_is_refused_leaves_nothing_behind() {
    let place = Place::new(Numerics::PLAIN);
    let mut tensors = crate::tiny::weights(Dtype::F32);
    let last = "model.layers.2.mlp.down_proj.weight";
    tensors.get_mut(last).unwrap().bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    write_tensors(&place.dir.path().join("model.safetensors"), &tensors);
    let config = Config::load(&place.dir.path().join("config.json")).unwrap();
    let error = Model::with_cache(place.dir.path(), config, Numerics::PLAIN, &place.cache()).unwrap_err();
    assert!(chain(&error).contains(&format!("tensor {last} holds NaN")), "{}", chain(&error));
    let left: Vec<_> = fs::read_dir(place.dir.path().join(".winback")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn what_is_kept_is_told_and_compared_with_the_model_s_files() {
    let place = Place::new(Numerics { level: Level::Plain, precision: Precision::Bf16 });
    let config = Config::load(&place.dir.path().join("config.json")).unwrap();
    let kept = |look: Look| {
        let kept = place.cache().kept(place.dir.path(), &config, look).unwrap();
        let told = |kept: winback_lm::packed_cache::Kept| (kept.precision, kept.unusable.map(|why| why.to_string()));
        kept.into_iter().map(told).collect::<Vec<_>>()
    };
    assert!(kept(Look::Everything).is_empty());
    place.load();
    for look in [Look::Beginning, Look::Everything] {
        assert_eq!(kept(look), [(Precision::Bf16, None)]);
    }
    let mut bytes = fs::read(place.file()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(place.file(), bytes).unwrap();
    assert_eq!(kept(Look::Beginning), [(Precision::Bf16, None)]);
    assert_eq!(kept(Look::Everything), [(Precision::Bf16, Some("its content is damaged".to_owned()))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_harm_to_a_file_changes_the_model(at in 0.0..1.0_f64, byte in any::<u8>(), keep in 0.0..1.0_f64, cut in any::<bool>()) {
        let place = Place::new(Numerics::PLAIN);
        let whole = computed(&place.load().model);
        let mut bytes = fs::read(place.file()).unwrap();
        let place_of = |share: f64, length: usize| ((share * share * share) * length as f64) as usize;
        let at = place_of(at, bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(place_of(keep, bytes.len()));
        }
        fs::write(place.file(), bytes).unwrap();
        prop_assert_eq!(computed(&place.load().model), whole);
        prop_assert_eq!(place.origin(), Origin::Mapped(place.file()));
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_where_the_lock_should_be_is_not_waited_for() {
    let place = Place::new(Numerics::PLAIN);
    let folder = place.cache().folders[0].clone();
    fs::create_dir(&folder).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.join("lock")).status().unwrap().success());
    let loaded = place.load();
    let told: Vec<String> = loaded.not_kept.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|note| note.contains("is a link or no plain file")), "{told:?}");
    assert_ne!(loaded.origin, Origin::Made(place.file()));
}
