#!/usr/bin/env python3
"""Boosted trees and their exact reasons on the same rows, Winback beside XGBoost and the shap package in one run.

    python3 bench/trees.py --peer-python VENV/bin/python [--rows 1000000] [--explain 100000] [--turns 3]

200 trees of depth 4 on two threads each. XGBoost reads one-hot columns, as it is usually given them, and fits with
tree_method="hist"; it explains with pred_contribs and, where --shap is given, shap.TreeExplainer. Its explanations
are timed on --explain rows, as they take the same time per row; so are ours for the ratio. The sides take turns, so
that other work on the machine falls on both; the medians, their ratios and the most memory held are printed.
Reading the file is left out on both sides.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

THREADS = "2"
PEER = '''
import json, resource, sys, time
import numpy as np, pandas as pd, xgboost as xgb
file, told, with_shap = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "shap"
numbers = ["tenure", "MonthlyCharges", "TotalCharges"]
frame = pd.read_csv(file, na_values=[" "])
labels = (frame.pop("Churn") == "Yes").to_numpy().astype(np.float32)
frame = frame.drop(columns="customerID")
words = [name for name in frame.columns if name not in numbers]
x = np.column_stack([(frame[name] == word).to_numpy() for name in words for word in sorted(frame[name].unique())[frame[name].nunique() == 2:]]
                    + [frame[name].fillna(0.0).to_numpy() for name in numbers]).astype(np.float32)
del frame
seconds = {}
def lap(name, work):
    start = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - start
    return result
options = dict(objective="binary:logistic", tree_method="hist", max_depth=4, learning_rate=0.05, nthread=2)
trees = lap("fit", lambda: xgb.train(options, xgb.QuantileDMatrix(x, label=labels, nthread=2), num_boost_round=200))
lap("predict", lambda: trees.inplace_predict(x))
some = x[:told]
lap("explain", lambda: trees.predict(xgb.DMatrix(some, nthread=2), pred_contribs=True))
if with_shap:
    import shap
    lap("shap.TreeExplainer", lambda: shap.TreeExplainer(trees, feature_perturbation="tree_path_dependent").shap_values(some))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "peak_mib": peak, "columns": x.shape[1]}))
'''


def winback(rows):
    """Returns the seconds of fit, predict and explain, and the peak in MiB."""
    command = ["cargo", "bench", "-q", "-p", "winback-learn", "--bench", "trees", "--", str(rows), "1"]
    text = subprocess.run(command, check=True, text=True, capture_output=True, env={**os.environ, "RAYON_NUM_THREADS": THREADS}).stdout
    seconds = {name: float(re.search(rf"^{name}\s+([\d.]+) s", text, re.M).group(1)) for name in ("fit", "predict", "explain")}
    return seconds, float(re.search(r"^peak memory\s+([\d.]+) MiB", text, re.M).group(1))


def peer(arguments, rows):
    """Returns the same of XGBoost, explanations for fewer rows."""
    kind = "shap" if arguments.shap else "plain"
    command = [arguments.peer_python, "-c", PEER, str(rows), str(arguments.explain), kind]
    text = subprocess.run(command, check=True, text=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": THREADS}).stdout
    result = json.loads(text.splitlines()[-1])
    return result["seconds"], result["peak_mib"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default="python3")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--explain", type=int, default=100_000, help="how many rows the peer explains")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--shap", action="store_true", help="run shap.TreeExplainer, too")
    parser.add_argument("--winback", default="target/release/winback", help="the binary that makes the rows")
    arguments = parser.parse_args()
    told = min(arguments.explain, arguments.rows)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        subprocess.run([arguments.winback, "sample", "--rows", str(arguments.rows), "--out", str(rows)], check=True, capture_output=True)
        for _ in range(arguments.turns):
            ours.append(winback(rows))
            theirs.append(peer(arguments, rows))
    median = lambda runs, name: statistics.median(seconds[name] for seconds, _ in runs)
    print(f"{arguments.rows:,} rows, two threads each, {arguments.turns} turns, medians")
    for name in ("fit", "predict"):
        print(f"{name:32s} Winback {median(ours, name):8.2f} s   XGBoost {median(theirs, name):8.2f} s   ratio {median(theirs, name) / median(ours, name):6.1f}")
    per_row = median(ours, "explain") / arguments.rows
    for name in [name for name in theirs[0][0] if name not in ("fit", "predict")]:
        their_row = median(theirs, name) / told
        label = "explain, pred_contribs" if name == "explain" else f"explain, {name}"
        print(f"{label:32s} Winback {per_row * 1e6:8.2f} µs  peer    {their_row * 1e6:8.2f} µs  ratio {their_row / per_row:6.1f}  (per row)")
    peaks = [max(peak for _, peak in runs) for runs in (ours, theirs)]
    print(f"{'peak memory':32s} Winback {peaks[0]:8.0f} MiB XGBoost {peaks[1]:8.0f} MiB")


if __name__ == "__main__":
    main()
