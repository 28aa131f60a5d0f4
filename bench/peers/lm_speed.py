"""One job of mixed adapters on Winback, PEFT and OpenVINO GenAI, in turn in one run: medians and ratios.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 gguf openvino-genai==2026.4.1.0
    python bench/peers/lm_speed.py FOLDER --peft PATH/multi_adapter_generate.py [--rows 64,128] [--turns 3]

The job: customers of 5 segments, an adapter of rank 16 on all seven matrices and a beginning of 600 tokens for each
segment, 60 own tokens and 128 new ones for each customer, greedily, on two threads, weights of the shape of
Qwen3-0.6B. FOLDER is where lm_checkpoint.py makes the model for OpenVINO, which mixes no adapters in a batch and does
the job without any; the other two draw their weights. Every side computes a segment's beginning once. Loading,
compiling and a first small batch are left out on all sides; what counts is from the first beginning to the last token.

For a fair measurement, on a machine with nothing else to do:
    setsid -w bash -c 'echo -20 > /proc/self/autogroup; exec nice -n -20 "$@"' _ python bench/peers/lm_speed.py …
The share of the machine that other processes took is told with every figure.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lm_checkpoint

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def busy_s():
    """Returns the seconds that all processors worked since the machine was started."""
    numbers = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) / os.sysconf("SC_CLK_TCK")


def run(command, environment, limit_s):
    """Returns what a command prints, its peak memory in GiB and the share of the machine that others took meanwhile."""
    with tempfile.TemporaryFile("w+") as out:
        before, start = busy_s(), time.perf_counter()
        process = subprocess.Popen(command, stdout=out, text=True, env={**os.environ, **environment}, cwd=REPOSITORY)
        while (done := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if time.perf_counter() - start > limit_s:
                process.kill()
            time.sleep(0.2)
        _, status, usage = done
        process.returncode = status
        wall, busy = time.perf_counter() - start, busy_s() - before
        out.seek(0)
        if status != 0:
            raise SystemExit(f"{' '.join(map(str, command))} failed with {status}:\n{out.read()}")
        foreign = max(0.0, busy - usage.ru_utime - usage.ru_stime) / (wall * os.cpu_count())
        return out.read(), usage.ru_maxrss / 2**20, foreign


def winback(precision):
    def side(arguments, rows, limit_s):
        command = [str(arguments.engine), "--rows", rows, "--new", arguments.new, "--precision", precision]
        text, peak, foreign = run(list(map(str, command)), {"RAYON_NUM_THREADS": "2"}, limit_s)
        found = lambda pattern: float(re.search(pattern, text).group(1))
        parts = [found(r"prefixes of 600 tokens: ([\d.]+) s"), found(r"own prompts of 60 tokens: ([\d.]+) s")]
        return sum(parts) + found(r"([\d.]+) ms a step") * arguments.new / 1e3, peak, foreign
    return side


def peft(arguments, rows, limit_s):
    command = [sys.executable, arguments.peft, "--prompts", rows, "--max-batch", rows, "--new", arguments.new, "--threads", 2]
    command += arguments.peft_mode.split()
    preload = {"LD_PRELOAD": str(arguments.preload)} if arguments.preload else {}
    text, peak, foreign = run(list(map(str, command)), {"OMP_NUM_THREADS": "2", **preload}, limit_s)
    told = json.loads(text.splitlines()[-1])
    assert told["new_tokens"] == rows * arguments.new, told
    return told["s"], peak, foreign


def openvino(arguments, rows, limit_s):
    command = [sys.executable, HERE / "lm_openvino.py", arguments.folder / "model-f16.gguf", "--rows", rows, "--new", arguments.new]
    text, peak, foreign = run(list(map(str, command)), {}, limit_s)
    return json.loads(text.splitlines()[-1])["seconds"], peak, foreign


SIDES = {"Winback bf16": winback("bf16"), "Winback int8": winback("int8"), "PEFT": peft, "OpenVINO": openvino}


def engine_bench():
    """Builds the benchmark of Winback's engine and returns its path."""
    command = ["cargo", "bench", "-q", "-p", "winback-lm", "--bench", "engine", "--no-run", "--message-format=json"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=REPOSITORY).stdout
    built = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    return next(one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "engine")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peft", type=Path, help="multi_adapter_generate.py")
    parser.add_argument("--peft-mode", default="--mode mixed-prefix --cache static", help="its options; the fastest mode of the machine")
    parser.add_argument("--preload", type=Path, help="an allocator for PEFT, such as libtcmalloc_minimal.so.4")
    parser.add_argument("--rows", type=lambda text: [int(word) for word in text.split(",")], default=[64, 128])
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sides", type=lambda text: text.split(","), default=list(SIDES))
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a run is stopped")
    parser.add_argument("--engine", type=Path, help="the built benchmark of the engine [default: built by cargo]")
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    arguments.engine = arguments.engine or engine_bench()
    if "OpenVINO" in arguments.sides:
        lm_checkpoint.make(arguments.folder)
    measured = {}
    for turn in range(arguments.turns):
        for rows in arguments.rows:
            for side in arguments.sides:
                seconds, peak, foreign = SIDES[side](arguments, rows, arguments.limit)
                measured.setdefault((rows, side), []).append((seconds, peak, foreign))
                print(f"turn {turn + 1}, {rows} customers, {side}: {seconds:.1f} s, {peak:.1f} GiB, others {foreign:.0%}", flush=True)
    for rows in arguments.rows:
        print(f"\n{rows} customers, {arguments.new} new tokens each, medians of {arguments.turns}")
        first = statistics.median(seconds for seconds, *_ in measured[rows, arguments.sides[0]])
        for side in arguments.sides:
            all_of = measured[rows, side]
            seconds, peak, foreign = (statistics.median(column) for column in zip(*all_of, strict=True))
            worst = max(row[2] for row in all_of)
            print(f"  {side:13s} {seconds:8.1f} s  {rows * arguments.new / seconds:7.1f} new tokens/s  {rows / seconds:6.2f} mails/s"
                  f"  {peak:5.1f} GiB  x {seconds / first:5.2f} of {arguments.sides[0]}  others at most {worst:.0%}")


if __name__ == "__main__":
    main()
