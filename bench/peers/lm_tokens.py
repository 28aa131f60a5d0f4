"""Token ids of Winback beside Hugging Face's, on 12,000 texts in Chinese, English, emoji and whatever Unicode has.

    pip install tokenizers==0.23.3
    python bench/peers/lm_tokens.py                       # a tokenizer made up here, with the pattern of Qwen3
    python bench/peers/lm_tokens.py PATH/tokenizer.json   # a model's own

Python's library finds words with Oniguruma and ours with fancy-regex, so this is no comparison of equals with equals.
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
ENGLISH = """We noticed that you have not been around for a while and would like to win back your trust our fibre plan renews
next month it's they're I'd don't twelve months 20% off $70.35 month-to-month naïve café São Paulo""".split()
CHINESE = "親愛的客戶您好我們注意到您最近沒有使用服務為了感謝長期以來的支持特別為您準備了專屬優惠亲爱的客户您好我们注意到您最近没有使用服务为了感谢长期以来的支持特别为您准备了专属优惠，。！？「」：；…％"
EMOJI = ["🙂", "🎉", "👨‍👩‍👧", "🇹🇼", "👍🏽", "❤️", "①", "½", "👩🏾‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
SPACES = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\u200b", "\u0085", "\ufeff"]


def any_letter(r):
    while True:
        point = r.randrange(0x110000)
        if not 0xD800 <= point < 0xE000:
            return chr(point)


def text(r):
    kinds = [
        lambda: r.choice(ENGLISH) + " ",
        lambda: "".join(r.choice(CHINESE) for _ in range(r.randrange(1, 9))),
        lambda: r.choice(EMOJI),
        lambda: r.choice(SPACES),
        lambda: str(r.randrange(10**6)),
        lambda: any_letter(r),
        lambda: "".join(chr(r.randrange(0x20, 0x250)) for _ in range(3)),
        lambda: "e" + chr(r.randrange(0x300, 0x370)),
        lambda: chr(r.randrange(0x1100, 0x1200)) + chr(r.randrange(0x1160, 0x11A8)),
        lambda: r.choice(CONTROL),
    ]
    return "".join(r.choices(kinds, weights=[30, 30, 8, 10, 5, 5, 5, 3, 2, 2])[0]() for _ in range(r.randrange(1, 30)))


def made_up(path, texts):
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=8000, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(texts, trainer)
    made.save(str(path))


def main():
    r = random.Random(7)
    texts = [text(r) for _ in range(12_000)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "tokenizer.json"
        if len(sys.argv) == 1:
            made_up(path, texts[:4000])
        theirs = Tokenizer.from_file(str(path))
        command = ["cargo", "run", "--release", "-q", "-p", "winback-lm", "--example", "encode", "--", str(path)]
        lines = "".join(json.dumps(one) + "\n" for one in texts)
        ours = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split("\n")
    assert len(ours) == len(texts) + 1, "the last line ends with a line break"
    different = tokens = 0
    for one, line in zip(texts, ours[:-1], strict=True):
        ids, decoded = json.loads(line)
        expected = theirs.encode(one, add_special_tokens=False).ids
        tokens += len(expected)
        if ids != expected or decoded != theirs.decode(expected, skip_special_tokens=False):
            different += 1
            print(f"different: {one!r}\n  ours   {ids}\n  theirs {expected}")
    print(f"{len(texts)} texts, {tokens} tokens, {different} different")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
