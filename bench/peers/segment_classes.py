"""Classes A to D of customer-segmentation-train.csv with LightGBM, tuned on the folds it is measured on.

    pip install lightgbm pandas numpy
    python bench/peers/segment_classes.py ../shared/data/customer-segmentation-train.csv

Row i of the file, counted from 0, belongs to fold i mod 5. The best setting of the grid is reported with its accuracy on
the very folds it was chosen on, which flatters LightGBM a little. `cargo test -p winback-learn segment_classes` measures
ours on the same folds.
"""
import itertools
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd

table = pd.read_csv(sys.argv[1])
classes = table.pop("Segmentation").astype("category").cat.codes.to_numpy()
table = table.drop(columns="ID")
words = table.select_dtypes(exclude="number").columns
table[words] = table[words].astype("category")
fold = np.arange(len(table)) % 5

results = []
for leaves, rate, lam, cols in itertools.product([5, 8, 16], [0.05], [1.0, 10.0], [0.6, 1.0]):
    hits = np.zeros((5, 8))
    losses = np.zeros((5, 8))
    for k in range(5):
        train, test = fold != k, fold == k
        model = lgb.LGBMClassifier(objective="multiclass", num_leaves=leaves, learning_rate=rate, n_estimators=240, reg_lambda=lam,
                                   colsample_bytree=cols, min_child_samples=20, random_state=1, n_jobs=1, verbose=-1)
        model.fit(table[train], classes[train])
        for at, trees in enumerate(range(30, 241, 30)):
            p = model.predict_proba(table[test], num_iteration=trees)
            hits[k, at] = (p.argmax(1) == classes[test]).mean()
            losses[k, at] = -np.log(p[np.arange(test.sum()), classes[test]]).mean()
    for at, trees in enumerate(range(30, 241, 30)):
        results.append((hits[:, at].mean(), losses[:, at].mean(), dict(leaves=leaves, rate=rate, l2=lam, cols=cols, trees=trees)))

by_accuracy, by_loss = max(results, key=lambda r: r[0]), min(results, key=lambda r: r[1])
print(f"best accuracy {by_accuracy[0]:.4f} (log loss {by_accuracy[1]:.4f}) with {by_accuracy[2]}")
print(f"best log loss {by_loss[1]:.4f} (accuracy {by_loss[0]:.4f}) with {by_loss[2]}")
