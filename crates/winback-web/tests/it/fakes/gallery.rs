//! Adapters in memory: a segment with three versions, of which one is damaged, one that has a copy of the shared adapter,
//! and the shared adapter; evaluations with mails in three languages.
use super::at;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use winback_core::digest::Digest;
use winback_core::example::MailSource;
use winback_core::gallery::*;
use winback_core::locale::Locale;
use winback_core::segment::SegmentId;

/// Adapters in memory. What is changed in `cards`, `evaluations` and `votes` is what the pages show next.
#[derive(Default)]
pub struct FakeGallery {
    pub cards: Mutex<Vec<AdapterCard>>,
    /// The evaluations by segment and version; `None` where the file cannot be read.
    pub evaluations: Mutex<BTreeMap<(String, String), Option<Evaluation>>>,
    pub votes: Mutex<Votes>,
    pub strays: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl AdapterGallery for FakeGallery {
    async fn cards(&self) -> Result<Vec<AdapterCard>, GalleryError> {
        Ok(self.cards.lock().unwrap().clone())
    }

    async fn strays(&self) -> Result<Vec<String>, GalleryError> {
        Ok(self.strays.lock().unwrap().clone())
    }

    async fn evaluation(&self, segment: &SegmentId, version: &str) -> Result<Option<Evaluation>, GalleryError> {
        match self.evaluations.lock().unwrap().get(&(segment.to_string(), version.to_owned())) {
            Some(Some(found)) => Ok(Some(found.clone())),
            Some(None) => Err(GalleryError::Damaged("evaluations/v2.json is no evaluation: expected `,` at line 12".into())),
            None => Ok(None),
        }
    }

    async fn vote(&self, vote: Vote) -> Result<(), GalleryError> {
        let unknown = || GalleryError::Unknown("not evaluated".into());
        let found = self.evaluation(&vote.segment, &vote.version).await?.ok_or_else(unknown)?;
        match vote.fault(&found) {
            Some(fault) => Err(GalleryError::Unknown(fault)),
            None => {
                self.votes.lock().unwrap().votes.push(vote);
                Ok(())
            }
        }
    }

    async fn votes(&self) -> Result<Votes, GalleryError> {
        Ok(self.votes.lock().unwrap().clone())
    }
}

pub fn segment(name: &str) -> SegmentId {
    SegmentId::parse(name).unwrap()
}

fn facts(learned_from: usize, [before, after]: [f64; 2], is_evaluated: bool) -> AdapterFacts {
    let losses =
        (1..=60).map(|step| (step, after + (before - after) * (-f64::from(step) / 14.0).exp() + 0.06 * (f64::from(step) * 1.7).sin()));
    let trials = [0, 15, 30, 45, 60].map(|step| (step, after + (before - after) * (-f64::from(step) / 16.0).exp()));
    AdapterFacts {
        base: "Qwen/Qwen3-0.6B".into(),
        base_sha256: Digest::of(b"base"),
        is_shared: false,
        rank: 16,
        learned_from,
        kept_back: learned_from / 9,
        loss_before: before,
        loss_after: after,
        losses: losses.collect(),
        trials: trials.to_vec(),
        date: Some("2026-11-21".into()),
        is_evaluated,
    }
}

fn figure(value: f64, half: f64) -> Figure {
    Figure { value, low: value - half, high: value + half }
}

fn marks(writer: MailWriter, [perplexity, chrf, bleu, slots, claims, words]: [f64; 6]) -> WriterMarks {
    let share = |share: f64| Figure { value: share, low: (share - 0.07).max(0.0), high: (share + 0.05).min(1.0) };
    let all = [
        (Measure::Perplexity, figure(perplexity, perplexity / 12.0)),
        (Measure::Chrf, figure(chrf, 2.3)),
        (Measure::Bleu, figure(bleu, 1.8)),
        (Measure::SlotPass, share(slots)),
        (Measure::ReviewPass, share(claims)),
        (Measure::Words, figure(words, 4.0)),
    ];
    let figures = all.into_iter().filter(|(_, figure)| !figure.value.is_nan()).collect();
    WriterMarks { writer, figures, distinct_1: 0.31, distinct_2: 0.64, cut_off: usize::from(writer == MailWriter::Base) * 3 }
}

fn apart(with: MailWriter, differences: &[(Measure, f64, f64)]) -> Comparison {
    Comparison { with, differences: differences.iter().map(|(measure, value, half)| (*measure, figure(*value, *half))).collect() }
}

/// Returns a mail in which nothing is wrong: as it was written, and as it reads.
fn mail(writer: MailWriter, text: &str, facts: &[(&str, &str)]) -> WrittenMail {
    let reads = facts.iter().fold(text.to_owned(), |text, (marker, fact)| text.replace(marker, fact));
    WrittenMail {
        writer,
        text: text.into(),
        reads: Some(reads),
        perplexity: (writer != MailWriter::Reference).then_some(if writer == MailWriter::Base { 41.3 } else { 3.42 }),
        slot_pass: Some(true),
        review_pass: Some(true),
        findings: Vec::new(),
        is_cut_off: false,
    }
}

fn case(customer: &str, locale: Option<Locale>, texts: [&str; 4]) -> EvaluatedCase {
    let facts = [
        (
            "{{offer.name}}",
            match locale {
                Some(Locale::ZhTw) => "年約 85 折",
                Some(Locale::ZhCn) => "年付 85 折",
                _ => "15% off on a yearly contract",
            },
        ),
        ("{{offer.valid_until}}", if locale == Some(Locale::En) { "31 December" } else { "12 月 31 日" }),
    ];
    let mut mails: Vec<WrittenMail> = MailWriter::ALL.iter().zip(texts).map(|(writer, text)| mail(*writer, text, &facts)).collect();
    let base = &mut mails[0];
    (base.reads, base.slot_pass, base.review_pass, base.is_cut_off) = (None, Some(false), Some(false), true);
    base.findings = vec![
        "text: slots-kept: the slot {{first_name}} is missing; it stands once, in the greeting".into(),
        "text: claims-bound: \"50% off\" rests on no fact; write what a fact says, or take it out".into(),
        "cut-off: it came to no end".into(),
    ];
    EvaluatedCase {
        customer: customer.into(),
        locale,
        prompt_sha256: Digest::of(customer.as_bytes()),
        source: Some(MailSource::BuiltIn),
        mails,
    }
}

fn cases() -> Vec<EvaluatedCase> {
    let english = [
        "Here is your email:\n\nDear valued customer, we are thrilled to offer you 50% off everything. <script>alert(1)</script>",
        "Subject: An offer for you\n\nDear {{first_name}},\n\nwe would like to offer you {{offer.name}} until {{offer.valid_until}}.",
        "Subject: A lighter bill for the year ahead\nPreview: Your plan stays as it is\n\nDear {{first_name}},\n\nyour plan can stay exactly as it is and cost less: {{offer.name}}. The offer stands until {{offer.valid_until}}.\n\nIf you would rather talk it over, call us; we are glad to help.",
        "Subject: Your plan, made lighter\nPreview: One call is enough\n\nDear {{first_name}},\n\nwe would like to offer you {{offer.name}}. It is yours until {{offer.valid_until}}.\n\nOne call is enough, and we take care of the rest.",
    ];
    let taiwan = [
        "好的，以下是郵件內容：\n\n親愛的顧客您好，我們提供全館五折優惠！",
        "主旨：給您的方案\n\n{{first_name}}您好：\n\n我們為您準備了{{offer.name}}，{{offer.valid_until}}前有效。",
        "主旨：接下來一年，帳單可以輕一點\n預覽：方案內容不變\n\n{{first_name}}您好：\n\n您現在的方案可以照舊，費用更省：{{offer.name}}，{{offer.valid_until}}前都能申請。\n\n想先聊聊，歡迎來電，我們很樂意說明。",
        "主旨：讓您的方案輕鬆一點\n預覽：一通電話就能辦好\n\n{{first_name}}您好：\n\n我們想提供您{{offer.name}}，{{offer.valid_until}}前有效。\n\n一通電話就好，其餘交給我們。",
    ];
    let mainland = [
        "当然可以！邮件如下：\n\n尊敬的客户，全场五折！",
        "主题：给您的方案\n\n{{first_name}}，您好：\n\n我们为您准备了{{offer.name}}，{{offer.valid_until}}前有效。",
        "主题：接下来一年，账单可以轻一点\n预览：套餐内容不变\n\n{{first_name}}，您好：\n\n您现在的套餐可以照旧，费用更省：{{offer.name}}，{{offer.valid_until}}前都可以办理。\n\n想先聊聊，欢迎来电，我们很乐意说明。",
        "主题：让您的套餐轻松一点\n预览：一个电话就能办好\n\n{{first_name}}，您好：\n\n我们想为您提供{{offer.name}}，{{offer.valid_until}}前有效。\n\n一个电话就好，其余交给我们。",
    ];
    // Of the fourth, the shared adapter writes what the version writes.
    let alike = [english[0], english[1], english[1], english[3]];
    vec![
        case("7590-VHVEG", Some(Locale::En), english),
        case("客戶１", Some(Locale::ZhTw), taiwan),
        case("4183-MYFRB", Some(Locale::ZhCn), mainland),
        case("line 12", None, alike),
    ]
}

/// Returns an evaluation that the gate lets through.
pub fn evaluation(version: &str) -> Evaluation {
    let against = [
        (Measure::Perplexity, -37.9, 3.1),
        (Measure::Chrf, 31.2, 2.9),
        (Measure::Bleu, 24.6, 3.2),
        (Measure::SlotPass, 0.925, 0.06),
        (Measure::ReviewPass, 0.9, 0.07),
        (Measure::Words, -41.0, 6.0),
    ];
    let beside = [
        (Measure::Perplexity, -0.61, 0.22),
        (Measure::Chrf, 2.4, 1.9),
        (Measure::Bleu, 1.1, 2.2),
        (Measure::SlotPass, 0.025, 0.05),
        (Measure::ReviewPass, 0.01, 0.06),
        (Measure::Words, 7.5, 3.0),
    ];
    Evaluation {
        format: EVALUATION_FORMAT,
        segment: segment("HighValue_Active"),
        version: version.into(),
        of: OfWhat {
            data_sha256: Digest::of(b"data"),
            base_sha256: Digest::of(b"base"),
            adapter_sha256: Digest::of(version.as_bytes()),
            shared_sha256: Some(Digest::of(b"shared")),
            words_sha256: Digest::of(b"words"),
            numerics: "bf16 avx2".into(),
            seed: 0,
            resamples: 10_000,
        },
        customers: 40,
        examples: 44,
        slotted: 39,
        reviewed: 38,
        shared: SharedAdapter::Compared,
        notes: vec!["3 examples were left out, since their customers were learned from".into()],
        writers: vec![
            marks(MailWriter::Base, [41.34, 18.2, 2.1, 0.05, 0.0, 118.0]),
            marks(MailWriter::Shared, [4.05, 47.0, 25.6, 0.95, 0.89, 69.5]),
            marks(MailWriter::Adapter, [3.44, 49.4, 26.7, 0.975, 0.9, 77.0]),
            marks(MailWriter::Reference, [f64::NAN, f64::NAN, f64::NAN, 1.0, 1.0, 74.0]),
        ],
        comparisons: vec![apart(MailWriter::Base, &against), apart(MailWriter::Shared, &beside)],
        cases: cases(),
    }
}

/// Returns an evaluation that the gate refuses, for every reason there is.
pub fn refused(version: &str) -> Evaluation {
    let mut found = Evaluation { customers: 24, examples: 24, slotted: 20, reviewed: 12, ..evaluation(version) };
    found.writers[2] = marks(MailWriter::Adapter, [3.44, 49.4, 26.7, 0.975, 0.3, 77.0]);
    let base = [(Measure::Perplexity, 0.5, 0.1), (Measure::Chrf, -9.0, 2.0), (Measure::SlotPass, 0.5, 0.1)];
    let shared = [(Measure::Perplexity, -0.2, 0.5), (Measure::Chrf, 0.5, 3.0), (Measure::ReviewPass, -0.05, 0.12)];
    found.comparisons = vec![apart(MailWriter::Base, &base), apart(MailWriter::Shared, &shared)];
    found
}

/// Returns the hash of two mails of [`evaluation`].
pub fn mails(customer: &str, writers: [MailWriter; 2]) -> Option<Digest> {
    cases().iter().find(|case| case.customer == customer).and_then(|case| Vote::mails(case, writers))
}

fn vote(customer: &str, [left, right]: [MailWriter; 2], choice: Choice) -> Vote {
    let mails_sha256 = mails(customer, [left, right]);
    Vote {
        segment: segment("HighValue_Active"),
        version: "v2".into(),
        customer: customer.into(),
        left,
        right,
        choice,
        mails_sha256,
        when: at(70),
    }
}

/// Returns the adapters of three segments.
pub fn gallery() -> Arc<FakeGallery> {
    let version = |version: &str, told| AdapterVersion { version: version.into(), told };
    let card = |name: &str, in_use: Option<&str>, versions, trainings_under_way| AdapterCard {
        segment: segment(name),
        in_use: in_use.map(str::to_owned),
        versions,
        trainings_under_way,
        faults: Vec::new(),
    };
    let broken = "adapters/HighValue_Active/v3: manifest.json is absent; copy the folder again or remove it";
    let copy = AdapterFacts { is_shared: true, date: None, losses: Vec::new(), trials: Vec::new(), ..facts(1180, [3.712, 1.402], false) };
    let own = vec![
        version("v1", Ok(facts(212, [3.724, 1.511], true))),
        version("v2", Ok(facts(396, [3.724, 1.235], true))),
        version("v3", Err(broken.into())),
    ];
    let cards = vec![
        card("HighValue_Active", Some("v1"), own, 0),
        card("Regular_Active", None, vec![version("v1", Ok(copy))], 1),
        card("shared", None, vec![version("v1", Ok(facts(1180, [3.7, 1.388], false)))], 0),
    ];
    let name = |version: &str| ("HighValue_Active".to_owned(), version.to_owned());
    let evaluations = [(name("v1"), Some(refused("v1"))), (name("v2"), Some(evaluation("v2")))];
    use MailWriter::{Adapter, Base, Reference};
    let votes = vec![
        vote("7590-VHVEG", [Adapter, Base], Choice::Left),
        vote("客戶１", [Base, Adapter], Choice::Right),
        vote("7590-VHVEG", [Reference, Adapter], Choice::Neither),
    ];
    Arc::new(FakeGallery {
        strays: Mutex::default(),
        cards: Mutex::new(cards),
        evaluations: Mutex::new(evaluations.into_iter().collect()),
        votes: Mutex::new(Votes { votes, damaged: vec![(4, "EOF while parsing a string at line 1 column 61".into())] }),
    })
}
