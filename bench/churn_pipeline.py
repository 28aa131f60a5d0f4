#!/usr/bin/env python3
"""Features, fit and exact reasons on the same rows, Winback and the Python peer in one run.

    python3 bench/churn_pipeline.py --peer PATH/churn_speed.py --peer-python VENV/bin/python [--rows 1000000]

The peer reads, encodes (scikit-learn's OneHotEncoder, the usual way, and pandas categories, the fast way), fits a
logistic regression and explains it (linear SHAP); Winback computes features, trains and assesses with reasons.
Each side is run in turn, three times; the medians and their ratio are printed. Reading the file is left out on
both sides.
"""
import argparse
import json
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

PEER_PHASES = ("b_clean_encode", "c1_fit_lr", "d1_predict_lr", "e1_explain_lr")


def winback_seconds(rows):
    """Returns the median seconds of features, train and assess."""
    command = ["cargo", "bench", "-q", "-p", "winback-learn", "--bench", "churn", "--", str(rows)]
    output = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    return float(re.search(r"^all three\s+([\d.]+) s", output, re.M).group(1))


def peer_seconds(arguments, rows, encode):
    """Returns the seconds of encoding, fitting, predicting and explaining, without the tree model."""
    command = [arguments.peer_python, str(arguments.peer), str(rows), "--encode", encode, "--skip-explain"]
    output = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    phases = json.loads(output.splitlines()[0])["phases"]
    return sum(phases[phase]["s"] for phase in PEER_PHASES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True, help="churn_speed.py")
    parser.add_argument("--peer-python", default="python3")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--winback", default="target/release/winback")
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        subprocess.run([arguments.winback, "sample", "--rows", str(arguments.rows), "--out", str(rows)], check=True)
        times = {"winback": [], "peer, sklearn encoding": [], "peer, pandas categories": []}
        for _ in range(arguments.turns):
            times["winback"].append(winback_seconds(rows))
            times["peer, sklearn encoding"].append(peer_seconds(arguments, rows, "sklearn"))
            times["peer, pandas categories"].append(peer_seconds(arguments, rows, "category"))
    ours = statistics.median(times["winback"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:26s} {median:8.2f} s   {median / ours:5.1f} × Winback's time")


if __name__ == "__main__":
    main()
