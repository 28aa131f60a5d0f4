"""Steps of LoRA fine-tuning on Winback, on a plain loop of PyTorch with PEFT and on TRL, in turn in one run: medians, ratios
and peak memory.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 trl
    python bench/peers/lm_train_speed.py --peft PATH/lora_train.py [--turns 3] [--preload libtcmalloc_minimal.so.4]

The job: weights of the shape of Qwen3-0.6B, drawn, in bf16; an adapter of rank 16 on all seven matrices; 4 texts of 512
tokens, 256 of each in the loss, no dropout, two threads. With everything inside a layer computed a second time
(checkpointing) and with everything kept. Loading, compiling and a first step are left out on all sides; a side's figure
is the median of its steps. The loop of PyTorch makes logits only where a token is learned, as Winback does, and keeps
its adapters in bf16, which is its fastest; TRL is as it is shipped.

For a fair measurement, on a machine with nothing else to do:
    setsid -w bash -c 'echo -20 > /proc/self/autogroup; exec nice -n -20 "$@"' _ python bench/peers/lm_train_speed.py …
The share of the machine that other processes took is told with every figure.
"""
import argparse
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

from lm_speed import REPOSITORY, run

TOKENS = 4 * 512


def winback(*options):
    def side(arguments):
        command = [str(arguments.engine), "--steps", str(arguments.steps + 1), *options]
        text, peak, foreign = run(command, {"RAYON_NUM_THREADS": "2"}, arguments.limit)
        steps = [float(seconds) for seconds in re.findall(r"step \d+: loss [\d.]+, ([\d.]+) s", text)]
        assert len(steps) == arguments.steps + 1, text
        return statistics.median(steps[1:]), peak, foreign
    return side


def pytorch(*options):
    def side(arguments):
        command = [sys.executable, str(arguments.peft), "--steps", str(arguments.steps), "--threads", "2", *options]
        preload = {"LD_PRELOAD": str(arguments.preload)} if arguments.preload else {}
        text, peak, foreign = run(command, {"OMP_NUM_THREADS": "2", **preload}, arguments.limit)
        told = json.loads(text.splitlines()[-1])
        assert told["batch"] * told["seq"] == TOKENS and told["trainable"] == 10_092_544, told
        return told["s_per_step_median"], peak, foreign
    return side


PLAIN = ("--adapter-dtype", "bf16")
SIDES = {
    "once more": {"Winback": winback(), "PEFT": pytorch(*PLAIN, "--checkpointing"), "TRL": pytorch("--trainer", "trl", "--checkpointing")},
    "kept": {"Winback": winback("--keep"), "PEFT": pytorch(*PLAIN), "TRL": pytorch("--trainer", "trl")},
}


def built():
    """Builds the benchmark of fine-tuning and returns its path."""
    command = ["cargo", "bench", "-q", "-p", "winback-lm", "--bench", "finetune", "--no-run", "--message-format=json"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=REPOSITORY).stdout
    lines = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    return next(one["executable"] for one in lines if one.get("executable") and one["target"]["name"] == "finetune")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peft", type=Path, required=True, help="lora_train.py")
    parser.add_argument("--preload", type=Path, help="an allocator for PyTorch, such as libtcmalloc_minimal.so.4")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sides", type=lambda text: text.split(","), default=["Winback", "PEFT", "TRL"])
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a run is stopped")
    parser.add_argument("--engine", type=Path, help="the built benchmark of fine-tuning [default: built by cargo]")
    arguments = parser.parse_args()
    arguments.engine = (arguments.engine or Path(built())).resolve()
    arguments.peft = arguments.peft.resolve()
    measured = {}
    for turn in range(arguments.turns):
        for way, sides in SIDES.items():
            for side in arguments.sides:
                seconds, peak, foreign = sides[side](arguments)
                measured.setdefault((way, side), []).append((seconds, peak, foreign))
                print(f"turn {turn + 1}, {way}, {side}: {seconds:.2f} s a step, {peak:.1f} GiB, others {foreign:.0%}", flush=True)
    for way in SIDES:
        print(f"\ninside a layer {way}, medians of {arguments.turns}")
        first = statistics.median(seconds for seconds, *_ in measured[way, arguments.sides[0]])
        for side in arguments.sides:
            seconds, peak, foreign = (statistics.median(column) for column in zip(*measured[way, side], strict=True))
            worst = max(row[2] for row in measured[way, side])
            print(f"  {side:8s} {seconds:7.2f} s a step  {TOKENS / seconds:6.1f} tokens/s  {peak:5.1f} GiB"
                  f"  x {seconds / first:5.2f} of {arguments.sides[0]}  others at most {worst:.0%}")


if __name__ == "__main__":
    main()
