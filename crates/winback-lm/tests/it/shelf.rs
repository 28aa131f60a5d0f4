//! Folders of adapters: versions that are there whole or not at all, put to use and back in one step.
use crate::fixtures::{Fixture, fixtures};
use std::collections::BTreeMap;
use std::path::Path;
use winback_core::digest::Digest;
use winback_core::gallery::gate::Claims;
use winback_core::gallery::{Comparison, EVALUATION_FORMAT, Evaluation, Figure, MailWriter, Measure, OfWhat, SharedAdapter, WriterMarks};
use winback_core::segment::SegmentId;
use winback_lm::adapter::distance;
use winback_lm::finetune::{LoraWeights, Recipe, Run, State};
use winback_lm::shelf::{
    Data, Held, Kind, MANIFEST_FORMAT, Manifest, Metrics, Shelf, ShelfError, Training, Version, Versions, is_of_segment,
};

fn segment(name: &str) -> SegmentId {
    SegmentId::parse(name).unwrap()
}

fn manifest(loss_after: f64, files: &[(&str, &[u8])]) -> Manifest {
    let hash = Digest::of(b"x");
    Manifest {
        format: MANIFEST_FORMAT,
        segment: segment("Dormant"),
        kind: Kind::Own,
        base_sha256: hash.clone(),
        template_sha256: hash.clone(),
        tokenizer_sha256: hash.clone(),
        data: Data {
            sha256: hash,
            learned_from: 90,
            kept_back: 10,
            own: 90,
            share: Some(0.1),
            prompt_words: BTreeMap::new(),
            licence: None,
            origin: None,
        },
        recipe: Recipe::default(),
        metrics: Metrics { loss_before: 2.0, loss_after, best_step: 7, steps: 9 },
        versions: Versions { winback: "0.1.0".into(), numerics: "bf16".into() },
        run: Digest::of(&loss_after.to_le_bytes()),
        files: files.iter().map(|(name, bytes)| ((*name).to_owned(), Digest::of(bytes))).collect::<BTreeMap<_, _>>(),
        date: None,
    }
}

/// Puts a version there with this loss after learning.
fn publish(shelf: &Shelf, held: &Held, loss_after: f64) -> Version {
    let weights = format!("weights that leave a loss of {loss_after}");
    let files: [(&str, &[u8]); 2] = [("adapter_config.json", b"{}"), ("adapter_model.safetensors", weights.as_bytes())];
    let text = manifest(loss_after, &files).to_text();
    shelf.publish(&segment("Dormant"), &[files[0], files[1], ("manifest.json", text.as_bytes())], held).unwrap()
}

/// Puts an evaluation there that finds the perplexity of a version this much above the base's, and nothing else of note.
fn evaluate(shelf: &Shelf, version: &str, more: f64) -> Evaluation {
    let (_, manifest) = shelf.version(&segment("Dormant"), version).unwrap();
    let figure = |value: f64| Figure { value, low: value - 0.1, high: value + 0.1 };
    let differences = [(Measure::Perplexity, more), (Measure::Chrf, 2.0), (Measure::SlotPass, 0.1), (Measure::ReviewPass, 0.2)];
    let evaluation = Evaluation {
        format: EVALUATION_FORMAT,
        segment: segment("Dormant"),
        version: version.into(),
        of: OfWhat {
            data_sha256: manifest.data.sha256.clone(),
            base_sha256: manifest.base_sha256.clone(),
            adapter_sha256: manifest.adapter_digest(),
            shared_sha256: None,
            words_sha256: Digest::of(b"words"),
            numerics: "bf16".into(),
            seed: 0,
            resamples: 10_000,
        },
        customers: 60,
        examples: 60,
        slotted: 60,
        reviewed: 60,
        shared: SharedAdapter::Absent,
        notes: Vec::new(),
        writers: vec![WriterMarks {
            writer: MailWriter::Adapter,
            figures: [Measure::SlotPass, Measure::ReviewPass].map(|measure| (measure, figure(0.9))).into(),
            distinct_1: 0.5,
            distinct_2: 0.5,
            cut_off: 0,
        }],
        comparisons: vec![Comparison {
            with: MailWriter::Base,
            differences: differences.map(|(measure, value)| (measure, figure(value))).into(),
        }],
        cases: Vec::new(),
    };
    shelf.keep_evaluation(&evaluation).unwrap();
    evaluation
}

fn said<T: std::fmt::Debug>(result: Result<T, ShelfError>) -> String {
    crate::tiny::chain(&result.unwrap_err())
}

#[test]
fn versions_are_put_to_use_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path().join("adapters"));
    let held = shelf.hold().unwrap();
    let dormant = segment("Dormant");
    let versions: Vec<String> = [1.5, 1.4, 1.3].iter().map(|loss| publish(&shelf, &held, *loss).to_string()).collect();
    assert_eq!(versions, ["v1", "v2", "v3"]);
    versions.iter().for_each(|version| drop(evaluate(&shelf, version, -1.0)));
    let current = || shelf.current(&dormant).unwrap().map(|version| version.to_string());
    assert_eq!(current(), None);
    assert!(said(shelf.in_use(&dormant)).contains("no version of Dormant is in use; the base writes for it"));
    assert!(said(shelf.rollback(&dormant)).contains("nothing was in use for Dormant before"));
    for version in ["v1", "v3", "v3", "v2"] {
        shelf.promote(&dormant, version, Claims::Needed).unwrap();
        assert_eq!(current().as_deref(), Some(version));
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("adapters/Dormant/current")).unwrap(), "v2\n");
    assert!(shelf.in_use(&dormant).unwrap().ends_with("adapters/Dormant/v2"));
    let back = |_| shelf.rollback(&dormant).unwrap().1.map(|version| version.to_string());
    assert_eq!([0, 1, 2].map(back), [Some("v3".to_owned()), Some("v1".to_owned()), None], "before the first was the base");
    assert!(said(shelf.rollback(&dormant)).contains("nothing was in use"));
    assert_eq!(shelf.look(&dormant).unwrap().versions.len(), 3, "nothing is lost");
}

/// Two people put versions to use at once, over and over: none fails, and every change can be taken back.
#[test]
fn changes_made_at_once_come_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    let held = shelf.hold().unwrap();
    let dormant = segment("Dormant");
    for (loss, version) in [(1.5, "v1"), (1.4, "v2")] {
        publish(&shelf, &held, loss);
        evaluate(&shelf, version, -1.0);
    }
    let changes: usize = std::thread::scope(|scope| {
        let person = |own: &'static str| {
            let (shelf, dormant) = (&shelf, &dormant);
            scope.spawn(move || {
                let change = || shelf.promote(dormant, own, Claims::Needed).unwrap().map(|before| before.to_string());
                (0..40).filter(|_| change().as_deref() != Some(own)).count()
            })
        };
        let people = ["v1", "v2", "v1", "v2"].map(person);
        people.into_iter().map(|person| person.join().unwrap()).sum()
    });
    assert!(changes > 1, "{changes}");
    let back = (0..).take_while(|_| shelf.rollback(&dormant).is_ok()).count();
    assert_eq!((back, shelf.current(&dormant).unwrap()), (changes, None));
}

/// Promoting writes the history first and then what is in use; going back does it the other way round.
#[test]
fn a_change_broken_off_between_its_two_files_is_as_if_it_never_began_or_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    let held = shelf.hold().unwrap();
    let dormant = segment("Dormant");
    for (loss, version) in [(1.5, "v1"), (1.4, "v2")] {
        publish(&shelf, &held, loss);
        evaluate(&shelf, version, -1.0);
    }
    shelf.promote(&dormant, "v1", Claims::Needed).unwrap();
    let history = dir.path().join("Dormant/history");
    std::fs::write(&history, "base\nv1\n").unwrap();
    assert_eq!(shelf.rollback(&dormant).unwrap().1, None, "what stands in the history of the broken change is what is in use");
    shelf.promote(&dormant, "v1", Claims::Needed).unwrap();
    shelf.promote(&dormant, "v2", Claims::Needed).unwrap();
    assert_eq!(std::fs::read_to_string(&history).unwrap(), "base\nv1\n");
    std::fs::write(dir.path().join("Dormant/current"), "v1\n").unwrap();
    assert_eq!(shelf.rollback(&dormant).unwrap().1, None);
}

#[test]
fn a_version_that_is_not_better_or_not_whole_is_not_put_to_use() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    let held = shelf.hold().unwrap();
    let dormant = segment("Dormant");
    for loss in [1.5, 2.0, f64::MAX] {
        publish(&shelf, &held, loss);
    }
    let promote = |version: &str| shelf.promote(&dormant, version, Claims::Needed);
    assert_eq!(said(promote("v2")), "v2 of Dormant is not put to use: it was not evaluated");
    let found = evaluate(&shelf, "v2", 0.5);
    let expected = "v2 of Dormant is not put to use: its perplexity is not lower than that of the base: the difference is +0.50 (95 % \
        interval +0.40 to +0.60)";
    assert_eq!(said(promote("v2")), expected);
    let others = OfWhat { adapter_sha256: Digest::of(b"others"), ..found.of.clone() };
    shelf.keep_evaluation(&Evaluation { of: others, ..found.clone() }).unwrap();
    assert_eq!(said(promote("v2")), "v2 of Dormant is not put to use: its evaluation is of other files than it has now");
    let beside = OfWhat { shared_sha256: Some(Digest::of(b"shared")), ..found.of.clone() };
    shelf.keep_evaluation(&Evaluation { of: beside, ..found.clone() }).unwrap();
    assert!(said(promote("v2")).contains("it was evaluated beside another shared adapter than the newest one"));
    let path = dir.path().join("Dormant/evaluations/v2.json");
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..500]).unwrap();
    assert!(said(promote("v2")).contains("evaluations/v2.json is no evaluation: EOF"));
    std::fs::copy(shelf.keep_evaluation(&found).unwrap().0, dir.path().join("Dormant/evaluations/v3.json")).unwrap();
    assert!(said(promote("v3")).contains("v3.json is no evaluation: it is of v2 of Dormant"));
    assert_eq!(shelf.look(&dormant).unwrap().versions.len(), 3, "evaluations are no versions");
    assert!(is_of_segment(&dir.path().join("Dormant")));
    assert!(said(promote("v4")).contains("Dormant has no version \"v4\"; it has v1, v2, v3"));
    assert!(said(promote("../Dormant/v1")).contains("no version \"../Dormant/v1\""));
    let v1 = dir.path().join("Dormant/v1");
    std::fs::write(v1.join("adapter_model.safetensors"), b"weighty").unwrap();
    assert!(said(promote("v1")).contains("adapter_model.safetensors is not what was written"));
    let unhashed = Manifest { files: BTreeMap::new(), ..Manifest::load(&v1).unwrap() };
    let text = std::fs::read_to_string(v1.join("manifest.json")).unwrap();
    std::fs::write(v1.join("manifest.json"), unhashed.to_text()).unwrap();
    assert!(said(promote("v1")).contains("notes no hash of adapter_config.json"), "what nobody hashed is not known to be whole");
    std::fs::write(v1.join("manifest.json"), text).unwrap();
    std::fs::remove_file(v1.join("adapter_model.safetensors")).unwrap();
    assert!(said(promote("v1")).contains("is not whole: adapter_model.safetensors is absent"));
    std::fs::remove_file(v1.join("manifest.json")).unwrap();
    assert!(said(promote("v1")).contains("is not whole: manifest.json is absent"));
    assert_eq!(shelf.current(&dormant).unwrap(), None);
    std::fs::write(dir.path().join("Dormant/current"), "../../etc").unwrap();
    assert!(said(shelf.current(&dormant)).contains("names \"../../etc\", which is no version"));
}

#[test]
fn folders_that_are_none_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    assert_eq!(shelf.segments().unwrap(), []);
    let make = |name: &str| std::fs::create_dir_all(dir.path().join(name)).unwrap();
    ["Dormant/v1", ".hidden", "Parent_Active"].iter().for_each(|name| make(name));
    assert_eq!(shelf.segments().unwrap(), [segment("Dormant"), segment("Parent_Active")]);
    assert!(said(shelf.named("Dorment")).contains("holds no adapter of the segment Dorment; was \"Dormant\" meant?"));
    assert!(said(shelf.named("../Dormant")).contains("\"../Dormant\" is no name of a segment's folder"));
    assert!(said(shelf.check(&[segment("dormant")])).contains("Dormant and dormant differ in capitals alone"));
    assert!(said(shelf.check(&[segment("Ä"), segment("ä")])).contains("differ in capitals alone"));
    assert!(said(shelf.check(&[segment("Shared")])).contains("no segment can be called Shared"));
    shelf.check(&[segment("Dormant"), segment("New")]).unwrap();
    assert!(is_of_segment(&dir.path().join("Dormant")) && !is_of_segment(dir.path()));
    make("Dormant/older");
    make("two words");
    make("dormant");
    // Each is told, and takes nothing else with it.
    let found = shelf.look(&segment("Dormant")).unwrap();
    assert_eq!((found.versions.len(), found.faults.len()), (1, 1));
    assert!(found.faults[0].to_string().contains("older stands among the versions of a segment and is none"));
    assert_eq!(shelf.segments().unwrap(), [segment("Dormant"), segment("Parent_Active")]);
    let strays: Vec<String> = shelf.strays().unwrap().into_iter().map(|(_, why)| why.to_string()).collect();
    assert!(strays[0].contains("Dormant and dormant differ in capitals alone"), "{strays:?}");
    assert!(strays[1].contains("\"two words\" is no name of a segment's folder"), "{strays:?}");
    for (text, fault) in [("", "names \"\", which is no version"), ("v9\n", "v9 of Dormant is in use, and not there")] {
        std::fs::write(dir.path().join("Dormant/current"), text).unwrap();
        let faults = shelf.look(&segment("Dormant")).unwrap().faults;
        assert!(faults.iter().any(|one| one.to_string().contains(fault)), "{faults:?}");
    }
    assert_eq!(
        ["v1", "v01", "V1", "v0", "1", "v-1", "v1 "].map(|name| Version::parse(name).is_some()),
        [true, false, false, false, false, false, false]
    );
}

#[test]
fn what_cannot_be_written_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    let held = shelf.hold().unwrap();
    assert!(said(shelf.hold()).contains("another training is at work in"));
    publish(&shelf, &held, 1.5);
    let refused = shelf.publish(&segment("Dormant"), &[("a", b"1"), ("not/there", b"2")], &held);
    assert!(said(refused).contains("v2 cannot be written"));
    let left: Vec<_> = std::fs::read_dir(dir.path().join("Dormant")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["v1"]);
    std::fs::create_dir(dir.path().join("Dormant/.v2.part")).unwrap();
    assert_eq!(publish(&shelf, &held, 1.4).to_string(), "v2", "what an earlier attempt left is in nobody's way");
    drop(held);
    shelf.hold().unwrap();
}

#[test]
fn the_two_newest_checkpoints_are_kept_and_a_broken_one_is_passed_over() {
    let Some(Fixture { model, .. }) = Fixture::named("tied") else { return };
    let (lesson, recipe) = (crate::finetune_runs::lesson(24, 2), crate::finetune_runs::recipe());
    let identity = Run::identity(&model, &lesson, &recipe);
    let dir = tempfile::tempdir().unwrap();
    let training = Training::new(dir.path(), &identity);
    let like = State::first(&model, &recipe).unwrap();
    assert!(training.newest(&like).unwrap().state.is_none());
    let mut run = Run::begin(&model, &lesson, &recipe).unwrap();
    let mut states = Vec::new();
    for _ in 0..3 {
        run.step().unwrap();
        training.keep(run.state()).unwrap();
        states.push(run.state().clone());
    }
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(training.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["step-00000002.checkpoint", "step-00000003.checkpoint"]);
    assert!(training.newest(&like).unwrap().state.unwrap() == states[2]);
    let newest = training.folder().join("step-00000003.checkpoint");
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes[300] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    let found = training.newest(&like).unwrap();
    assert!(found.state.unwrap() == states[1] && found.broken.len() == 1 && found.broken[0].0 == newest);
    assert_eq!(names(), ["step-00000002.checkpoint"]);
    training.done().unwrap();
    assert!(!training.folder().exists());
}

#[test]
fn the_distance_of_adapters_is_that_of_what_they_add() {
    let Some(dir) = fixtures() else { return };
    let path = |name: &str| dir.join("tied").join(name);
    let same = distance(&path("adapter_a"), &path("adapter_a")).unwrap();
    assert!(same.apart < 1e-3 * same.first && (same.cosine - 1.0).abs() < 1e-9, "{same:?}");
    let model = winback_lm::Model::load(&dir.join("tied"), winback_lm::kernels::Numerics::PLAIN).unwrap();
    let added = |dir: &Path, scale: f32| -> BTreeMap<String, Vec<f32>> {
        let modules = LoraWeights::load(dir, &model).unwrap();
        let product =
            |(layer, which, a, b): (usize, winback_lm::shape::Projection, winback_lm::tensor::Tensor, winback_lm::tensor::Tensor)| {
                let (rank, inputs, outputs) = (a.rows(), a.columns(), b.rows());
                let (a, b) = (a.to_f32(), b.to_f32());
                let entry = |at: usize| (0..rank).map(|r| scale * b[at / inputs * rank + r] * a[r * inputs + at % inputs]).sum::<f32>();
                (format!("{layer} {}", which.name()), (0..outputs * inputs).map(entry).collect::<Vec<f32>>())
            };
        modules.modules().map(product).collect()
    };
    let (a, b) = (added(&path("adapter_a"), 2.0), added(&path("adapter_b"), 4.0));
    let zeros: Vec<f32> = Vec::new();
    let apart: f64 = a
        .iter()
        .map(|(name, a)| {
            let b = b.get(name).unwrap_or(&zeros);
            a.iter().enumerate().map(|(at, a)| f64::from(a - b.get(at).copied().unwrap_or(0.0)).powi(2)).sum::<f64>()
        })
        .sum::<f64>()
        .sqrt();
    let found = distance(&path("adapter_a"), &path("adapter_b")).unwrap();
    assert!((found.apart - apart).abs() < 1e-4 * apart, "{found:?} {apart}");
    assert!(found.cosine.abs() < 0.2, "{found:?}");
}
