//! The parts of a model's card that came later: curves, importance, effects, groups; and what a run keeps of its model.
use serde_json::{Value, json};

/// Adds the later parts to a card.
pub fn fill(mut card: Value) -> Value {
    let measures = |by: f64| json!({"roc_auc": 0.8453 + by, "pr_auc": 0.6561 + by, "log_loss": 0.4176 + by, "brier": 0.1356 + by, "ece10": 0.0135 + by});
    let validation = &mut card["validation"];
    validation["intervals"] = json!({"low": measures(-0.01), "high": measures(0.01)});
    validation["roc"] = json!([{"x": 0.0, "y": 0.0}, {"x": 0.2, "y": 0.7}, {"x": 1.0, "y": 1.0}]);
    validation["precision_recall"] = json!([{"x": 0.0, "y": 1.0}, {"x": 0.5, "y": 0.66}, {"x": 1.0, "y": 0.265}]);
    let importance = |group: &str, label: Value, rise: f64, low: f64| {
        json!({"group": group, "label": label, "columns": [group], "synthetic": false, "log_loss_rise": rise, "low": low, "high": 2.0 * rise - low,
            "auc_drop": rise / 2.0, "auc_drop_low": low / 2.0, "auc_drop_high": rise})
    };
    validation["importance"] = json!([
        importance("tenure", json!({"zh-TW": "往來時間", "zh-CN": "在网时间", "en": "Time with us"}), 0.0812, 0.0702),
        importance("PaymentMethod", json!({"zh-TW": "付款方式", "zh-CN": "付款方式", "en": "Payment method"}), 0.0003, -0.0011),
    ]);
    (validation["importance_rows"], validation["importance_repeats"]) = (json!(7043), json!(5));
    validation["groups"] = json!([{"column": "gender", "word": "Female", "customers": 3488, "left": 939, "left_share": 0.2692, "left_low": 0.2548,
        "left_high": 0.2842, "mean_score": 0.2701, "roc_auc": 0.8441, "log_loss": 0.4181, "brier": 0.1361, "ece10": 0.0141},
        {"column": "gender", "word": null, "customers": 3, "left": 0, "left_share": 0.0, "left_low": 0.0, "left_high": 0.5615, "mean_score": 0.1,
        "roc_auc": null, "log_loss": 0.1, "brier": 0.01, "ece10": 0.1}]);
    let calls = |calls: u64, precision: f64| {
        json!({"calls": calls, "threshold": precision - 0.05, "left": (calls as f64 * precision) as u64, "precision": precision,
        "precision_low": precision - 0.04, "precision_high": precision + 0.04, "recall": calls as f64 * precision / 1869.0, "lift": precision / 0.2654})
    };
    validation["calls"] = json!([calls(100, 0.86), calls(500, 0.78), calls(2000, 0.61)]);
    for bin in validation["reliability"].as_array_mut().into_iter().flatten() {
        let left = bin["left"].as_f64().unwrap_or_default();
        (bin["low"], bin["high"]) = (json!((left - 0.03).max(0.0)), json!((left + 0.03).min(1.0)));
    }
    card["calibration"] = json!({"method": "beta", "trials": [{"method": "none", "log_loss": 0.4179}, {"method": "platt", "log_loss": 0.4178},
        {"method": "beta", "log_loss": 0.4176}, {"method": "isotonic", "log_loss": 0.4199}]});
    card["effects"] = json!([
        {"column": "tenure", "synthetic": false, "unit_effect": {"step": 10.0, "points": -2.96}, "points": [
            {"at": 0.0, "probability": 0.44, "share": 0.0}, {"at": 24.0, "probability": 0.28, "share": 0.5}, {"at": 72.0, "probability": 0.11, "share": 1.0}]},
        {"column": "Contract", "synthetic": false, "unit_effect": null, "points": [
            {"at": "Month-to-month", "probability": 0.33, "share": 0.55}, {"at": "One year", "probability": 0.21, "share": 0.21}, {"at": "Two year", "probability": 0.14, "share": 0.24}]},
        {"column": "TechSupport", "synthetic": false, "unit_effect": null, "points": [{"at": "no", "probability": 0.3, "share": 0.7}, {"at": "yes", "probability": 0.24, "share": 0.3}]}]);
    card["warnings"] = json!([{"kind": "collinear", "column": "MonthlyCharges", "explained_by": ["InternetService"], "product": false, "r_squared": 0.971}]);
    card
}

/// Returns what the assess stage keeps of the model with the run.
pub fn kept() -> Value {
    let drift = |column: &str, psi: f64, reading: &str, most: Value| json!({"column": column, "psi": psi, "bins": 12, "chance": 0.004, "reading": reading, "most": most});
    json!({
        "assessed": 30, "levels": {}, "without_tier": 1, "imputed": 1,
        "fairness": {"customers": 120_000, "scored": 20_000, "seed": 42, "flips": [{"column": "gender", "customers": 20_000, "mean_change": 0.0124,
            "most_change": 0.031, "other_level": 212, "words": [{"word": "Female", "customers": 9_900, "mean_score": 0.27, "mean_if_all": 0.271},
            {"word": "Male", "customers": 10_100, "mean_score": 0.262, "mean_if_all": 0.2586}]}]},
        "drift": {"from": 7, "from_source": "telco-october.csv", "to": 1, "to_source": "telco-sample.csv", "basis": "before", "before": [7043, 7043],
            "now": [6990, 6990], "gone": ["Fax"], "new": [], "columns": [
                drift("tenure", 0.02, "stable", json!({"bin": "range", "from": 12.0, "to": 24.0, "before": 0.1, "now": 0.11})),
                drift("Contract", 0.31, "changed", json!({"bin": "word", "word": "One year", "before": 0.21, "now": 0.41})),
                drift("TechSupport", 0.12, "watch", json!({"bin": "missing", "before": 0.0, "now": 0.02}))],
            "scores": {"psi": 0.05, "bins": 10, "chance": 0.003, "reading": "stable", "same_model": false, "mean_before": 0.265, "mean_now": 0.281, "levels": []}}
    })
}
