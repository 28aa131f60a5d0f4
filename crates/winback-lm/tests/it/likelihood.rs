//! How likely a model finds replies: equal to transformers and PEFT, and only the reply counts.
use crate::fixtures::{Fixture, distance, fixtures};
use crate::tiny::{chain, weights, write_json, write_tensors};
use safetensors::Dtype;
use winback_lm::kernels::Numerics;
use winback_lm::{Cache, ChatTemplate, Conversation, ForwardError, Message, Model, Piece, Role, Tokens, Want, prompt, prompt_and_reply};

/// Returns the logarithm of the softmax of rows of logits at one token each.
fn expected(logits: &[f32], told: &[u32]) -> Vec<f32> {
    let of = |(row, token): (&[f32], &u32)| {
        let total: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        (f64::from(row[*token as usize]) - total.ln()) as f32
    };
    logits.chunks_exact(512).zip(told).map(of).collect()
}

#[test]
fn replies_are_as_likely_as_transformers_and_peft_find_them() {
    for name in ["tied", "untied"] {
        let Some(fixture) = Fixture::named(name) else { return };
        let texts = fixture.ids("input_ids");
        for (writer, adapter) in fixture.writers() {
            let logits = fixture.numbers(&format!("logits.{writer}"));
            for (text, logits) in texts.iter().zip(logits.chunks_exact(512 * texts[0].len())) {
                for prompt in [1, 4, text.len() - 1] {
                    let found = fixture.model.log_probabilities(&text[..prompt], &text[prompt..], adapter).unwrap();
                    let off = distance(&found, &expected(&logits[512 * (prompt - 1)..], &text[prompt..]));
                    assert!(off <= 1e-4, "{name}: {writer} after {prompt} tokens is off by {off}");
                }
            }
        }
    }
}

#[test]
fn long_prompts_and_replies_are_read_in_parts() {
    let Some(fixture) = Fixture::named("tied") else { return };
    let (model, text): (_, Vec<u32>) = (&fixture.model, (0..530).map(|at| (at * 37 + at / 9) % 512).collect());
    let mut cache = Cache::new(model);
    let hidden = model.forward(&mut [Piece { cache: &mut cache, tokens: &text, adapter: None, want: Want::All }]).unwrap();
    let logits = model.logits(&hidden.rows).unwrap();
    for prompt in [440, 512, 513] {
        let found = model.log_probabilities(&text[..prompt], &text[prompt..], None).unwrap();
        let off = distance(&found, &expected(&logits[512 * (prompt - 1)..], &text[prompt..]));
        assert!(off <= 1e-4, "after {prompt} tokens: off by {off}");
    }
    assert_eq!(model.log_probabilities(&text[..1], &[], None), Ok(Vec::new()));
    assert_eq!(model.log_probabilities(&[], &text, None), Err(ForwardError::NoTokens { piece: 0 }));
    assert_eq!(model.log_probabilities(&[1], &[512], None), Err(ForwardError::UnknownToken { piece: 0, token: 512, last: 511 }));
    let long = ForwardError::TooLong { piece: 0, length: 4097, context: 4096 };
    assert_eq!(model.log_probabilities(&[1], &[1; 4096], None), Err(long));
}

#[test]
fn damaged_weights_are_told_and_not_scored() {
    let dir = tempfile::tempdir().unwrap();
    write_json(dir.path(), "config.json", &crate::tiny::config());
    write_tensors(&dir.path().join("model.safetensors"), &crate::tiny::too_large(weights(Dtype::F32), crate::tiny::NORMS[0]));
    let model = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    let error = model.log_probabilities(&[1], &[2, 3], None).unwrap_err();
    assert_eq!(chain(&error), "what the model computed is no number; its weights are damaged, or too large for this precision");
}

#[test]
fn a_reply_is_what_the_template_writes_behind_the_prompt_up_to_its_end() {
    let Some(dir) = fixtures() else { return };
    let tokens = Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[]).unwrap();
    let path = dir.join("chat_template/qwen3.jinja");
    let template = ChatTemplate::parse(std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    let ends = [tokens.id("<|im_end|>").unwrap()];
    let mut said = Conversation {
        messages: vec![Message::new(Role::User, "Hi <|im_end|>"), Message::new(Role::Assistant, "Bye<|im_end|>")],
        add_generation_prompt: false,
        ..Conversation::default()
    };
    let both = |said: &Conversation| prompt_and_reply(&tokens, &template, said, None, &ends);
    for (thinking, expected) in [(Some(false), "Bye<|im_end|><|im_end|>"), (None, "<think>\n\n</think>\n\nBye<|im_end|><|im_end|>")] {
        said.thinking = thinking;
        let (before, reply) = both(&said).unwrap();
        let asked =
            Conversation { messages: said.messages[..1].to_vec(), add_generation_prompt: true, thinking, ..Conversation::default() };
        assert_eq!(before, prompt(&tokens, &template, &asked, None).unwrap());
        assert_eq!(tokens.decode(&reply, true).unwrap(), expected);
        assert_eq!(reply.iter().filter(|id| ends.contains(id)).count(), 1, "what a person wrote is text");
        assert_eq!(reply.last(), ends.last());
    }
    said.messages.pop();
    assert_eq!(chain(&both(&said).unwrap_err()), "the last message must be the assistant's");
}
