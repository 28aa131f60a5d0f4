//! Models from a Hub on this machine: good, broken off, gone on with, wrong, closed, busy, and nothing half-made left.
use crate::fake_hub::{COMMIT, FakeHub, Files, OTHER_COMMIT, breaks_off, hub, hub_of, model, names, pull_into, quick, repository};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use winback_connectors::hub::{
    Difference, Endpoint, HubError, MANIFEST, Manifest, Patience, Repository, Revision, State, Token, place, pull, shelf,
};
use winback_core::digest::Digest;
use winback_core::progress::{Progress, Silent, Work};

/// Tells that bytes have come.
struct Heard(Arc<Notify>);

impl Progress for Heard {
    fn begin(&self, _work: Work, _total: Option<u64>) {}
    fn advance(&self, bytes: u64) {
        if bytes == 5 {
            self.0.notify_one();
        }
    }
    fn done(&self) {}
}

/// Returns every file and folder below a folder, but for folders themselves.
fn tree(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_model_is_pulled_whole_and_pinned() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let pulled = pull_into(&server, &folder, "main").await.unwrap();
    let wanted = ["chat_template.jinja", "config.json", "generation_config.json", "model-00001-of-00002.safetensors"];
    let wanted = [wanted.as_slice(), &["model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json"]].concat();
    assert_eq!(names(&folder), [wanted.as_slice(), &["tokenizer_config.json", MANIFEST]].concat());
    for file in &pulled.manifest.files {
        let bytes = fs::read(folder.join(&file.name)).unwrap();
        assert_eq!((file.bytes, &file.sha256, &bytes), (bytes.len() as u64, &Digest::of(&bytes), &model()[file.name.as_str()]));
    }
    let read = Manifest::read(&folder).unwrap().unwrap();
    assert_eq!((&read, read.commit.as_str(), read.revision.as_str()), (&pulled.manifest, COMMIT, "main"));
    assert_eq!(read.verify(&folder, &Silent).unwrap(), []);
    let asked = fake.asked();
    assert_eq!(asked[0].path, "/api/models/Qwen/Qwen3-tiny/revision/main?blobs=true");
    assert_eq!(asked[1].path, format!("/Qwen/Qwen3-tiny/resolve/{COMMIT}/config.json"), "settings first, at the commit and not the branch");
    assert!(asked.iter().all(|ask| ask.authorization.is_none() && !ask.path.contains(".bin") && !ask.path.contains("onnx")));
    assert_eq!(tree(models.path()).len(), 9, "nothing lies beside it");

    let again = pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!((again.downloaded_bytes, again.manifest), (0, read));
    assert_eq!(fake.asked().len(), asked.len() + 1, "only the list was asked for again");
    assert_eq!(tree(models.path()).len(), 9);
}

#[tokio::test]
async fn a_broken_transfer_is_gone_on_with() {
    let heard = Arc::new(Notify::new());
    let fake = FakeHub::of(model());
    let shard = model()["model-00001-of-00002.safetensors"].clone();
    let told = heard.clone();
    fake.once(move |ask| ask.path.ends_with("00001-of-00002.safetensors").then(|| breaks_off(&shard, 5, told.clone())));
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let hub = hub_of(&server, None, Patience { attempts: 1, ..quick() });
    let revision = Revision::parse("main").unwrap();
    let broken = pull(&hub, &repository(), &revision, &folder, &Heard(heard)).await.unwrap_err();
    assert!(matches!(broken, HubError::Network { .. }), "{broken}");
    assert!(!folder.exists());
    let found = shelf(models.path()).unwrap();
    assert!(matches!(&found[..], [one] if one.name == "Qwen/Qwen3-tiny" && matches!(one.state, State::Unfinished { .. })), "{found:?}");

    let before = fake.asked().len();
    pull_into(&server, &folder, "main").await.unwrap();
    let asked = fake.asked().split_off(before);
    let ranges: Vec<_> = asked.iter().map(|ask| (ask.path.rsplit('/').next().unwrap().to_owned(), ask.range.clone())).collect();
    assert_eq!(ranges[1], ("model-00001-of-00002.safetensors".to_owned(), Some("bytes=5-".to_owned())), "{ranges:?}");
    assert_eq!(ranges.len(), 3, "the small files are there already: {ranges:?}");
    assert_eq!(fs::read(folder.join("model-00001-of-00002.safetensors")).unwrap(), model()["model-00001-of-00002.safetensors"]);
}

#[tokio::test]
async fn one_command_bears_breaks_and_servers_that_know_no_ranges() {
    let heard = Arc::new(Notify::new());
    let fake = FakeHub::of(model());
    let shard = model()["model-00001-of-00002.safetensors"].clone();
    let is_it = |path: &str| path.ends_with("00001-of-00002.safetensors");
    // Twice the first bytes of the whole, whatever part was asked for; a piece from another byte on; the whole.
    for _ in 0..2 {
        let (cut, told) = (shard.clone(), heard.clone());
        fake.once(move |ask| is_it(&ask.path).then(|| breaks_off(&cut, 5, told.clone())));
    }
    let tail = shard[9..].to_vec();
    let range = [(header::CONTENT_RANGE, "bytes 9-16/17")];
    fake.once(move |ask| is_it(&ask.path).then(|| (StatusCode::PARTIAL_CONTENT, range.clone(), tail.clone()).into_response()));
    fake.once(move |ask| is_it(&ask.path).then(|| shard.clone().into_response()));
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let main = Revision::parse("main").unwrap();
    let pulled = pull(&hub(&server), &repository(), &main, &folder, &Heard(heard)).await.unwrap();
    assert_eq!(pulled.manifest.verify(&folder, &Silent).unwrap(), []);
    let ranges: Vec<_> = fake.asked().into_iter().filter(|ask| is_it(&ask.path)).map(|ask| ask.range).collect();
    let from_five = || Some("bytes=5-".to_owned());
    assert_eq!(ranges, [None, from_five(), from_five(), None]);
}

#[tokio::test]
async fn a_revision_that_moved_meanwhile_is_pulled_whole_and_never_mixed() {
    let heard = Arc::new(Notify::new());
    let fake = FakeHub::of(model());
    let (shard, told) = (model()["model-00001-of-00002.safetensors"].clone(), heard.clone());
    fake.once(move |ask| ask.path.ends_with("00001-of-00002.safetensors").then(|| breaks_off(&shard, 5, told.clone())));
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let hub = hub_of(&server, None, Patience { attempts: 1, ..quick() });
    let main = Revision::parse("main").unwrap();
    pull(&hub, &repository(), &main, &folder, &Heard(heard)).await.unwrap_err();

    let mut other = model();
    other.insert("model-00001-of-00002.safetensors".to_owned(), b"weights of another day".to_vec());
    fake.become_of(OTHER_COMMIT, other.clone());
    let before = fake.asked().len();
    let pulled = pull_into(&server, &folder, "main").await.unwrap();
    assert!(fake.asked().split_off(before).iter().all(|ask| ask.range.is_none()), "another content is never continued");
    assert_eq!(pulled.manifest.commit, OTHER_COMMIT);
    assert_eq!(fs::read(folder.join("model-00001-of-00002.safetensors")).unwrap(), b"weights of another day");
    assert_eq!(tree(models.path()).len(), 9, "{:?}", tree(models.path()));
}

#[tokio::test]
async fn a_newer_revision_takes_the_place_and_what_else_lay_there_stays() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    pull_into(&server, &folder, "main").await.unwrap();
    fs::create_dir(folder.join("adapter")).unwrap();
    fs::write(folder.join("adapter/adapter_config.json"), "{}").unwrap();
    let mut other = model();
    other.remove("generation_config.json");
    other.insert("tokenizer_config.json".to_owned(), b"{\"newer\":1}".to_vec());
    fake.become_of(OTHER_COMMIT, other);
    let before = fake.asked().len();
    let pulled = pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(fake.asked().len() - before, 2, "the list and the one file that changed");
    assert_eq!(pulled.manifest.verify(&folder, &Silent).unwrap(), []);
    assert!(folder.join("adapter/adapter_config.json").is_file() && !folder.join("generation_config.json").exists());
    assert_eq!(names(folder.parent().unwrap()), ["Qwen3-tiny"]);

    let mut stranger = model();
    stranger.insert("model.safetensors".to_owned(), b"x".to_vec());
    fake.become_of(COMMIT, stranger);
    fs::write(folder.join("model.safetensors"), "mine").unwrap();
    let refused = pull_into(&server, &folder, "main").await.unwrap_err();
    assert!(matches!(refused, HubError::Occupied { .. }), "{refused}");
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), b"mine");
}

#[tokio::test]
async fn an_exchange_that_ended_with_the_process_is_finished() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    pull_into(&server, &folder, "main").await.unwrap();
    fs::rename(&folder, folder.with_file_name(".Qwen3-tiny.old")).unwrap();
    let before = fake.asked().len();
    pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(fake.asked().len() - before, 1, "nothing is downloaded again");
    assert_eq!(names(folder.parent().unwrap()), ["Qwen3-tiny"]);
}

#[tokio::test]
async fn an_exchange_that_ended_between_the_old_and_the_new_is_finished() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    pull_into(&server, &folder, "main").await.unwrap();
    // As a process leaves it that ends when the two folders have changed their names: the place is never empty.
    let part = folder.with_file_name(".Qwen3-tiny.part");
    fs::create_dir(&part).unwrap();
    for file in names(&folder) {
        fs::copy(folder.join(&file), part.join(&file)).unwrap();
    }
    fs::create_dir(part.join("adapter")).unwrap();
    fs::write(part.join("adapter/adapter_config.json"), "{}").unwrap();
    fs::write(folder.join(".newer"), "").unwrap();
    let before = fake.asked().len();
    let pulled = pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(fake.asked().len() - before, 1, "nothing is downloaded again");
    assert_eq!(pulled.manifest.verify(&folder, &Silent).unwrap(), []);
    assert!(folder.join("adapter/adapter_config.json").is_file() && !folder.join(".newer").exists());
    assert_eq!(names(folder.parent().unwrap()), ["Qwen3-tiny"]);
}

#[tokio::test]
async fn two_pulls_of_one_model_are_never_at_work_at_once() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    // Beside the folder, because the folder itself changes its name under the other's feet.
    let lock = folder.with_file_name(".Qwen3-tiny.lock");
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let busy = pull_into(&server, &folder, "main").await.unwrap_err();
    assert!(matches!(busy, HubError::InUse { .. }), "{busy}");
    assert!(lock.exists(), "the lock is the other's");
    drop(held);
    pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(names(folder.parent().unwrap()), ["Qwen3-tiny"]);
}

#[tokio::test]
async fn a_server_that_gives_a_byte_at_a_time_is_given_up() {
    let fake = FakeHub::of(model());
    let shard = model()["model-00001-of-00002.safetensors"].clone();
    fake.always(move |ask| {
        let is_it = ask.path.ends_with("00001-of-00002.safetensors");
        let from: usize = ask.range.as_deref().map_or(0, |range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
        let range = [(header::CONTENT_RANGE, format!("bytes {from}-{from}/{}", shard.len()))];
        is_it.then(|| (StatusCode::PARTIAL_CONTENT, range, shard[from..=from].to_vec()).into_response())
    });
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let error = pull_into(&server, &place(models.path(), &repository()), "main").await.unwrap_err();
    assert!(matches!(error, HubError::Short { .. }), "{error}");
    let asked = fake.asked().iter().filter(|ask| ask.path.ends_with("00001-of-00002.safetensors")).count();
    assert_eq!(asked, quick().attempts as usize);
}

#[cfg(unix)]
#[tokio::test]
async fn an_unfinished_file_that_is_a_link_is_not_written_through() {
    let heard = Arc::new(Notify::new());
    let fake = FakeHub::of(model());
    let (shard, told) = (model()["model-00001-of-00002.safetensors"].clone(), heard.clone());
    fake.once(move |ask| ask.path.ends_with("00001-of-00002.safetensors").then(|| breaks_off(&shard, 5, told.clone())));
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let hub = hub_of(&server, None, Patience { attempts: 1, ..quick() });
    pull(&hub, &repository(), &Revision::parse("main").unwrap(), &folder, &Heard(heard)).await.unwrap_err();
    let unfinished = folder.with_file_name(".Qwen3-tiny.part");
    let part = names(&unfinished).into_iter().find(|name| name.ends_with(".part")).unwrap();
    let precious = models.path().join("precious");
    fs::write(&precious, "").unwrap();
    fs::remove_file(unfinished.join(&part)).unwrap();
    std::os::unix::fs::symlink(&precious, unfinished.join(&part)).unwrap();
    pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(fs::read(&precious).unwrap(), b"");
}

#[tokio::test]
async fn a_wrong_content_is_kept_nowhere() {
    for (name, wrong, says) in [
        ("model-00002-of-00002.safetensors", b"Weights, part two".as_slice(), "the checksum is wrong"),
        ("chat_template.jinja", b"What is up, doc?", "the checksum is wrong"),
        ("config.json", b"<html>", "ended after 6 of"),
        ("tokenizer.json", b"{} and much more than was announced", "longer than the 2 bytes announced"),
    ] {
        let fake = FakeHub::of(model());
        fake.always(move |ask| ask.path.ends_with(name).then(|| wrong.into_response()));
        let server = fake.serve().await;
        let models = tempfile::tempdir().unwrap();
        let folder = place(models.path(), &repository());
        let error = pull_into(&server, &folder, "main").await.unwrap_err();
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert!(!folder.exists());
        let unfinished = tree(models.path()).iter().filter(|file| file.ends_with(".part")).count();
        assert_eq!(unfinished, usize::from(matches!(error, HubError::Short { .. })), "{name}");
    }
}

#[tokio::test]
async fn the_token_goes_to_the_endpoint_and_nowhere_else() {
    let elsewhere = FakeHub::of(model());
    let cdn = elsewhere.serve().await;
    let fake = FakeHub::of(model());
    let there = cdn.clone();
    fake.always(move |ask| {
        ask.path.ends_with(".safetensors").then(|| Redirect::temporary(&format!("{there}{}", ask.path)).into_response())
    });
    let server = fake.serve().await;
    let token = Token::find(|name| (name == "HF_TOKEN").then(|| " hf_secret\n".to_owned())).unwrap();
    assert_eq!(format!("{token:?}"), "Some(Token(…))");
    let hub = hub_of(&server, token, quick());
    assert!(!format!("{hub:?}").contains("secret"));
    let models = tempfile::tempdir().unwrap();
    let main = Revision::parse("main").unwrap();
    let pulled = pull(&hub, &repository(), &main, &place(models.path(), &repository()), &Silent).await;
    assert_eq!(pulled.unwrap().manifest.files.len(), 8);
    assert!(fake.asked().iter().all(|ask| ask.authorization.as_deref() == Some("Bearer hf_secret")));
    let asked = elsewhere.asked();
    assert!(asked.len() == 2 && asked.iter().all(|ask| ask.authorization.is_none()), "{asked:?}");
}

#[test]
fn tokens_are_found_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "hf_from_file\n").unwrap();
    let path = file.to_str().unwrap().to_owned();
    let by_path = |path: String| Token::find(move |name| (name == "HF_TOKEN_PATH").then(|| path.clone()));
    assert!(by_path(path.clone()).unwrap().is_some());
    assert!(Token::find(|_| None).unwrap().is_none());
    fs::write(&file, "hf_one\nhf_secret two\n").unwrap();
    let told = format!("{:?}", by_path(path).unwrap_err());
    assert!(told.contains("HF_TOKEN_PATH") && !told.contains("hf_secret"), "{told}");
    assert!(by_path(folder.path().join("absent").to_str().unwrap().to_owned()).is_err());
    let endpoint = |text: &str| Endpoint::parse(Some(text)).map(|endpoint| endpoint.to_string());
    assert_eq!(endpoint("https://mirror.example/hf/").unwrap(), "https://mirror.example/hf");
    assert_eq!(Endpoint::parse(None).unwrap().as_str(), "https://huggingface.co");
    for text in
        ["https://me:secret@mirror.example", "http://mirror.example", "ftp://mirror.example", "mirror", "https://a.example/?x=secret"]
    {
        let told = endpoint(text).unwrap_err().to_string();
        assert!(!told.contains("secret") && told.contains("HF_ENDPOINT"), "{told}");
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_and_leave_nothing() {
    let check = async |status: u16, code: &'static str, says: &str| {
        let fake = FakeHub::of(model());
        fake.always(move |_| Some((StatusCode::from_u16(status).unwrap(), [("x-error-code", code)]).into_response()));
        let server = fake.serve().await;
        let models = tempfile::tempdir().unwrap();
        let error = pull_into(&server, &place(models.path(), &repository()), "v9").await.unwrap_err().to_string();
        assert!(error.contains(says), "{status} {code}: {error}");
        assert_eq!(names(models.path()), Vec::<String>::new());
    };
    check(401, "GatedRepo", "ask for access at").await;
    check(403, "", "set HF_TOKEN").await;
    check(404, "RevisionNotFound", "Qwen/Qwen3-tiny has no revision v9; name a branch").await;
    check(404, "RepoNotFound", "has no model Qwen/Qwen3-tiny").await;
    check(404, "", "has no model Qwen/Qwen3-tiny, or none at the revision v9").await;
    check(418, "", "the server answered 418").await;
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says_and_told_when_that_is_long() {
    let fake = FakeHub::of(model());
    for (status, after) in [(429, "0"), (503, "")] {
        fake.once(move |_| Some((StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, after)]).into_response()));
    }
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    pull_into(&server, &folder, "main").await.unwrap();

    fake.always(|_| Some((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "3600")]).into_response()));
    let before = fake.asked().len();
    let busy = pull_into(&server, &folder, "main").await.unwrap_err();
    assert!(busy.to_string().contains("asks to wait 3600 s"), "{busy}");
    assert!(matches!(busy, HubError::Busy { after: Some(after), .. } if after == Duration::from_secs(3600)));
    assert_eq!(fake.asked().len() - before, 1, "a server that asks to wait is left in peace");
}

#[tokio::test]
async fn what_winback_cannot_run_is_refused_before_it_is_downloaded() {
    let check = async |change: &dyn Fn(&mut Files), says: &str| {
        let mut files = model();
        change(&mut files);
        let fake = FakeHub::of(files);
        let server = fake.serve().await;
        let models = tempfile::tempdir().unwrap();
        let error = pull_into(&server, &place(models.path(), &repository()), "main").await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(fake.asked().iter().all(|ask| !ask.path.ends_with(".safetensors")), "no weights were asked for");
        assert_eq!(names(models.path()), Vec::<String>::new());
    };
    let put = |name: &'static str, text: &'static str| move |files: &mut Files| drop(files.insert(name.to_owned(), text.into()));
    check(&|files| files.retain(|name, _| !name.ends_with(".safetensors")), "only as Python pickles (pytorch_model.bin)").await;
    check(
        &|files| files.retain(|name, _| !name.contains(".safetensors") && !name.ends_with(".bin") && !name.ends_with(".pt")),
        "has no file of weights",
    )
    .await;
    check(&|files| drop(files.remove("tokenizer.json")), "has no tokenizer.json").await;
    check(&|files| drop(files.remove("model-00002-of-00002.safetensors")), "has no shard \"model-00002-of-00002.safetensors\"").await;
    check(&put("config.json", r#"{"model_type":"qwen3_moe"}"#), "a model of the architecture \"qwen3_moe\"").await;
    check(&put("config.json", r#"{"model_type":"qwen3","quantization_config":{"bits":4}}"#), "quantised weights").await;
    check(&put("../model.safetensors", "x"), "is not a plain one").await;
    check(&put("a\\b.safetensors", "x"), "is not a plain one").await;
    check(&put("/etc/model.safetensors", "x"), "is not a plain one").await;
    check(&put(".model.safetensors", "x"), "is not a plain one").await;
}

#[tokio::test]
async fn a_disk_that_is_too_small_is_told_with_numbers() {
    let fake = FakeHub::of(model());
    fake.announce("model-00002-of-00002.safetensors", 1 << 60);
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let error = pull_into(&server, &place(models.path(), &repository()), "main").await.unwrap_err();
    assert!(matches!(error, HubError::Space { needed_bytes, free_bytes, .. } if needed_bytes > 1 << 60 && free_bytes > 0), "{error}");
    assert_eq!(names(models.path()), Vec::<String>::new());
    fake.announce("model-00001-of-00002.safetensors", u64::MAX);
    let error = pull_into(&server, &place(models.path(), &repository()), "main").await.unwrap_err();
    assert!(matches!(error, HubError::Listing { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_left_alone() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = models.path().join("mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("letter.txt"), "dear").unwrap();
    let refused = pull_into(&server, &folder, "main").await.unwrap_err().to_string();
    assert!(refused.contains("holds files that were not pulled"), "{refused}");
    assert_eq!(tree(models.path()), ["letter.txt"]);
    let empty = models.path().join("empty");
    fs::create_dir(&empty).unwrap();
    pull_into(&server, &empty, "main").await.unwrap();
    let other = hub(&server);
    let name = Repository::parse("Qwen/Another").unwrap();
    let main = Revision::parse("main").unwrap();
    let refused = pull(&other, &name, &main, &empty, &Silent).await.unwrap_err();
    assert!(refused.to_string().contains("holds the model Qwen/Qwen3-tiny"), "{refused}");
}

#[tokio::test]
async fn what_changed_since_is_named_and_pulled_again() {
    let fake = FakeHub::of(model());
    let server = fake.serve().await;
    let models = tempfile::tempdir().unwrap();
    let folder = place(models.path(), &repository());
    let manifest = pull_into(&server, &folder, "main").await.unwrap().manifest;
    fs::write(folder.join("chat_template.jinja"), b"WHAT is up, doc?").unwrap();
    fs::write(folder.join("config.json"), b"{}").unwrap();
    fs::remove_file(folder.join("model-00001-of-00002.safetensors")).unwrap();
    fs::write(folder.join("model.safetensors"), b"slipped in").unwrap();
    let told = manifest.verify(&folder, &Silent).unwrap();
    let kinds: Vec<_> = told.iter().map(|difference| (difference.file(), std::mem::discriminant(difference))).collect();
    assert_eq!(
        kinds.iter().map(|(file, _)| *file).collect::<Vec<_>>(),
        ["config.json", "model-00001-of-00002.safetensors", "chat_template.jinja", "model.safetensors"]
    );
    assert!(matches!(told[0], Difference::Length { found: 2, .. }) && matches!(told[1], Difference::Absent { .. }));
    assert!(matches!(told[2], Difference::Content { .. }) && matches!(told[3], Difference::Added { .. }));
    let found = shelf(models.path()).unwrap();
    assert!(matches!(&found[0].state, State::Pulled(_, amiss) if amiss.len() == 2), "a glance sees names and lengths");
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    let before = fake.asked().len();
    pull_into(&server, &folder, "main").await.unwrap();
    assert_eq!(fake.asked().len() - before, 4, "the list and three files");
    assert_eq!(manifest.verify(&folder, &Silent).unwrap(), []);

    let sheet = fs::read_to_string(folder.join(MANIFEST)).unwrap();
    fs::write(folder.join(MANIFEST), sheet.replace("\"config.json\"", "\"../config.json\"")).unwrap();
    assert!(Manifest::read(&folder).unwrap_err().to_string().contains("../config.json"));
    assert!(matches!(shelf(models.path()).unwrap()[0].state, State::Unreadable(_)));
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for text in
        ["Qwen", "", "/", "Qwen/", "/Qwen3", "a/b/c", "../Qwen3", "Qwen/..", "Qwen/.hidden", "Qwen/a..b", "-x/y", "Qwen/Qwen 3", "Qwen/名"]
    {
        assert!(Repository::parse(text).is_err(), "{text}");
    }
    assert!(Repository::parse("Qwen/").unwrap_err().to_string().contains("such as Qwen/Qwen3-0.6B"));
    assert_eq!(Repository::parse("Qwen/Qwen3-0.6B").unwrap().to_string(), "Qwen/Qwen3-0.6B");
    for text in ["", "../main", "/main", "main/", "a//b", "a..b", "-x", "ma in", "main?x=1", "main#x", "a%2e"] {
        assert!(Revision::parse(text).is_err(), "{text}");
    }
    for text in ["main", "refs/pr/3", "v1.0", COMMIT] {
        assert_eq!(Revision::parse(text).unwrap().as_str(), text);
    }
}
