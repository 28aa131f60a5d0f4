use super::*;
use winback_core::digest::Digest;
use winback_core::gallery::{Choice, EVALUATION_FORMAT, EvaluatedCase, MailWriter, OfWhat, SharedAdapter, WrittenMail};

fn segment() -> SegmentId {
    SegmentId::parse("Dormant").unwrap()
}

/// Puts a version there, as training does, and returns its manifest.
fn publish(shelf: &Shelf) -> Manifest {
    let hash = Digest::of(b"x");
    let config = br#"{"base_model_name_or_path": "Qwen/Qwen3-0.6B"}"#;
    let run = br#"{"losses": [2.5, 2.0], "trials": [[0, 2.4], [2, 1.9]]}"#;
    let files: [(&str, &[u8]); 3] = [("adapter_config.json", config), ("adapter_model.safetensors", b"weights"), ("run.json", run)];
    let hashes: serde_json::Map<_, _> = files.iter().map(|(name, bytes)| ((*name).into(), Digest::of(bytes).0.into())).collect();
    let manifest = serde_json::json!({
        "format": 1, "segment": "Dormant", "kind": "own", "base_sha256": hash, "template_sha256": hash, "tokenizer_sha256": hash,
        "data": { "sha256": hash, "learned_from": 90, "kept_back": 10, "own": 90 }, "recipe": { "rank": 8 },
        "metrics": { "loss_before": 2.4, "loss_after": 1.9, "best_step": 2, "steps": 2 },
        "versions": { "winback": "0.1.0", "numerics": "bf16 plain" }, "run": hash, "files": hashes,
    });
    let text = manifest.to_string();
    let all = [files[0], files[1], files[2], ("manifest.json", text.as_bytes())];
    shelf.publish(&segment(), &all, &shelf.hold().unwrap()).unwrap();
    serde_json::from_value(manifest).unwrap()
}

fn evaluation(manifest: &Manifest) -> Evaluation {
    let mail = |writer| WrittenMail {
        writer,
        text: "Subject: Hi\n\nBye".into(),
        reads: None,
        perplexity: Some(2.5),
        slot_pass: Some(true),
        review_pass: Some(false),
        findings: vec!["something".into()],
        is_cut_off: false,
    };
    let case = EvaluatedCase {
        customer: "A-1".into(),
        locale: None,
        prompt_sha256: Digest::of(b"y"),
        source: None,
        mails: vec![mail(MailWriter::Base), mail(MailWriter::Adapter)],
    };
    Evaluation {
        format: EVALUATION_FORMAT,
        segment: segment(),
        version: "v1".into(),
        of: OfWhat {
            data_sha256: manifest.data.sha256.clone(),
            base_sha256: manifest.base_sha256.clone(),
            adapter_sha256: manifest.adapter_digest(),
            shared_sha256: None,
            words_sha256: Digest::of(b"z"),
            numerics: "bf16 plain".into(),
            seed: 0,
            resamples: 10_000,
        },
        customers: 1,
        examples: 1,
        slotted: 1,
        reviewed: 1,
        shared: SharedAdapter::Absent,
        notes: Vec::new(),
        writers: Vec::new(),
        comparisons: Vec::new(),
        cases: vec![case],
    }
}

fn vote(customer: &str, choice: Choice) -> Vote {
    let (left, right, when) = (MailWriter::Base, MailWriter::Adapter, jiff::Timestamp::UNIX_EPOCH);
    let mails_sha256 = Some(Digest::of_parts(["Subject: Hi\n\nBye"; 2].map(str::as_bytes)));
    Vote { segment: segment(), version: "v1".into(), customer: customer.into(), left, right, choice, mails_sha256, when }
}

#[tokio::test]
async fn cards_tell_what_lies_on_the_shelf() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path().join("adapters"));
    let gallery = ShelfGallery::new(shelf.clone());
    assert_eq!(gallery.cards().await.unwrap(), []);
    let manifest = publish(&shelf);
    assert_eq!(gallery.evaluation(&segment(), "v1").await.unwrap(), None);
    shelf.keep_evaluation(&evaluation(&manifest)).unwrap();
    std::fs::create_dir_all(shelf.place(&segment(), Version::parse("v2").unwrap())).unwrap();
    let cards = gallery.cards().await.unwrap();
    let [card] = &cards[..] else { panic!("{cards:?}") };
    let told = card.versions[0].told.as_ref().unwrap();
    assert_eq!((&*told.base, told.rank, told.learned_from, told.kept_back, told.is_shared), ("Qwen/Qwen3-0.6B", 8, 90, 10, false));
    assert_eq!((&told.losses[..], &told.trials[..]), (&[(1, 2.5), (2, 2.0)][..], &[(0, 2.4), (2, 1.9)][..]));
    assert!(told.is_evaluated && card.in_use.is_none());
    assert!(card.versions[1].told.as_ref().unwrap_err().contains("manifest.json is absent"));
    assert_eq!(gallery.evaluation(&segment(), "v1").await.unwrap(), Some(evaluation(&manifest)));
    let said = gallery.evaluation(&segment(), "v7").await.unwrap_err().to_string();
    assert_eq!(said, "Dormant has no version \"v7\"; it has v1, v2");
    let nobody = SegmentId::parse("Nobody").unwrap();
    assert!(matches!(gallery.evaluation(&nobody, "v1").await, Err(GalleryError::Unknown(_))));

    // What is damaged or stands there by mistake costs the others nothing.
    let path = shelf.evaluation_path(&segment(), Version::parse("v1").unwrap());
    std::fs::write(&path, "{").unwrap();
    for stray in ["two words", "Dormant/backup"] {
        std::fs::create_dir_all(shelf.root().join(stray)).unwrap();
    }
    std::fs::write(shelf.of(&segment()).join("current"), "").unwrap();
    let cards = gallery.cards().await.unwrap();
    let told = cards[0].versions[0].told.as_ref().unwrap();
    assert!(told.is_evaluated && told.losses.len() == 2 && cards.len() == 1, "{cards:?}");
    assert!(matches!(gallery.evaluation(&segment(), "v1").await, Err(GalleryError::Damaged(why)) if why.contains("v1.json")));
    let faults = cards[0].faults.join("; ");
    assert!(faults.contains("backup stands among the versions") && faults.contains("current names \"\", which is no version"), "{faults}");
    let strays = gallery.strays().await.unwrap();
    assert!(strays.len() == 1 && strays[0].contains("\"two words\" is no name of a segment's folder"), "{strays:?}");
    std::fs::remove_file(shelf.of(&segment()).join("current")).unwrap();

    // An evaluation of other files is none.
    shelf
        .keep_evaluation(&Evaluation {
            of: OfWhat { adapter_sha256: Digest::of(b"w"), ..evaluation(&manifest).of },
            ..evaluation(&manifest)
        })
        .unwrap();
    assert_eq!(gallery.evaluation(&segment(), "v1").await.unwrap(), None);
    assert!(!gallery.cards().await.unwrap()[0].versions[0].told.as_ref().unwrap().is_evaluated);
}

#[tokio::test]
async fn votes_are_kept_one_behind_the_other_and_outlast_half_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path());
    let gallery = ShelfGallery::new(shelf.clone());
    let unknown = gallery.vote(vote("A-1", Choice::Left)).await;
    assert!(matches!(&unknown, Err(GalleryError::Unknown(_))), "{unknown:?}");
    let manifest = publish(&shelf);
    assert_eq!(gallery.vote(vote("A-1", Choice::Left)).await.unwrap_err().to_string(), "v1 of Dormant was not evaluated");
    shelf.keep_evaluation(&evaluation(&manifest)).unwrap();
    assert!(gallery.vote(vote("A-2", Choice::Left)).await.unwrap_err().to_string().contains("no mail to \"A-2\""));
    assert_eq!(gallery.votes().await.unwrap(), Votes::default());
    for choice in [Choice::Left, Choice::Neither] {
        gallery.vote(vote("A-1", choice)).await.unwrap();
    }
    let path = dir.path().join("votes.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 2);
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let found = gallery.votes().await.unwrap();
    assert_eq!(found.votes, [vote("A-1", Choice::Left)]);
    assert_eq!(found.damaged.len(), 1);
    assert_eq!(found.damaged[0].0, 2);
    gallery.vote(vote("A-1", Choice::Right)).await.unwrap();
    let found = gallery.votes().await.unwrap();
    assert_eq!(found.votes, [vote("A-1", Choice::Left), vote("A-1", Choice::Right)], "the half line takes no vote with it");
    assert_eq!(found.damaged.len(), 1);
}
