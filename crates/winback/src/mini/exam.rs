//! What a model makes of customers that were kept back: it writes to each, and the review says whether that could be sent.
use super::corpus::case;
use super::school::FIRST_KEPT_BACK;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use winback_core::agents::communication::review_reply;
use winback_core::locale::Locale;
use winback_core::message::{Brief, Channel, Content, WriterVersion};
use winback_core::prompt::prompt as asked;
use winback_core::template::Templates;
use winback_lm::sample::Sampling;
use winback_lm::{
    ChatTemplate, Conversation, Engine, Event, GenerationConfig, Limits, Message, Model, Request, RequestId, Role, Tokens, prompt,
};

/// The numbers of these customers begin behind those on whose mails the loss is measured.
const FIRST: u64 = FIRST_KEPT_BACK + (1 << 20);
/// No mail has nearly as many tokens.
const MOST_TOKENS: usize = 400;

/// A mail and what the review says of it.
pub struct Answer {
    pub locale: Locale,
    /// What was asked.
    pub user: String,
    /// What the model wrote.
    pub reply: String,
    /// The mail as it would be sent, or what is wrong with it.
    pub judged: Result<String, Vec<String>>,
}

/// Whoever sits the exam.
pub struct Candidate {
    pub model: Arc<Model>,
    pub tokens: Arc<Tokens>,
    pub template: ChatTemplate,
    pub generation: GenerationConfig,
}

impl Candidate {
    /// Lets the candidate write to so many customers, all in one batch, each drawn by a seed of its own.
    pub fn sit(&self, templates: &Templates, customers: usize, seed: u64) -> anyhow::Result<Vec<Answer>> {
        let limits = Limits { rows: 32, prompt_tokens: 2048, cache_bytes: 1 << 30, shared_bytes: 1 << 28 };
        let mut engine = Engine::new(self.model.clone(), self.tokens.clone(), limits);
        let cases: Vec<_> = (FIRST..).filter_map(|number| case(number, seed)).take(customers).collect();
        let mut texts: HashMap<RequestId, String> = HashMap::new();
        let mut order = Vec::with_capacity(cases.len());
        for (at, case) in cases.iter().enumerate() {
            let asked = asked(templates, &case.brief, &case.schema, Channel::Email);
            let request = self.request(&asked.system, &asked.user, seed ^ at as u64)?;
            let id = engine.submit(request)?;
            texts.insert(id, String::new());
            order.push((id, asked.user));
        }
        while engine.waiting() + engine.running() > 0 {
            for event in engine.step()? {
                match event {
                    Event::Text { request, text } => texts.entry(request).or_default().push_str(&text),
                    Event::Done { .. } => {}
                    Event::Failed { why, .. } => return Err(why.into()),
                }
            }
        }
        let answers = cases.iter().zip(order).map(|(case, (id, user))| {
            let reply = texts.remove(&id).unwrap_or_default();
            Answer { locale: case.brief.locale, user, judged: self.judged(templates, &case.brief, &reply), reply }
        });
        Ok(answers.collect())
    }

    fn request(&self, system: &str, user: &str, seed: u64) -> anyhow::Result<Request> {
        let messages = vec![Message::new(Role::System, system), Message::new(Role::User, user)];
        let conversation = Conversation { messages, add_generation_prompt: true, ..Conversation::default() };
        Ok(Request {
            prompt: prompt(&self.tokens, &self.template, &conversation, None)?,
            prefix: None,
            adapter: None,
            sampling: Sampling::recommended(&self.generation, seed),
            most_tokens: MOST_TOKENS,
            stops: Vec::new(),
            grammar: None,
        })
    }

    fn judged(&self, templates: &Templates, brief: &Brief, reply: &str) -> Result<String, Vec<String>> {
        let writer = WriterVersion::of_words("exam", self.model.digest().clone());
        let message = review_reply(templates, brief, reply, writer);
        let message = message
            .map_err(|findings| findings.into_iter().map(|found| format!("{}: {}", found.check, found.detail)).collect::<Vec<_>>())?;
        match &message.record().content {
            Content::Email(mail) => Ok(format!("{}\n{}\n\n{}", mail.subject, mail.preheader, mail.text)),
            Content::Sms(_) | Content::Call(_) => Ok(String::new()),
        }
    }
}

/// Loads a model directory to sit the exam.
pub fn candidate(folder: &Path, model: Model) -> anyhow::Result<Candidate> {
    let tokens = Tokens::load(&folder.join("tokenizer.json"), model.config().vocab_size, &model.config().eos)?;
    Ok(Candidate {
        template: ChatTemplate::load(folder)?,
        generation: GenerationConfig::load(&folder.join("generation_config.json"))?,
        tokens: Arc::new(tokens),
        model: Arc::new(model),
    })
}
