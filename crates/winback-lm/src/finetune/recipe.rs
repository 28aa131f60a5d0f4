//! How an adapter is made to learn: one recipe for all segments.
use crate::adapter::AdapterConfig;
use crate::shape::Projection;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a person may decide about fine-tuning. Everything has a value that does well for some hundred to some thousand
/// mails a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// The rank of the two matrices.
    pub rank: usize,
    /// What their product is multiplied with, before it is divided by the rank.
    pub alpha: f64,
    /// Whether it is divided by the root of the rank instead (Kalajdzievski 2023).
    pub rslora: bool,
    /// The modules that are adapted, by the ends of their names: `q_proj`.
    pub targets: Vec<String>,
    /// The share of numbers that are left out on the way into the adapter.
    pub dropout: f32,
    /// The largest step.
    pub learning_rate: f64,
    /// The share of all steps over which it rises from 0; then it falls along a cosine.
    pub warmup: f64,
    /// The share of a step by which weights shrink.
    pub weight_decay: f32,
    /// The length that gradients are cut to.
    pub clip: f64,
    /// How often every text is learned from.
    pub epochs: u32,
    /// How many tokens, of prompts and replies, make a step.
    pub tokens_per_step: usize,
    /// How many tokens go through the model at once; steps of more are gathered. Decides memory, not the result's worth.
    pub tokens_at_once: usize,
    /// How often in an epoch the texts that are kept back are tried.
    pub evaluations_per_epoch: u32,
    /// After how many trials without a better one learning ends; 0 never ends it early.
    pub patience: u32,
    /// Whether gates and ups are made a second time instead of kept: a seventh slower, in less memory, and the same to the
    /// bit.
    pub recompute: bool,
    /// What the order of texts and everything drawn depends on.
    pub seed: u64,
}

/// A value of a recipe that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} = {found} in the recipe; expected {expected}")]
pub struct RecipeError {
    field: &'static str,
    found: String,
    expected: String,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 32.0,
            rslora: false,
            targets: Projection::ALL.map(|which| which.name().rsplit('.').next().unwrap_or_default().to_owned()).to_vec(),
            dropout: 0.05,
            learning_rate: 2e-4,
            warmup: 0.05,
            weight_decay: 0.01,
            clip: 1.0,
            epochs: 3,
            tokens_per_step: 4096,
            tokens_at_once: 2048,
            evaluations_per_epoch: 2,
            patience: 3,
            recompute: true,
            seed: 0,
        }
    }
}

impl Recipe {
    /// Refuses values that cannot be, by their name.
    pub fn check(&self) -> Result<(), RecipeError> {
        let within = |field: &'static str, number: f64, least: f64, most: f64| {
            let fine = (least..=most).contains(&number);
            let expected = || format!("a number from {least} to {most}");
            if fine { Ok(()) } else { Err(RecipeError { field, found: number.to_string(), expected: expected() }) }
        };
        within("rank", self.rank as f64, 1.0, 4096.0)?;
        within("alpha", self.alpha, 1e-6, 1e6)?;
        within("dropout", self.dropout.into(), 0.0, 0.95)?;
        within("learning_rate", self.learning_rate, 1e-9, 1.0)?;
        within("warmup", self.warmup, 0.0, 1.0)?;
        within("weight_decay", self.weight_decay.into(), 0.0, 1.0)?;
        within("clip", self.clip, 1e-6, 1e9)?;
        within("epochs", self.epochs.into(), 1.0, 10_000.0)?;
        within("tokens_per_step", self.tokens_per_step as f64, 1.0, 1e9)?;
        within("tokens_at_once", self.tokens_at_once as f64, 1.0, 1e9)?;
        within("evaluations_per_epoch", self.evaluations_per_epoch.into(), 1.0, 1e6)?;
        self.config().map(|_| ())
    }

    /// Returns the modules, ranks and scales.
    pub fn config(&self) -> Result<AdapterConfig, RecipeError> {
        AdapterConfig::parse(&self.peft_config(""), Path::new("adapter_config.json")).map_err(|error| RecipeError {
            field: "targets",
            found: format!("{:?}", self.targets),
            expected: format!("modules of the model ({error})"),
        })
    }

    /// Returns the `adapter_config.json` of PEFT for an adapter of this recipe; `base` is what its base is called.
    pub fn peft_config(&self, base: &str) -> String {
        let config = serde_json::json!({
            "base_model_name_or_path": base,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "lora_alpha": self.alpha,
            "lora_dropout": self.dropout,
            "peft_type": "LORA",
            "r": self.rank,
            "target_modules": self.targets,
            "task_type": "CAUSAL_LM",
            "use_dora": false,
            "use_rslora": self.rslora,
        });
        format!("{config:#}\n")
    }
}
