//! `adapter_config.json` of PEFT.
use super::patterns::Pattern;
use crate::config::Config;
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use crate::shape::Projection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The largest rank read.
const MOST_RANK: usize = 1 << 12;
/// The most entries of `rank_pattern` or `alpha_pattern`: more than a model has matrices. Of those that must be
/// compiled, with more in them than a name, the most there may be.
const MOST_PATTERNS: (usize, usize) = (1 << 13, 64);

/// What an adapter changes, and by how much.
#[derive(Clone, Debug)]
pub struct AdapterConfig {
    path: PathBuf,
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
    /// A pattern takes too long.
    #[error("{}: to tell whether {module} matches a pattern of {field} takes too many steps; write a simpler pattern", path.display())]
    Endless {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// The name it was matched with.
        module: String,
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
            path: path.to_owned(),
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
    pub fn rank_and_scale(&self, module: &str) -> Result<Option<(usize, f32)>, AdapterConfigError> {
        let endless = |field| AdapterConfigError::Endless { path: self.path.clone(), field, module: module.to_owned() };
        if !self.targets.hold(module).ok_or_else(|| endless("target_modules"))? {
            return Ok(None);
        }
        let rank = first(&self.rank_pattern, module).ok_or_else(|| endless("rank_pattern"))?;
        let rank = rank.map_or(self.rank, |rank| rank as usize);
        let alpha = first(&self.alpha_pattern, module).ok_or_else(|| endless("alpha_pattern"))?.unwrap_or(self.alpha);
        let divisor = if self.rslora { (rank as f64).sqrt() } else { rank as f64 };
        Ok(Some((rank, (alpha / divisor) as f32)))
    }

    /// Returns every changed module of a model with its rank and scale.
    pub fn scales(&self, config: &Config) -> Result<BTreeMap<String, (usize, f32)>, AdapterConfigError> {
        let modules = (0..config.layers).flat_map(|layer| Projection::ALL.map(|which| super::module(layer, which)));
        let scale = |name: String| self.rank_and_scale(&name).map(|found| found.map(|found| (name, found)));
        modules.filter_map(|name| scale(name).transpose()).collect()
    }
}

/// Returns the number of the first pattern that fits; `None` outside where that takes too long to tell.
fn first(patterns: &[(Pattern, f64)], module: &str) -> Option<Option<f64>> {
    for (pattern, number) in patterns {
        if pattern.matches(module)? {
            return Some(Some(*number));
        }
    }
    Some(None)
}

impl Targets {
    /// Returns whether a module is changed, `None` where that takes too long to tell.
    fn hold(&self, module: &str) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Named(names) => Some(names.iter().any(|name| ends_with(module, name))),
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
            for module in ["lm_head", "model.embed_tokens"] {
                let endless = || AdapterConfigError::Endless { path: path.to_owned(), field: "target_modules", module: module.to_owned() };
                if matching.matches(module).ok_or_else(endless)? {
                    return Err(unknown(module));
                }
            }
            Ok(Targets::Matching(matching))
        }
        Json::List(items) if (1..=MOST_PATTERNS.0).contains(&items.len()) => {
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
    if entries.len() > MOST_PATTERNS.0 {
        return Err(fields.wrong(field, found, &format!("at most {} patterns", MOST_PATTERNS.0)));
    }
    let mut compiled = 0;
    let one = |(pattern, value): &(String, Json)| {
        let number = match value {
            Json::Int(number) => *number as f64,
            Json::Float(number) => *number,
            _ => 0.0,
        };
        if !legal(value) {
            return Err(fields.wrong(&format!("{field}.{pattern}"), value, "a number above 0"));
        }
        let matching =
            Pattern::ending(pattern).map_err(|why| fields.wrong(field, &Json::Text(pattern.clone()), &format!("a pattern ({why})")))?;
        compiled += usize::from(matching.is_compiled());
        if compiled > MOST_PATTERNS.1 {
            return Err(fields.wrong(field, found, &format!("at most {} patterns that are more than names", MOST_PATTERNS.1)));
        }
        Ok((matching, number))
    };
    entries.iter().map(one).collect()
}
