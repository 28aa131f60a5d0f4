#!/usr/bin/env python3
"""Makes the fixture of the tree explanations: XGBoost trees on made-up rows, and what the shap package says of them.

    python3 bench/peers/shap_fixture.py > crates/winback-learn/tests/fixtures/xgboost_shap.json

Needs numpy, xgboost 3.2 and shap 0.51. Every row is drawn by a seed; nothing here comes from a customer.
"""
import json
import sys

import numpy as np
import shap
import xgboost as xgb

COLUMNS, TRAINING, TOLD, BACKGROUND = 7, 400, 24, 11


def rows_of(random, count):
    """Returns rows on a grid that 32 bits hold exactly, some cells missing."""
    rows = random.integers(-24, 25, size=(count, COLUMNS)) / 8.0
    rows[:, 2] = random.integers(0, 3, size=count)
    rows[random.random(rows.shape) < 0.08] = np.nan
    return rows


def case(random, name, depth, trees):
    """Returns trees of a depth as XGBoost dumps them, and both kinds of Shapley values."""
    rows = rows_of(random, TRAINING)
    known = np.nan_to_num(rows)
    margin = known[:, 0] - known[:, 1] * known[:, 2] + 0.5 * np.sin(known[:, 3] * 3.0) * known[:, 4]
    labels = random.random(TRAINING) < 1.0 / (1.0 + np.exp(-margin))
    options = dict(objective="binary:logistic", max_depth=depth, learning_rate=0.3, min_child_weight=0.5, base_score=0.5, seed=1, nthread=1)
    booster = xgb.train(options, xgb.DMatrix(rows, label=labels), num_boost_round=trees)
    told, background = rows_of(random, TOLD), rows_of(random, BACKGROUND)
    by_path = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    by_rows = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
    path_values = np.asarray(by_path.shap_values(told), float)  # first: the expected value is known only after this
    cell = lambda value: None if np.isnan(value) else float(value)
    return {
        "name": name,
        "trees": [json.loads(tree) for tree in booster.get_dump(dump_format="json", with_stats=True)],
        "rows": [[cell(value) for value in row] for row in told],
        "background": [[cell(value) for value in row] for row in background],
        "scores": booster.predict(xgb.DMatrix(told), output_margin=True).astype(float).tolist(),
        "path_dependent": {"base": float(np.ravel(by_path.expected_value)[0]), "values": path_values.tolist()},
        "interventional": {"base": float(np.ravel(by_rows.expected_value)[0]), "values": np.asarray(by_rows.shap_values(told), float).tolist()},
    }


def main():
    random = np.random.default_rng(20)
    cases = [case(random, "shallow", 4, 6), case(random, "deep", 9, 3)]
    made = {"made_by": "bench/peers/shap_fixture.py", "xgboost": xgb.__version__, "shap": shap.__version__, "cases": cases}
    json.dump(made, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
