#!/usr/bin/env python3
"""The whole job on a million Telco-shaped rows: seconds per stage and peak memory.

    cargo build --release && python3 bench/million.py [--rows 1000000] [--repeat 3]

Makes the rows with `winback sample`, runs `winback run` (import, train, assess, plan; no messages) in a fresh
folder each time, and prints the median of each stage. With --peer PATH/churn_speed.py (and a Python that has its
requirements, --peer-python) the peer reads, encodes, fits and explains the same file in the same run.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


def run(command, **options):
    """Returns the finished process, its wall seconds and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} failed with {status}:\n{output}")
    return output, time.perf_counter() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--winback", default="target/release/winback")
    parser.add_argument("--peer", type=Path, help="churn_speed.py of the Python peer")
    parser.add_argument("--peer-python", default="python3")
    arguments = parser.parse_args()
    winback = str(Path(arguments.winback).resolve())
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        _, seconds, _ = run([winback, "sample", "--rows", str(arguments.rows), "--seed", "7", "--out", str(rows)])
        print(f"{arguments.rows} rows, {rows.stat().st_size / 1e6:.0f} MB, made in {seconds:.1f} s")
        stages, totals, peaks = {}, [], []
        for turn in range(arguments.repeat):
            home = Path(folder) / f"home{turn}"
            home.mkdir()
            output, seconds, peak = run([winback, "--home", str(home), "--json", "--quiet", "run", "--data", str(rows), "--top", "0"])
            for stage in json.loads(output)["stages"]:
                stages.setdefault(stage["stage"], []).append(stage["duration_ms"] / 1000)
            totals.append(seconds)
            peaks.append(peak)
        for stage, times in stages.items():
            print(f"  {stage:10s} {statistics.median(times):8.2f} s")
        print(f"  {'total':10s} {statistics.median(totals):8.2f} s   peak {max(peaks):.0f} MiB")
        if arguments.peer:
            for encode in ("sklearn", "category"):
                command = [arguments.peer_python, str(arguments.peer), str(rows), "--encode", encode, "--skip-explain"]
                output, seconds, peak = run(command)
                print(f"peer, --encode {encode}: {seconds:.2f} s, peak {peak:.0f} MiB\n{output}")


if __name__ == "__main__":
    main()
