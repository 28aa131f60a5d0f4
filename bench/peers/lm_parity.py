"""Winback beside transformers and PEFT on a model of the shape of Qwen3-0.6B with three adapters, all drawn by a seed.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 gguf
    cargo build --release && python bench/peers/lm_parity.py FOLDER [--layers 28] [--winback target/release/winback]

FOLDER is where lm_checkpoint.py makes the model, once. Compared are, for the base and each adapter: every logit in f32
(transformers in f64 tells how much of a difference is rounding), a left-padded batch of mixed adapters with ours that
needs no padding, greedy texts token by token and as `winback lm complete` prints them, the error of bf16 beside that
of transformers in bf16, the error of 8 bits, perplexities, and the token ids of 12,000 texts by a tokenizer of
151,643 pieces. Prints tables; the exit code is 1 if something is beyond its tolerance.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import lm_checkpoint
import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

REPOSITORY = Path(__file__).resolve().parents[2]
PROMPTS = ["親愛的客戶您好，我們注意到您最近沒有使用服務，", "为了感谢您长期以来的支持，特别为您准备了", "Dear customer, we would like to win back",
           "🎉 20% off, $70.35 month-to-month 👨‍👩‍👧"]
WRITERS = ["base", *lm_checkpoint.ADAPTERS]
SAMPLED, GREEDY = 24, 32
# Tokens of the long text, and how many of its last rows are compared.
LONG, COMPARED = 2_048, 64
# In f32 the largest difference of a logit. For shorter numbers: the error relative to the size of the logits, the share
# of rows whose likeliest token stays, and the ratio of perplexities. Bf16 is also held to the error of transformers.
TOLERANCE = 1e-4
SHORTER = {"bf16": (0.05, 0.9, 0.02), "int8": (0.15, 0.75, 0.1)}
failures = []


def check(holds, what):
    """Returns "ok" or notes what does not hold."""
    if not holds:
        failures.append(what)
    return "ok" if holds else "NO"


def table(head, rows):
    rows = [head, *([str(cell) if not isinstance(cell, float) else f"{cell:.3g}" for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(flush=True)


class Theirs:
    """transformers and PEFT in one precision."""

    def __init__(self, model_dir, adapters, dtype):
        base = AutoModelForCausalLM.from_pretrained(model_dir, dtype=dtype, attn_implementation="eager")
        (first, path), *others = adapters.items()
        self.peft = PeftModel.from_pretrained(base, path, adapter_name=first)
        for name, path in others:
            self.peft.load_adapter(path, adapter_name=name)
        self.peft.eval()

    def by(self, writer, work):
        """Returns what `work` gives with an adapter, or without one."""
        if writer == "base":
            with self.peft.disable_adapter():
                return work()
        self.peft.set_adapter(writer)
        return work()

    def logits(self, writer, texts):
        """Returns the logits of texts one by one, [tokens, vocabulary] of all together."""
        one = lambda text: self.peft(input_ids=torch.tensor([text])).logits[0].double().numpy()
        return self.by(writer, lambda: np.concatenate([one(text) for text in texts]))

    def mixed(self, texts):
        """Returns the last logits of one left-padded batch, row by row with another writer."""
        length = max(map(len, texts))
        ids = torch.tensor([[0] * (length - len(text)) + text for text in texts])
        mask = torch.tensor([[0] * (length - len(text)) + [1] * len(text) for text in texts])
        names = ["__base__" if writer == "base" else writer for writer in WRITERS]
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        out = self.peft(input_ids=ids, attention_mask=mask, position_ids=places, adapter_names=names, logits_to_keep=1)
        return out.logits[:, -1].double().numpy()

    def write(self, writer, prompt, **how):
        """Returns the tokens that are written after a prompt."""
        ids = torch.tensor([prompt])
        out = self.by(writer, lambda: self.peft.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **how))
        return out[0, len(prompt):].tolist()


class Ours:
    """Winback in one precision."""

    def __init__(self, model_dir, adapters, precision, vocabulary):
        command = ["cargo", "run", "--release", "-q", "-p", "winback-lm", "--example", "logits", "--"]
        self.command = [*command, str(model_dir), precision, "auto", *map(str, adapters.values())]
        self.vocabulary = vocabulary

    def logits(self, batches):
        """Returns the logits of batches of (writer, ids), each [tokens, vocabulary]."""
        lines = "".join(json.dumps([[WRITERS.index(writer), ids] for writer, ids in batch]) + "\n" for batch in batches)
        told = subprocess.run(self.command, input=lines.encode(), stdout=subprocess.PIPE, check=True, cwd=REPOSITORY).stdout
        rows = np.frombuffer(told, dtype="<f4").reshape(-1, self.vocabulary)
        ends = np.cumsum([sum(len(ids) for _, ids in batch) for batch in batches])
        assert ends[-1] == len(rows), "a row for every token"
        return np.split(rows, ends[:-1])


def perplexity(logits, texts):
    """Returns e to the mean surprise at the tokens of the texts, the first of each left out."""
    logits = logits - logits.max(axis=1, keepdims=True)
    surprise, row = [], 0
    for text in texts:
        for token in text[1:]:
            surprise.append(np.log(np.exp(logits[row].astype(np.float64)).sum()) - logits[row, token])
            row += 1
        row += 1
    return float(np.exp(np.mean(surprise)))


def likeness(logits, exact):
    """Returns the error relative to the size of the logits, and the share of rows with the same likeliest token."""
    off = float(np.linalg.norm(logits - exact) / np.linalg.norm(exact))
    return off, float((logits.argmax(1) == exact.argmax(1)).mean())


def compare_exactly(theirs, ours, texts):
    """Compares every logit in f32 and returns theirs, by writer."""
    expected = {writer: theirs.logits(writer, texts) for writer in WRITERS}
    mixed = theirs.mixed(texts)
    theirs.peft.double()
    exact = {writer: theirs.logits(writer, texts) for writer in WRITERS}
    theirs.peft.float()
    batches = [[(writer, text) for text in texts] for writer in WRITERS]
    *found, found_mixed = ours.logits([*batches, list(zip(WRITERS, texts, strict=True))])
    rows = []
    for writer, logits in zip(WRITERS, found, strict=True):
        off, rounding, own = (float(abs(a - b).max()) for a, b in
                              [(logits, expected[writer]), (expected[writer], exact[writer]), (logits, exact[writer])])
        same = likeness(logits, expected[writer])[1]
        rows.append([writer, len(logits), off, own, rounding, f"{same:.1%}", check(off <= TOLERANCE, f"f32, {writer}: off by {off}")])
    last = np.cumsum([len(text) for text in texts]) - 1
    off = float(abs(found_mixed[last] - mixed).max())
    rows.append(["padded, mixed", len(texts), off, "", "", "", check(off <= TOLERANCE, f"f32, mixed: off by {off}")])
    size = expected["base"].std()
    print(f"f32: the largest difference of a logit, of {expected['base'].shape[1]} a row; their standard deviation is {size:.2f}")
    table(["writer", "rows", "ours-theirs", "ours-f64", "theirs-f64", "same likeliest", f"<= {TOLERANCE}"], rows)
    return expected


def compare_long(theirs, ours, writer, text):
    """Compares the last logits of a text of many tokens, read by one writer in f32."""
    whole = (text * (LONG // len(text) + 1))[:LONG]
    read = lambda: theirs.peft(input_ids=torch.tensor([whole]), logits_to_keep=COMPARED).logits[0].double().numpy()
    expected, [found] = theirs.by(writer, read), ours.logits([[(writer, whole)]])
    off = float(abs(found[-COMPARED:] - expected).max())
    same = likeness(found[-COMPARED:], expected)[1]
    print(f"f32, {writer}, a text of {LONG} tokens, its last {COMPARED} rows")
    table(["largest difference", "same likeliest", f"<= {TOLERANCE}"],
          [[off, f"{same:.1%}", check(off <= TOLERANCE and same == 1, f"f32, a long text: off by {off}")]])


def compare_greedily(theirs, ours, prompts, tokenizer, complete):
    """Compares greedy texts: each token of theirs must be our likeliest after all before it, and the printed text equal."""
    cases, batches = [], []
    for writer in WRITERS:
        for number, prompt in enumerate(prompts):
            written = theirs.write(writer, prompt, max_new_tokens=GREEDY, do_sample=False)
            cases.append((writer, number, prompt, written))
            batches.append([(writer, prompt + written[:-1])])
    rows = []
    for (writer, number, prompt, written), logits in zip(cases, ours.logits(batches), strict=True):
        after = logits[len(prompt) - 1:]
        top = np.sort(after, axis=1)[:, -2:]
        same = int((after.argmax(1) == written).sum())
        what = f"greedy, {writer}, prompt {number}"
        holds = check(same == len(written), f"{what}: {same} of {len(written)} tokens")
        printed = ""
        if number == WRITERS.index(writer):  # each writer prints one, as the model is loaded every time
            said, text = complete(PROMPTS[number], writer), tokenizer.decode(written, skip_special_tokens=True)
            printed = check(said["text"] == text and said["tokens"] == len(written), f"{what}: {said} for {text!r}")
        rows.append([writer, number, len(written), same, holds, printed, float((top[:, 1] - top[:, 0]).min())])
    print("f32, greedy: their tokens, ours that are the same, whether `winback lm complete` prints them, the nearest tie on the way")
    table(["writer", "prompt", "tokens", "same", "", "printed", "nearest tie"], rows)


def compare_shorter(their_bf16, ours, expected, texts):
    """Compares shorter numbers with f32."""
    rows = []
    batches = [[(writer, text) for text in texts] for writer in WRITERS]
    found = {precision: ours[precision].logits(batches) for precision in SHORTER}
    for at, writer in enumerate(WRITERS):
        exact = expected[writer]
        known = perplexity(exact, texts)
        rows.append([writer, "f32", "theirs", "", "", known, ""])
        theirs = their_bf16.logits(writer, texts)
        their_off, same = likeness(theirs, exact)
        rows.append([writer, "bf16", "theirs", their_off, f"{same:.1%}", perplexity(theirs, texts), ""])
        for precision, (most, least, ratio) in SHORTER.items():
            off, same = likeness(found[precision][at], exact)
            ours_perplexity = perplexity(found[precision][at], texts)
            holds = off <= most and same >= least and abs(np.log(ours_perplexity / known)) <= ratio
            holds = holds and (precision != "bf16" or off <= their_off)
            rows.append([writer, precision, "ours", off, f"{same:.1%}", ours_perplexity, check(holds, f"{precision}, {writer}")])
    print("shorter numbers beside f32: error relative to the size of the logits, same likeliest token, perplexity")
    told = ", ".join(f"{precision} <= {most}, >= {least:.0%}, ±{ratio:.0%}" for precision, (most, least, ratio) in SHORTER.items())
    print(f"tolerances: {told}; ours in bf16 no further off than theirs")
    table(["writer", "numbers", "whose", "error", "same", "perplexity", ""], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--winback", type=Path, default=REPOSITORY / "target/release/winback")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.manual_seed(3)
    model_dir, adapters = lm_checkpoint.make(arguments.folder.resolve(), arguments.layers)
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    ours = {precision: Ours(model_dir, adapters, precision, lm_checkpoint.SHAPE["vocab_size"]) for precision in ("f32", *SHORTER)}

    def complete(prompt, writer):
        adapter = ["--adapter", str(adapters[writer])] if writer in adapters else []
        command = [str(arguments.winback.resolve()), "--json", "lm", "complete", str(model_dir), "--precision", "f32", "--temperature", "0"]
        command += ["--max-tokens", str(GREEDY), *adapter, prompt]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

    prompts = [tokenizer.encode(prompt, add_special_tokens=False) for prompt in PROMPTS]
    theirs = Theirs(model_dir, adapters, torch.float32)
    texts = [prompt + theirs.write("base", prompt, max_new_tokens=SAMPLED, do_sample=True, top_k=0, top_p=1.0) for prompt in prompts]
    expected = compare_exactly(theirs, ours["f32"], texts)
    compare_long(theirs, ours["f32"], "all_seven", [token for text in texts for token in text])
    compare_greedily(theirs, ours["f32"], prompts, tokenizer, complete)
    del theirs
    compare_shorter(Theirs(model_dir, adapters, torch.bfloat16), ours, expected, texts)
    ids = subprocess.run([sys.executable, str(Path(__file__).with_name("lm_tokens.py")), str(model_dir / "tokenizer.json")], cwd=REPOSITORY)
    check(ids.returncode == 0, "token ids")
    print("\n".join(f"beyond tolerance: {failure}" for failure in failures) or "all within tolerance")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
