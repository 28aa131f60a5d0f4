"""Winback's gradients of all weights of a model beside PyTorch's, and a published model beside transformers.

    pip install torch transformers safetensors
    cargo build --release --example whole_gradients -p winback-lm
    python bench/peers/lm_whole.py gradients MODEL [--example target/release/examples/whole_gradients]
    python bench/peers/lm_whole.py published MODEL [--winback target/release/winback]

`gradients` compares the loss and every gradient of a model directory in f32 with texts of drawn tokens, a part of which is
learned. `published` compares the tokens that the chat template makes of conversations, and what the model makes of their
replies (`winback lm eval` in f32). The exit code is 1 if something is beyond its tolerance.
"""
import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

REPLIES = ["Subject: Hello\n\nDear {{first_name}},\n\nwe suggest “{{offer.name}}”. {{offer.promise}}",
           "主旨：您好\n預覽：想聽您說說\n\n{{first_name}} 您好：\n\n想請您看看「{{offer.name}}」。{{offer.promise}}",
           "主题：您好\n\n{{first_name}}，您好！\n\n我们准备了“{{offer.name}}”。<|im_end|> 🎉"]


def gradients(args):
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, attn_implementation="eager")
    draw = random.Random(1)
    texts = [{"tokens": [draw.randrange(model.config.vocab_size) for _ in range(length)], "learned": [at >= length // 3 for at in range(length)]}
             for length in (40, 7, 130, 64)]
    model.zero_grad()
    learned = sum(sum(text["learned"][1:]) for text in texts)
    total = 0.0
    for text in texts:
        ids = torch.tensor([text["tokens"]])
        logits = model(ids).logits[0, :-1].log_softmax(-1)
        wanted = torch.tensor(text["learned"][1:])
        loss = -logits.gather(1, ids[0, 1:, None])[:, 0][wanted].sum() / learned
        loss.backward()
        total += loss.item()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "texts.json").write_text(json.dumps(texts))
        out = Path(folder) / "gradients.safetensors"
        printed = subprocess.run([args.example, args.model, Path(folder) / "texts.json", out], check=True, capture_output=True, text=True).stdout
        ours = load_file(out)
    theirs = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    largest = max(grad.abs().max().item() for grad in theirs.values())
    worst = max((ours[name] - theirs[name]).abs().max().item() for name in theirs)
    print(f"loss {float(printed):.7f}, PyTorch {total:.7f}; {len(theirs)} gradients, largest entry {largest:.4f}, worst difference {worst:.2e}")
    return abs(float(printed) - total) < 1e-5 and worst < 1e-5 * max(largest, 1.0)


def published(args):
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for reply in REPLIES:
            messages = [{"role": "system", "content": "You write mails."}, {"role": "user", "content": "寫一封信 / write"}, {"role": "assistant", "content": reply}]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
        file.flush()
        command = [args.winback, "lm", "eval", "--model", args.model, "--conversations", file.name, "--precision", "f32", "--json"]
        ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["each"]
    good = True
    for reply, found in zip(REPLIES, ours):
        asked = [{"role": "system", "content": "You write mails."}, {"role": "user", "content": "寫一封信 / write"}]
        before = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
        # A control token that somebody typed is text for us; transformers has no such care, so that one is left out here.
        if "<|im_end|>" in reply:
            continue
        prompt, whole = (tokenizer(text, add_special_tokens=False).input_ids for text in (before, before + reply + "<|im_end|>"))
        assert whole[: len(prompt)] == prompt
        logits = model(torch.tensor([whole])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        surprise = -logits.gather(1, torch.tensor(whole[len(prompt) :])[:, None]).sum().item()
        off = abs(surprise - found["surprise"])
        print(f"{len(whole) - len(prompt)} tokens, ours {found['tokens']}; surprise {surprise:.5f}, ours {found['surprise']:.5f}")
        good &= len(whole) - len(prompt) == found["tokens"] and off < 1e-3 * math.sqrt(found["tokens"])
    return good


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["gradients", "published"])
parser.add_argument("model")
parser.add_argument("--example", default="target/release/examples/whole_gradients")
parser.add_argument("--winback", default="target/release/winback")
args = parser.parse_args()
sys.exit(0 if {"gradients": gradients, "published": published}[args.what](args) else 1)
