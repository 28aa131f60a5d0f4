//! `adapter_config.json` of PEFT.
use super::patterns::Pattern;
use crate::config::Config;
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use crate::shape::Projection;
use std::path::{Path, PathBuf};

/// The largest rank read.
const MOST_RANK: usize = 1 << 12;

/// What an adapter changes, and by how much.
#[derive(Clone, Debug)]
pub struct AdapterConfig {
    rank: usize,
    alpha: f64,
    rslora: bool,
    targets: Targets,
    rank_pattern: Vec<(Pattern, f64)>,
    alpha_pattern: Vec<(Pattern, f64)>,
}

/// Which modules are changed.
#[derive(Clone, Debug)]
enum Targets {
    /// All seven of every layer (`"all-linear"`).
    All,
    /// Those whose name is one of these, or ends with it behind a dot.
    Named(Vec<String>),
    /// Those whose whole name matches.
    Matching(Pattern),
}

/// Why an adapter's configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum AdapterConfigError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A field is absent or wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The adapter needs what is not built here.
    #[error("{} asks for {feature}; Winback runs plain LoRA on the seven matrices of a layer", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for, with the field that says so.
        feature: String,
    },
    /// A target is no module of this kind of model.
    #[error("{} targets {module:?}, which is none of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and down_proj", path.display())]
    UnknownTarget {
        /// The file.
        path: PathBuf,
        /// What it names.
        module: String,
    },
}

/// Fields that change nothing about a trained adapter.
const HARMLESS: [&str; 24] = [
    "auto_mapping",
    "base_model_name_or_path",
    "corda_config",
    "eva_config",
    "inference_mode",
    "init_lora_weights",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "lora_alpha",
    "use_rslora",
    "target_modules",
    "rank_pattern",
    "alpha_pattern",
    "revision",
    "runtime_config",
    "task_type",
    "bias",
    "ensure_weight_tying",
    "_attn_implementation",
];

impl AdapterConfig {
    /// Reads `adapter_config.json`.
    pub fn load(path: &Path) -> Result<Self, AdapterConfigError> {
        Self::parse(&read_text(path, MOST_SMALL_BYTES)?, path)
    }

    /// Reads the text of an `adapter_config.json`; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, AdapterConfigError> {
        let json = parse_json(text, path)?;
        let fields = Fields::new(path, &json)?;
        if let Some(feature) = another_method(&fields, &json)? {
            return Err(AdapterConfigError::Unsupported { path: path.to_owned(), feature });
        }
        let rank = fields.size("r", 1..=MOST_RANK)?.ok_or_else(|| fields.missing("r", "the rank, a whole number from 1"))?;
        let alpha = fields.number("lora_alpha", 1e-6..=1e6)?.ok_or_else(|| fields.missing("lora_alpha", "a number above 0"))?;
        Ok(Self {
            rank,
            alpha,
            rslora: fields.flag("use_rslora")?.unwrap_or(false),
            targets: targets(&fields, path)?,
            rank_pattern: numbers_by_pattern(
                &fields,
                "rank_pattern",
                |value| matches!(value, Json::Int(rank) if (1..=MOST_RANK as i64).contains(rank)),
            )?,
            alpha_pattern: numbers_by_pattern(&fields, "alpha_pattern", |value| {
                matches!(value, Json::Int(alpha) if *alpha > 0) || matches!(value, Json::Float(alpha) if (1e-6..=1e6).contains(alpha))
            })?,
        })
    }

    /// Returns the rank and the scale of a module (`model.layers.0.self_attn.q_proj`), `None` where it is not changed.
    /// The scale is `alpha / r`, with rslora `alpha / √r` (Kalajdzievski 2023); of patterns the first that fits counts.
    pub fn rank_and_scale(&self, module: &str) -> Option<(usize, f32)> {
        if !self.targets.hold(module) {
            return None;
        }
        let first = |patterns: &[(Pattern, f64)]| patterns.iter().find(|(pattern, _)| pattern.matches(module)).map(|(_, number)| *number);
        let rank = first(&self.rank_pattern).map_or(self.rank, |rank| rank as usize);
        let alpha = first(&self.alpha_pattern).unwrap_or(self.alpha);
        let divisor = if self.rslora { (rank as f64).sqrt() } else { rank as f64 };
        Some((rank, (alpha / divisor) as f32))
    }

    /// Returns every changed module of a model with its rank and scale.
    pub(super) fn scales(&self, config: &Config) -> Vec<(String, usize, f32)> {
        let modules = (0..config.layers).flat_map(|layer| Projection::ALL.map(|which| super::module(layer, which)));
        modules.filter_map(|name| self.rank_and_scale(&name).map(|(rank, scale)| (name, rank, scale))).collect()
    }
}

impl Targets {
    fn hold(&self, module: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| ends_with(module, name)),
            Self::Matching(pattern) => pattern.matches(module),
        }
    }
}

/// Returns whether a module is called so, or ends so behind a dot.
fn ends_with(module: &str, name: &str) -> bool {
    module.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Returns what is asked for beyond plain LoRA, if anything is.
fn another_method(fields: &Fields, json: &Json) -> Result<Option<String>, FieldError> {
    let kind = fields.text("peft_type")?.ok_or_else(|| fields.missing("peft_type", "\"LORA\""))?;
    if kind != "LORA" {
        return Ok(Some(format!("{kind:?} (peft_type)")));
    }
    match fields.text("bias")? {
        None | Some("none") => {}
        Some(bias) => return Ok(Some(format!("trained biases, {bias:?} (bias)"))),
    }
    match fields.text("task_type")? {
        None | Some("CAUSAL_LM" | "FEATURE_EXTRACTION") => {}
        Some(task) => return Ok(Some(format!("the task {task:?} (task_type)"))),
    }
    // These ways to begin also change the base, and the adapter is only right on the changed one.
    if let Some(Json::Text(begin)) = fields.get("init_lora_weights")
        && !["gaussian", "eva", "orthogonal"].contains(&begin.as_str())
    {
        return Ok(Some(format!("a base changed by {begin:?} (init_lora_weights)")));
    }
    let Json::Map(map) = json else { return Ok(None) };
    let mut beyond = map.iter().filter(|(name, value)| !value.is_empty() && !HARMLESS.contains(&name.as_str()));
    let named = |name: &str| match name {
        "use_dora" => "DoRA (use_dora)".to_owned(),
        "modules_to_save" => "modules replaced whole (modules_to_save)".to_owned(),
        "fan_in_fan_out" => "weights stored the other way round (fan_in_fan_out)".to_owned(),
        "layers_to_transform" | "layers_pattern" => format!("some of the layers only ({name})"),
        other => format!("{other}, which this Winback does not know"),
    };
    Ok(beyond.next().map(|(name, _)| named(name)))
}

fn targets(fields: &Fields, path: &Path) -> Result<Targets, AdapterConfigError> {
    const EXPECTED: &str = "a list of module names, a pattern, or \"all-linear\"";
    let unknown = |module: &str| AdapterConfigError::UnknownTarget { path: path.to_owned(), module: module.to_owned() };
    let known = |name: &str| Projection::ALL.iter().any(|which| ends_with(&super::module(0, *which), name) && !name.is_empty());
    let in_some_layer = |name: &str| known(name) || name.split_once("layers.").is_some_and(|(_, rest)| known_in_layer(rest));
    match fields.get("target_modules").ok_or_else(|| fields.missing("target_modules", EXPECTED))? {
        Json::Text(all) if all.eq_ignore_ascii_case("all-linear") => Ok(Targets::All),
        Json::Text(pattern) => {
            let matching = Pattern::whole(pattern)
                .map_err(|why| fields.wrong("target_modules", &Json::Text(pattern.clone()), &format!("a pattern ({why})")))?;
            match ["lm_head", "model.embed_tokens"].into_iter().find(|module| matching.matches(module)) {
                Some(module) => Err(unknown(module)),
                None => Ok(Targets::Matching(matching)),
            }
        }
        Json::List(items) if !items.is_empty() => {
            let name = |item: &Json| match item {
                Json::Text(name) if in_some_layer(name) => Ok(name.clone()),
                Json::Text(name) => Err(unknown(name)),
                other => Err(fields.wrong("target_modules", other, EXPECTED).into()),
            };
            items.iter().map(name).collect::<Result<_, _>>().map(Targets::Named)
        }
        other => Err(fields.wrong("target_modules", other, EXPECTED).into()),
    }
}

/// Returns whether this is a layer's number and one of its seven matrices: `3.mlp.up_proj`.
fn known_in_layer(rest: &str) -> bool {
    rest.split_once('.')
        .is_some_and(|(layer, name)| layer.parse::<usize>().is_ok() && Projection::ALL.iter().any(|which| which.name() == name))
}

fn numbers_by_pattern(fields: &Fields, field: &str, legal: fn(&Json) -> bool) -> Result<Vec<(Pattern, f64)>, FieldError> {
    let Some(found) = fields.get(field) else { return Ok(Vec::new()) };
    let Json::Map(entries) = found else { return Err(fields.wrong(field, found, "a map of patterns to numbers")) };
    let one = |(pattern, value): &(String, Json)| {
        let number = match value {
            Json::Int(number) => *number as f64,
            Json::Float(number) => *number,
            _ => 0.0,
        };
        if !legal(value) {
            return Err(fields.wrong(&format!("{field}.{pattern}"), value, "a number above 0"));
        }
        let matching = Pattern::ending(pattern);
        matching
            .map(|matching| (matching, number))
            .map_err(|why| fields.wrong(field, &Json::Text(pattern.clone()), &format!("a pattern ({why})")))
    };
    entries.iter().map(one).collect()
}
