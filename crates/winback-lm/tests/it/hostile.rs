//! No bytes make a parser panic: each is read or refused.
use crate::tiny::{config, lora_config};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use winback_lm::adapter::AdapterConfig;
use winback_lm::header::parse_header;
use winback_lm::shards::{Shards, parse_index};
use winback_lm::{ChatTemplate, Config, Conversation, GenerationConfig, Grammars, Message, Role, Tokens};

const HEADER: &str = r#"{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}}"#;
const GENERATION: &str =
    r#"{"do_sample":true,"temperature":0.6,"top_k":20,"top_p":0.95,"min_p":0.1,"eos_token_id":[1,2],"max_new_tokens":7}"#;
const INDEX: &str =
    r#"{"metadata":{"total_size":16},"weight_map":{"x":"model-00001-of-00002.safetensors","y":"model-00002-of-00002.safetensors"}}"#;
const SCHEMA: &str = r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/x"},"b":{"type":"integer","minimum":1,"multipleOf":2},
    "c":{"type":"array","items":{"enum":["ab",1.5,null]},"maxItems":3},"d":{"anyOf":[{"pattern":"^a{1,3}$","type":"string"},{"$ref":"#"}]}},
    "required":["a"],"additionalProperties":false,"$defs":{"x":{"type":"string","format":"date","minLength":1}}}"##;
const TEMPLATE: &str =
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content.strip() | tojson(indent=1) }}{%- endfor %}";
const TOKENIZER: &str = r#"{"version":"1.0","added_tokens":[{"id":2,"content":"<e>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
    "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":3},"merges":[["a","b"]]}}"#;

/// Numbers and words that are wrong in most places.
const EVIL: [&str; 18] = [
    "null",
    "-1",
    "0",
    "1e308",
    "18446744073709551615",
    "9223372036854775807",
    "[]",
    "{}",
    "\"\"",
    "[[[[",
    "true",
    "\"\\u0000\"",
    "1.5",
    "NaN",
    "{%",
    "{{",
    "}}",
    "(?:a*)*b",
];

/// Returns a text with some of its parts cut, doubled or replaced.
fn mangled(text: String) -> impl Strategy<Value = String> {
    let change =
        (any::<prop::sample::Index>(), 0..12_usize, prop_oneof![prop::sample::select(&EVIL[..]).prop_map(str::to_owned), ".{0,3}"]);
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, length, evil) in changes {
            let start = at.index(letters.len() + 1);
            let end = (start + length).min(letters.len());
            letters.splice(start..end, evil.chars());
        }
        letters.into_iter().collect()
    })
}

fn read_all(text: &str) {
    let path = Path::new("x");
    let _ = Config::parse(text, path);
    let _ = GenerationConfig::parse(text, path);
    let _ = parse_header(text, 16, path);
    let _ = parse_index(text, path);
    let _ = Tokens::parse(text, path);
    if let Ok(config) = AdapterConfig::parse(text, path) {
        let _ = config.rank_and_scale("model.layers.0.self_attn.q_proj");
    }
    if let Ok(template) = ChatTemplate::parse(text.to_owned(), path) {
        let messages = vec![Message::new(Role::User, "a\nb"), Message::new(Role::Assistant, "<think>\nc")];
        let _ = template.render(&Conversation { messages, ..Conversation::default() }, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in any::<String>()) {
        read_all(&text);
    }

    #[test]
    fn a_mangled_configuration(text in mangled(config().to_string())) {
        read_all(&text);
    }

    #[test]
    fn a_mangled_adapter(text in mangled(lora_config(&["q_proj", "layers.0.mlp.up_proj"]).to_string())) {
        read_all(&text);
    }

    #[test]
    fn a_mangled_adapter_with_patterns(text in mangled(r#"{"peft_type":"LORA","r":3,"lora_alpha":6,"target_modules":".*(q|v)_proj","rank_pattern":{"^x.*q":2},"alpha_pattern":{"v_proj":1.5}}"#.to_owned())) {
        read_all(&text);
    }

    #[test]
    fn mangled_headers_and_indexes(header in mangled(HEADER.to_owned()), index in mangled(INDEX.to_owned()), generation in mangled(GENERATION.to_owned())) {
        [header, index, generation].iter().for_each(|text| read_all(text));
    }

    #[test]
    fn a_mangled_template(text in mangled(TEMPLATE.to_owned())) {
        read_all(&text);
    }

    #[test]
    fn a_mangled_tokenizer(text in mangled(TOKENIZER.to_owned())) {
        if let Ok(tokens) = Tokens::parse(&text, Path::new("tokenizer.json")) {
            let _ = tokens.encode_with_control("ab<e>b").map(|ids| tokens.decode(&ids, true));
        }
    }

    #[test]
    fn a_mangled_schema(text in mangled(SCHEMA.to_owned())) {
        let tokens = Arc::new(Tokens::parse(TOKENIZER, Path::new("tokenizer.json")).unwrap());
        let config = Config::parse(&config().to_string(), Path::new("config.json")).unwrap();
        let grammars = Grammars::new(&tokens, &config).unwrap();
        let _ = grammars.json_schema(&text);
    }

    #[test]
    fn any_bytes_as_a_safetensors_file(length in prop_oneof![any::<u64>(), 0..200_u64], header in mangled(HEADER.to_owned()), data in prop::collection::vec(any::<u8>(), 0..20)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        for length in [length, header.len() as u64] {
            std::fs::write(&path, [&length.to_le_bytes()[..], header.as_bytes(), &data].concat()).unwrap();
            if let Ok(shards) = Shards::open_file(&path) {
                shards.names().for_each(|name| drop(shards.read(name, shards.shape(name).unwrap())));
            }
        }
    }
}
