//! A model writes the mails: what becomes of every reply it can give, and of a model that fails.
use crate::sample::{self, DAY, House, JULIA, Who};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{iter, once};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use winback_core::agents::communication::mail_form;
use winback_core::author::{Author, AuthorError, Effort, Habits, Letter, WhenItFails, Words};
use winback_core::brief::Sources;
use winback_core::campaign::CampaignPlan;
use winback_core::customer::Customer;
use winback_core::fakes::MemoryStore;
use winback_core::fakes::samples::{self, origin, time};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Locale;
use winback_core::message::{Brief, Channel, Content, MessageRecord, WriterVersion};
use winback_core::pipeline::plan::PlanReport;
use winback_core::pipeline::write::{Scribe, Selection, WriteError, WriteReport, write};
use winback_core::progress::Silent;
use winback_core::prompt::prompt;
use winback_core::run::{Run, Stage, StageReport};
use winback_core::segment::SegmentId;
use winback_core::store::{CampaignStore, CustomerPage, CustomerStore, MessageStore, RunStore};
use winback_core::template::Templates;
use winback_core::text_service::{
    AcceptedText, EmbeddingRequest, Embeddings, RefusedText, ServedModel, TextEnded, TextEvent, TextInput, TextLoad, TextRequest,
    TextService,
};

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap_or_else(|errors| panic!("{errors:#?}")));
static HOUSE: LazyLock<House> = LazyLock::new(House::new);

/// What the scripted model does with a request.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    /// It writes a mail that passes its review.
    Good,
    /// The same, with something replaced.
    Spoilt(&'static str, &'static str),
    /// It writes until there is no room.
    Endless,
    /// It fails in the middle.
    Fails(Option<&'static str>),
    /// Its text breaks off.
    BreaksOff,
    /// It does not take the request.
    Refuses(RefusedText),
}

/// Decides by the prompt, and by how often it came before.
type Play = Box<dyn Fn(&TextRequest, usize) -> Act + Send + Sync>;

/// A model that does what a test says.
struct Scripted {
    models: Vec<ServedModel>,
    /// The mail that answers a prompt.
    mails: BTreeMap<String, String>,
    play: Play,
    asked: Mutex<Vec<TextRequest>>,
    under_way: Arc<AtomicUsize>,
    most_under_way: AtomicUsize,
    works: AtomicBool,
}

fn user(request: &TextRequest) -> &str {
    let TextInput::Chat { turns, thinking: Some(false) } = &request.input else { panic!("{request:?}") };
    &turns[1].text
}

impl Scripted {
    fn new(briefs: &[Brief], play: impl Fn(&TextRequest, usize) -> Act + Send + Sync + 'static) -> Arc<Self> {
        let served = |name: &str| ServedModel { name: name.into(), version: format!("version of {name}") };
        let mail = |brief: &Brief| {
            let asked = prompt(&TEMPLATES, brief, &HOUSE.schema, Channel::Email).user;
            (asked, mail_form(&TEMPLATES, brief).unwrap().to_text(brief.locale))
        };
        Arc::new(Self {
            models: vec![served("tiny"), served("tiny/Dormant/v2")],
            mails: briefs.iter().map(mail).collect(),
            play: Box::new(play),
            asked: Mutex::default(),
            under_way: Arc::default(),
            most_under_way: AtomicUsize::new(0),
            works: AtomicBool::new(true),
        })
    }

    fn asked(&self) -> Vec<TextRequest> {
        self.asked.lock().unwrap().clone()
    }

    fn author(self: &Arc<Self>, habits: Habits) -> Author {
        let dormant = SegmentId::parse("Dormant").unwrap();
        Author::new(self.clone(), "tiny", [(dormant, "tiny/Dormant/v2".to_owned())], habits).unwrap()
    }
}

#[async_trait]
impl TextService for Scripted {
    fn models(&self) -> &[ServedModel] {
        &self.models
    }

    async fn submit(&self, request: TextRequest) -> Result<AcceptedText, RefusedText> {
        let act = {
            let mut asked = self.asked.lock().unwrap();
            let before = asked.iter().filter(|other| other.input == request.input).count();
            let act = (self.play)(&request, before);
            asked.push(request.clone());
            act
        };
        let mail = &self.mails[user(&request)];
        let text = match &act {
            Act::Refuses(why) => return Err(why.clone()),
            Act::Spoilt(from, to) => {
                assert!(mail.contains(from), "{mail}");
                mail.replacen(from, to, 1)
            }
            _ => mail.clone(),
        };
        let done = |why| TextEvent::Done { why, tokens: 50, cached: 30 };
        let last = match act {
            Act::Endless => Some(done(TextEnded::Length)),
            Act::Fails(why) => Some(TextEvent::Failed { why: why.map(str::to_owned) }),
            Act::BreaksOff => None,
            _ => Some(done(TextEnded::Stop)),
        };
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(now, Ordering::Relaxed);
        let under_way = self.under_way.clone();
        // Others come to ask before the first event is there.
        let first = once(async move {
            tokio::task::yield_now().await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            TextEvent::Text(text)
        });
        Ok(AcceptedText { prompt_tokens: 100, events: first.chain(iter(last)).boxed() })
    }

    fn works(&self) -> bool {
        self.works.load(Ordering::Relaxed)
    }

    async fn embed(&self, _request: EmbeddingRequest) -> Result<Embeddings, RefusedText> {
        Err(RefusedText::Wrong("it only writes".into()))
    }

    fn load(&self) -> TextLoad {
        TextLoad::default()
    }
}

const HABITS: Habits =
    Habits { at_once: 4, when_it_fails: WhenItFails::Stop, warmer: None, pause: |_| Box::pin(async { tokio::task::yield_now().await }) };

fn words() -> Words<'static> {
    Words { templates: &TEMPLATES, schema: &HOUSE.schema }
}

/// Returns the brief of Julia, who is dormant.
fn julia(locale: Locale) -> Brief {
    Brief { segment: Some(SegmentId::parse("Dormant").unwrap()), ..HOUSE.brief(JULIA, locale, 3) }
}

/// Returns what becomes of Julia's mail, by what the model does the first and every other time.
async fn letter(acts: [Act; 2], habits: Habits) -> Result<Letter, AuthorError> {
    let briefs = [julia(Locale::En)];
    let service = Scripted::new(&briefs, move |_, before| acts[before.min(1)].clone());
    let mut letters = service.author(habits).letters(words(), &[&briefs[0]]).await?;
    Ok(letters.remove(0))
}

fn record(letter: &Letter) -> &MessageRecord {
    letter.outcome.as_ref().unwrap().record()
}

/// Returns the checks that the refused mails failed, mail by mail.
fn refusals(record: &MessageRecord) -> Vec<Vec<&str>> {
    record.refused.iter().map(|mail| mail.findings.iter().map(|finding| finding.check.as_str()).collect()).collect()
}

const NAME: &str = "{{first_name}}";
const DROPPED: Act = Act::Spoilt(NAME, "friend");

#[tokio::test]
async fn a_mail_that_passes_is_the_models_and_says_with_which_adapter() {
    let letter = letter([Act::Good, Act::Good], HABITS).await.unwrap();
    let record = record(&letter);
    assert_eq!((record.writer.name.as_str(), record.refused.len(), record.stepped_in_for()), ("tiny/Dormant/v2", 0, None));
    let Content::Email(mail) = &record.content else { panic!("{record:?}") };
    assert!(mail.text.contains("Julia") && !mail.text.contains(NAME), "{}", mail.text);
    assert_eq!(letter.effort, Effort { mails: 1, tries: 1, prompt_tokens: 100, cached_tokens: 30, written_tokens: 50 });
    // Whoever is in no segment with an adapter is written to by the base.
    let briefs = [HOUSE.brief(JULIA, Locale::En, 3)];
    let service = Scripted::new(&briefs, |_, _| Act::Good);
    let letters = service.author(HABITS).letters(words(), &[&briefs[0]]).await.unwrap();
    let base = self::record(&letters[0]);
    assert_eq!(base.writer.name, "tiny");
    assert_ne!(base.writer.words, record.writer.words, "another adapter, another version");
    // The versions of the model and of the prompt are kept apart.
    let asked = prompt(words().templates, &briefs[0], words().schema, Channel::Email);
    let of = |writer: &WriterVersion| writer.model.clone().unwrap();
    assert_ne!(of(&base.writer).version, of(&record.writer).version);
    assert_eq!((of(&base.writer).prompt, of(&base.writer).prompt_words), (asked.digest, asked.words));
}

#[tokio::test]
async fn a_mail_that_is_refused_is_asked_for_once_more_and_then_the_built_in_writer_steps_in() {
    let once = letter([DROPPED, Act::Good], HABITS).await.unwrap();
    assert_eq!((record(&once).writer.name.as_str(), once.effort.tries, once.effort.written_tokens), ("tiny/Dormant/v2", 2, 100));
    assert_eq!((refusals(record(&once)), record(&once).stepped_in_for()), (vec![vec!["slots-kept", "words-accounted"]], None));
    let twice = letter([DROPPED, DROPPED], HABITS).await.unwrap();
    assert_eq!((record(&twice).writer.name.as_str(), twice.effort.tries), ("built-in", 2));
    let last = record(&twice).stepped_in_for().unwrap();
    assert_eq!((last.writer.name.as_str(), record(&twice).refused.len()), ("tiny/Dormant/v2", 2));
    let Content::Email(mail) = &record(&twice).content else { panic!("{twice:?}") };
    assert!(mail.text.contains("Julia"), "{}", mail.text);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_reply_is_told_by_name() {
    let check = async |act: Act, checks: &[&str], tries: u64| {
        let letter = letter([act.clone(), act.clone()], HABITS).await.unwrap();
        let told = refusals(record(&letter));
        assert_eq!((told.len() as u64, letter.effort.tries), (tries, tries), "{act:?}");
        assert!(told.iter().all(|of_mail| checks.iter().all(|check| of_mail.contains(check))), "{act:?} {told:?}");
        assert_eq!(record(&letter).writer.name, "built-in", "{act:?}");
    };
    check(Act::Spoilt(NAME, ""), &["slots-kept"], 2).await;
    check(Act::Spoilt(NAME, "{{first_name}}{{first_name}}"), &["slots-kept"], 2).await;
    check(Act::Spoilt(NAME, "{{last_name}}"), &["facts-known"], 2).await;
    check(Act::Spoilt("Subject: ", "Hello! "), &["mail-form"], 2).await;
    check(Act::Endless, &["unfinished"], 2).await;
    // Another seed makes no prompt shorter.
    check(Act::Refuses(RefusedText::TooLong("5000 tokens".into())), &["prompt-too-long"], 1).await;
}

#[tokio::test]
async fn a_model_that_fails_is_an_error_or_where_it_is_wanted_a_told_step_of_the_built_in_writer() {
    let check = async |act: Act, told: &str| {
        let error = letter([act.clone(), Act::Good], HABITS).await.map(drop).unwrap_err();
        let chain = std::error::Error::source(&error).map_or(error.to_string(), |cause| format!("{error}: {cause}"));
        assert_eq!(chain, told, "{act:?}");
        let stepped_in = letter([act, Act::Good], Habits { when_it_fails: WhenItFails::BuiltIn, ..HABITS }).await.unwrap();
        let record = record(&stepped_in);
        assert_eq!((refusals(record), stepped_in.effort.tries), (vec![vec!["model-failed"]], 1));
        assert_eq!((record.writer.name.as_str(), &*record.refused[0].findings[0].detail), ("built-in", told));
    };
    let of_julia = "tiny/Dormant/v2 failed while it wrote to customer 7590-VHVEG";
    check(Act::Fails(Some("a number is none")), &format!("{of_julia}: a number is none")).await;
    check(Act::Fails(None), &format!("{of_julia}: it gives no numbers any more")).await;
    check(Act::BreaksOff, &format!("{of_julia}: its text broke off")).await;
    let stopped = "tiny/Dormant/v2 does not write: the model has stopped; the server must be started again";
    check(Act::Refuses(RefusedText::Stopped), stopped).await;
    check(Act::Refuses(RefusedText::Wrong("no template".into())), "tiny/Dormant/v2 does not write: no template").await;
    check(Act::Refuses(RefusedText::Failed("no memory".into())), "tiny/Dormant/v2 does not write: no memory").await;
}

#[test]
fn a_name_that_no_model_has_is_refused_before_anything_is_asked() {
    let service = Scripted::new(&[], |_, _| Act::Good);
    let none = Author::new(service.clone(), "tiny", [(SegmentId::parse("A").unwrap(), "tyni".to_owned())], HABITS);
    let Err(AuthorError::Refused { model, why }) = none.map(drop) else { panic!("it is taken") };
    assert_eq!(model, "tyni");
    assert_eq!(why.to_string(), "no model is named \"tyni\"; this server has tiny, tiny/Dormant/v2");
    assert!(Author::new(service, "other", [], HABITS).is_err());
}

static PAUSED_S: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn a_busy_model_is_waited_for_and_one_that_has_stopped_is_not() {
    let briefs = [julia(Locale::En)];
    let pause = |seconds: u64| -> futures_util::future::BoxFuture<'static, ()> {
        PAUSED_S.fetch_add(seconds, Ordering::Relaxed);
        Box::pin(async {})
    };
    let busy = |before| if before < 5 { Act::Refuses(RefusedText::Busy { retry_after_s: 2 }) } else { Act::Good };
    let service = Scripted::new(&briefs, move |_, before| busy(before));
    let author = service.author(Habits { pause, ..HABITS });
    let letters = author.letters(words(), &[&briefs[0]]).await.unwrap();
    assert_eq!((record(&letters[0]).writer.name.as_str(), letters[0].effort.tries), ("tiny/Dormant/v2", 1), "to wait is no try");
    assert_eq!(PAUSED_S.load(Ordering::Relaxed), 10);
    let service = Scripted::new(&briefs, |_, _| Act::Refuses(RefusedText::Busy { retry_after_s: 2 }));
    service.works.store(false, Ordering::Relaxed);
    let error = service.author(HABITS).letters(words(), &[&briefs[0]]).await.map(drop).unwrap_err();
    assert!(matches!(error, AuthorError::Refused { why: RefusedText::Stopped, .. }), "{error}");
}

/// Returns briefs of so many customers in every language, every second one dormant.
fn many(customers: usize) -> Vec<Brief> {
    let ids: Vec<String> = (0..customers).map(|at| format!("c{at}")).collect();
    let brief = |(at, id): (usize, &String)| {
        let segment = (at % 2 == 0).then(|| SegmentId::parse("Dormant").unwrap());
        let who = Who { id, charge: Some(5_000 + at as i64), ..JULIA };
        Locale::ALL.map(|locale| Brief { segment: segment.clone(), ..HOUSE.brief(who, locale, 3) })
    };
    ids.iter().enumerate().flat_map(brief).collect()
}

#[tokio::test]
async fn mails_are_asked_for_together_what_begins_alike_behind_each_other_and_never_too_many() {
    let briefs = many(20);
    let service = Scripted::new(&briefs, |_, _| Act::Good);
    let letters = service.author(HABITS).letters(words(), &briefs.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(service.most_under_way.load(Ordering::Relaxed), 4);
    let who = |brief: &Brief| (brief.customer.clone(), brief.locale);
    let written: Vec<_> = letters.iter().map(|letter| (record(letter).customer.clone(), record(letter).locale)).collect();
    assert_eq!(written, briefs.iter().map(who).collect::<Vec<_>>(), "in the order they were asked for");
    let asked = service.asked();
    assert_eq!(asked.len(), 60);
    let begins = |one: &TextRequest| (one.model.clone(), system(one).to_owned());
    let changes = asked.windows(2).filter(|pair| begins(&pair[0]) != begins(&pair[1])).count();
    assert_eq!((changes, asked.iter().map(begins).collect::<BTreeSet<_>>().len()), (5, 6), "two models in three languages");
}

#[tokio::test]
async fn whoever_else_is_written_to_changes_nothing() {
    let briefs = many(10);
    let all: Vec<&Brief> = briefs.iter().collect();
    let by_seed = |request: &TextRequest, _| if request.settings.seed.is_multiple_of(2) { DROPPED } else { Act::Good };
    let letters = Scripted::new(&briefs, by_seed).author(HABITS).letters(words(), &all).await.unwrap();
    let mut refused = BTreeSet::new();
    for (brief, letter) in all.iter().zip(&letters) {
        let alone = Scripted::new(&briefs, by_seed).author(HABITS).letters(words(), &[brief]).await.unwrap();
        assert_eq!((record(&alone[0]), alone[0].effort), (record(letter), letter.effort));
        refused.insert(record(letter).refused.len());
    }
    assert_eq!(refused, BTreeSet::from([0, 1, 2]));
}

fn system(request: &TextRequest) -> &str {
    let TextInput::Chat { turns, .. } = &request.input else { panic!("{request:?}") };
    &turns[0].text
}

#[tokio::test]
async fn the_second_request_is_the_first_with_another_seed_and_where_needed_warmer() {
    for warmer in [None, Some(0.7)] {
        let briefs = [julia(Locale::ZhTw)];
        let service = Scripted::new(&briefs, |_, _| DROPPED);
        service.author(Habits { warmer, ..HABITS }).letters(words(), &[&briefs[0]]).await.unwrap();
        let [first, second] = service.asked().try_into().unwrap();
        assert_ne!(first.settings.seed, second.settings.seed);
        assert_eq!((first.settings.temperature, second.settings.temperature), (None, warmer));
        assert_eq!((first.model, first.input, first.form), (second.model, second.input, second.form));
    }
}

/// A planned run of so many customers.
async fn planned(store: &MemoryStore, customers: usize) -> Run {
    let ids: Vec<String> = (0..customers).map(|place| format!("c{place:03}")).collect();
    let place = |at: usize| Position(u32::try_from(at).unwrap());
    let who = |(at, id): (usize, &String)| Customer {
        id: CustomerId::parse(id).unwrap(),
        position: place(at),
        ..sample::customer(Who { charge: Some(5_000 + at as i64), ..JULIA })
    };
    let plan = |at: usize| CampaignPlan { position: place(at), ..sample::plan(JULIA) };
    let run = store.begin(&origin("script.csv"), time()).await.unwrap().id;
    let page = CustomerPage { customers: ids.iter().enumerate().map(who).collect(), ..CustomerPage::default() };
    store.save_customers(run, &HOUSE.schema, &page).await.unwrap();
    store.save_plans(run, &(0..customers).map(plan).collect::<Vec<_>>()).await.unwrap();
    let report = serde_json::to_value(PlanReport { planned: customers as u64, ..PlanReport::default() }).unwrap();
    store.finish_stage(run, &StageReport { report, ..samples::report(Stage::Plan) }).await.unwrap();
    store.run(run).await.unwrap().unwrap()
}

fn sources() -> Sources<'static> {
    Sources { schema: &HOUSE.schema, catalogue: &HOUSE.catalogue, company: &HOUSE.company, goal: None, day: DAY, segments: None }
}

/// The briefs that a run of so many customers is written from.
fn briefs_of(customers: usize) -> Vec<Brief> {
    let brief = |at: usize| {
        let id = format!("c{at:03}");
        let who = sample::customer(Who { charge: Some(5_000 + at as i64), ..JULIA });
        let who = Customer { id: CustomerId::parse(&id).unwrap(), position: Position(u32::try_from(at).unwrap()), ..who };
        Locale::ALL.map(|locale| winback_core::brief::brief(&sources(), &who, &sample::plan(JULIA), locale, 1).unwrap())
    };
    (0..customers).flat_map(brief).collect()
}

async fn write_all(run: &Run, store: &MemoryStore, author: &Author, selection: Selection) -> Result<WriteReport, WriteError> {
    let scribe = Scribe { sources: sources(), templates: &TEMPLATES, locales: &Locale::ALL, seed: 1, author: Some(author) };
    write(run, &scribe, selection, store, &Silent).await
}

#[tokio::test]
async fn of_a_run_every_mail_is_counted_by_its_writer_and_every_step_in_by_its_reason() {
    let (store, briefs) = (MemoryStore::new(), briefs_of(30));
    let run = planned(&store, 30).await;
    let play = |request: &TextRequest, _| match request.settings.seed % 5 {
        0..=1 => DROPPED,
        2 => Act::Endless,
        _ => Act::Good,
    };
    let service = Scripted::new(&briefs, play);
    let report = write_all(&run, &store, &service.author(HABITS), Selection::All).await.unwrap();
    assert_eq!((report.ready, report.held, report.messages), (30, 0, 270), "{report:?}");
    let built_in = report.writers["built-in"];
    assert_eq!(report.writers.keys().collect::<Vec<_>>(), ["built-in", "tiny"]);
    assert_eq!(report.writers.values().sum::<u64>(), 90);
    assert_eq!(report.stepped_in.values().sum::<u64>(), built_in);
    assert_eq!(report.stepped_in.keys().collect::<Vec<_>>(), ["slots-kept", "unfinished"]);
    let effort = report.effort.unwrap();
    let asked = service.asked().len() as u64;
    assert_eq!((effort.mails, effort.tries, effort.prompt_tokens), (90, asked, asked * 100));
    let mut of_model = 0;
    for position in (0..30).map(Position) {
        for writing in store.writings(run.id, position).await.unwrap() {
            let channels: Vec<Channel> = writing.messages.iter().map(|message| message.record().content.channel()).collect();
            assert_eq!(channels, Channel::ALL);
            let by: Vec<&str> = writing.messages.iter().map(|message| message.record().writer.name.as_str()).collect();
            assert_eq!(by[1..], ["built-in", "built-in"], "short messages and calls are the built-in writer's");
            of_model += u64::from(by[0] == "tiny");
        }
    }
    assert_eq!(of_model, report.writers["tiny"]);
    // What is stored counts the same, and nothing is asked for again.
    let again = write_all(&run, &store, &service.author(HABITS), Selection::All).await.unwrap();
    assert_eq!(again, WriteReport { effort: Some(Effort::default()), ..report.clone() });
    assert_eq!(service.asked().len() as u64, asked);
    // One customer written anew takes the place of what was counted before.
    let before = store.writings(run.id, Position(3)).await.unwrap();
    let mut counted = again.clone();
    counted.exchange(&before, &[], &TEMPLATES);
    assert_eq!(counted.writers.values().sum::<u64>(), 87);
    counted.exchange(&[], &before, &TEMPLATES);
    assert_eq!(counted, again);
}

#[tokio::test]
async fn a_model_that_fails_in_the_middle_loses_no_page_that_was_stored() {
    let (store, briefs) = (MemoryStore::new(), briefs_of(70));
    let run = planned(&store, 70).await;
    let asked = AtomicUsize::new(0);
    let play = move |_: &TextRequest, _| if asked.fetch_add(1, Ordering::Relaxed) < 200 { Act::Good } else { Act::Fails(None) };
    let service = Scripted::new(&briefs, play);
    let error = write_all(&run, &store, &service.author(HABITS), Selection::All).await.unwrap_err();
    assert!(matches!(error, WriteError::Author(AuthorError::Failed { .. })), "{error}");
    let all: Vec<Position> = (0..70).map(Position).collect();
    let stored = store.written(run.id, &all, &Locale::ALL).await.unwrap().len();
    assert_eq!(stored, 64, "the first page is stored");
    let service = Scripted::new(&briefs, |_, _| Act::Good);
    let report = write_all(&run, &store, &service.author(HABITS), Selection::All).await.unwrap();
    assert_eq!((report.ready, service.asked().len()), (70, 6 * 3), "the next start goes on");
}

#[tokio::test]
async fn where_the_built_in_writer_is_held_too_everything_is_told() {
    let mut brief = julia(Locale::En);
    for fact in brief.facts.iter_mut().filter(|fact| fact.id == "company.team") {
        fact.text.push('\u{7}');
    }
    let service = Scripted::new(std::slice::from_ref(&brief), |_, _| DROPPED);
    let letters = service.author(HABITS).letters(words(), &[&brief]).await.unwrap();
    let findings = letters[0].outcome.as_ref().map(drop).unwrap_err();
    let refused = findings.iter().filter(|finding| finding.check == "slots-kept").count();
    assert!(refused >= 2 && findings.len() > refused, "{findings:#?}");
}

#[test]
fn a_message_of_before_models_wrote_reads_as_it_did() {
    let writing = samples::writing(1, Locale::En, true);
    let mut stored = serde_json::to_value(writing.messages[0].record()).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("refused").is_some());
    let record: MessageRecord = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!((record.refused.len(), record.stepped_in_for()), (0, None));
    assert_eq!(serde_json::to_value(&record).unwrap(), stored, "and is written as it was");
}
