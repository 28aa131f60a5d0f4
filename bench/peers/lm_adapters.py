"""Adapters go both ways between Winback and PEFT: what one writes, the other reads, and finds texts equally likely.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2
    cargo build --release && python bench/peers/lm_adapters.py FIXTURES [--winback target/release/winback]

FIXTURES is the folder of the tiny random models (qwen3-tiny). Winback teaches an adapter; PEFT loads it and computes
the log-probability of every token of some replies, and a greedy text, as `winback lm eval` and `winback lm complete`
do. Then PEFT makes and saves an adapter of another rank and other modules, and Winback reads that one. All in f32.
Prints a table; the exit code is 1 if something is beyond its tolerance.
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

# The largest difference of the mean −ln p of a reply's token.
TOLERANCE = 1e-4
RECIPE = "[segments]\nleast_rows = 8\n[recipe]\nrank = 4\nlearning_rate = 0.01\ntokens_per_step = 400\nepochs = 3\n"
F32 = ["--precision", "f32", "--no-packed-cache"]


def example(draw):
    words = ["plan", "line", "help", "bill", "month", "offer", "phone", "data", "優惠", "方案", "電話", "服务"]
    body = " ".join(draw.choice(words) for _ in range(24))
    return {"input": f"Write to customer {draw.randrange(1000)}.", "output": f"Subject: hello\n\n{body}", "segment": "Dormant"}


def conversation(row):
    return [{"role": "user", "content": row["input"]}, {"role": "assistant", "content": row["output"]}]


class Theirs:
    """transformers and PEFT on a model directory."""

    def __init__(self, folder):
        self.folder = folder
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        self.tokenizer.chat_template = (folder / "chat_template.jinja").read_text()

    def base(self):
        return AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32, attn_implementation="eager").eval()

    def ids(self, messages, **how):
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, enable_thinking=False, **how)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def surprise(self, model, row):
        """Returns the mean −ln p of the reply's tokens, up to the one that ends it."""
        prompt = self.ids(conversation(row)[:1], add_generation_prompt=True)
        whole = self.ids(conversation(row))
        assert whole[:len(prompt)] == prompt
        end = whole.index(2, len(prompt)) + 1
        with torch.no_grad():
            logits = model(torch.tensor([whole[:end]])).logits[0].double()
        told = torch.log_softmax(logits[len(prompt) - 1:end - 1], -1)
        return -told[torch.arange(end - len(prompt)), torch.tensor(whole[len(prompt):end])].mean().item()

    def greedy(self, model, prompt, count):
        ids = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        begin = len(ids)
        for _ in range(count):
            with torch.no_grad():
                ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == 2:
                break
        return self.tokenizer.decode(ids[begin:], skip_special_tokens=True)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("fixtures", type=Path)
    parse.add_argument("--winback", default="target/release/winback")
    args = parse.parse_args()
    winback = str(Path(args.winback).resolve())
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        (home / "model").mkdir()
        for source, name in [("tied/config.json", "config.json"), ("tied/model.safetensors", "model.safetensors"),
                             ("tokenizer/tokenizer.json", "tokenizer.json"), ("chat_template/qwen3.jinja", "chat_template.jinja")]:
            shutil.copy(args.fixtures / source, home / "model" / name)
        draw = random.Random(20261121)
        rows = [example(draw) for _ in range(40)]
        (home / "mails.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
        (home / "replies.jsonl").write_text("\n".join(json.dumps({"messages": conversation(row)}) for row in rows))
        (home / "recipe.toml").write_text(RECIPE)

        def run(*words):
            return json.loads(subprocess.run([winback, *words, "--json"], cwd=home, check=True, capture_output=True).stdout)

        run("adapters", "train", "--data", "mails.jsonl", "--base-model-path", "model", "--recipe", "recipe.toml", *F32)
        theirs = Theirs(home / "model")
        torch.manual_seed(7)
        config = LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=6, target_modules=["v_proj", "o_proj", "up_proj"], use_rslora=True)
        made = get_peft_model(theirs.base(), config)
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if "lora_B" in name:
                    weight.normal_(0, 0.05)
        made.save_pretrained(home / "made-by-peft")
        fails = 0
        print(f"{'adapter of':12}{'replies':>8}{'mean −ln p, PEFT':>18}{'Winback':>10}{'largest difference':>20}  greedy text")
        for who, folder in [("Winback", "adapters/Dormant/v1"), ("PEFT", "made-by-peft")]:
            peft = PeftModel.from_pretrained(theirs.base(), home / folder).eval()
            told = run("lm", "eval", "--model", "model", "--conversations", "replies.jsonl", "--no-think", "--adapter", folder, *F32)
            ours = [reply["surprise"] / reply["tokens"] for reply in told["each"]]
            own = [theirs.surprise(peft, row) for row in rows]
            apart = max(abs(a - b) for a, b in zip(ours, own))
            written = run("lm", "complete", "model", "Hello", "--adapter", folder, "--temperature", "0", "--max-tokens", "24", *F32)["text"]
            same = written == theirs.greedy(peft, "Hello", 24)
            fails += (apart > TOLERANCE) + (not same)
            mean = [sum(values) / len(values) for values in (own, ours)]
            print(f"{who:12}{len(rows):8}{mean[0]:18.5f}{mean[1]:10.5f}{apart:20.2e}  {'the same' if same else 'ANOTHER'}")
    sys.exit(1 if fails else 0)


main()
