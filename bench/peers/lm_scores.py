"""BLEU and chrF of Winback beside sacreBLEU's, on 3,000 made-up texts in Chinese, English, emoji and punctuation.

    pip install sacrebleu==2.6.0
    python bench/peers/lm_scores.py

Prints how many of the scores differ in the fourth decimal; the exit code is 1 if one does.
"""
import json
import random
import subprocess
import sys

from sacrebleu.metrics import BLEU, CHRF

LETTERS = (
    list("abcde ABC .,-'\"&;:!?()/0123456789$%")
    + list("您好嗎的優惠方案感謝，。！？「」…—“”％１２３🎉é½")
    + ["&amp;", "&quot;", "&lt;", "1,234.5", "3-4", "<skipped>", "\n", "-\n", "\u3000", "\u00a0", "\u2028"]
)
TOKENIZERS = ["13a", "zh", "char"]


def made_up(r, length):
    return "".join(r.choice(LETTERS) for _ in range(length))


def changed(r, text):
    letters = list(text)
    for _ in range(r.randrange(7)):
        if letters:
            letters[r.randrange(len(letters))] = r.choice(LETTERS)
    return "".join(letters)


def main():
    r = random.Random(20261121)
    cases = []
    for _ in range(3000):
        reference = made_up(r, r.randrange(70))
        cases.append((changed(r, reference), [reference, changed(r, reference)]))
    sent = "\n".join(json.dumps(case) for case in cases) + "\n"
    command = ["cargo", "run", "--quiet", "--release", "-p", "winback-lm", "--example", "score"]
    answer = subprocess.run(command, input=sent, text=True, capture_output=True, check=True, encoding="utf-8").stdout
    ours = [json.loads(line) for line in answer.splitlines()]
    one = [BLEU(tokenize=name, effective_order=True) for name in TOKENIZERS]
    theirs = [[*(bleu.sentence_score(text, refs).score for bleu in one), CHRF().sentence_score(text, refs).score] for text, refs in cases]
    texts, references = [text for text, _ in cases], [[refs[at] for _, refs in cases] for at in range(2)]
    theirs.append([*(BLEU(tokenize=name).corpus_score(texts, references).score for name in TOKENIZERS), CHRF().corpus_score(texts, references).score])
    differ = sum(abs(a - b) >= 5e-5 for own, other in zip(ours, theirs, strict=True) for a, b in zip(own, other, strict=True))
    print(f"{sum(map(len, theirs))} scores of {len(cases)} texts; {differ} differ")
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
