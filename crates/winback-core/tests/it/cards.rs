//! Cards of models made by earlier builds stay readable.
use winback_core::model::{EffectAt, ModelCard};

const OLD: &str = r#"{
  "version": "logistic-0123456789ab", "family": "logistic", "data": "d", "features": "f", "rows": 10, "left": 4, "seed": 1, "l2": 2.0,
  "validation": {
    "folds": 2,
    "mean": { "roc_auc": 0.8, "pr_auc": 0.6, "log_loss": 0.4, "brier": 0.1, "ece10": 0.01 },
    "deviation": { "roc_auc": 0.0, "pr_auc": 0.0, "log_loss": 0.0, "brier": 0.0, "ece10": 0.0 },
    "pooled": { "roc_auc": 0.8, "pr_auc": 0.6, "log_loss": 0.4, "brier": 0.1, "ece10": 0.01 },
    "per_fold": [], "reliability": [], "auc_without_synthetic": null,
    "cuts": [{ "threshold": 0.5, "customers": 4, "left": 2, "precision": 0.5, "precision_low": 0.1, "precision_high": 0.9, "recall": 0.5 }]
  },
  "columns": [{ "name": "x", "used_as": "one-hot, 3 levels", "missing": "nothing to fill" }],
  "limits": ["It cannot tell."]
}"#;

#[test]
fn a_card_without_the_newer_parts_loads() {
    let card: ModelCard = serde_json::from_str(OLD).unwrap();
    let validation = card.validation.as_ref().unwrap();
    assert!(card.effects.is_empty() && card.warnings.is_empty() && validation.intervals.is_none());
    assert!(validation.roc.is_empty() && validation.precision_recall.is_empty() && validation.importance.is_empty());
    assert!(validation.groups.is_empty() && validation.calls.is_empty() && validation.importance_rows == 0);
}

#[test]
fn a_value_of_an_effect_is_a_number_or_a_word() {
    let check = |text: &str, expected: EffectAt| {
        assert_eq!(serde_json::from_str::<EffectAt>(text).unwrap(), expected);
        assert_eq!(serde_json::to_string(&expected).unwrap(), text);
    };
    check("18.25", EffectAt::Number(18.25));
    check("\"18\"", EffectAt::Word("18".into()));
}
