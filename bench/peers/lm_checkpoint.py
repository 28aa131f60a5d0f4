"""Makes a random model of the shape of Qwen3-0.6B, three adapters and a large tokenizer, for the other scripts here.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 gguf
    python bench/peers/lm_checkpoint.py FOLDER [--layers 28] [--vocabulary 151643]

FOLDER/model is a directory as Hugging Face publishes one (bf16), FOLDER/adapters/NAME what PEFT writes, and
FOLDER/model-f16.gguf the same weights for engines that read GGUF. Everything is drawn by a seed; the tokenizer is
learned from the Python files of this installation and made-up Chinese, and put together by transformers' own class
for Qwen, so that its parts are those of a published one. What is there already is left as it is.
"""
import argparse
import json
import sys
from pathlib import Path

import lm_tokens

SHAPE = dict(vocab_size=151_936, hidden_size=1024, intermediate_size=3072, num_hidden_layers=28, num_attention_heads=16,
             num_key_value_heads=8, head_dim=128, tie_word_embeddings=True)
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# Scales: 2 everywhere; 1 on two matrices; alpha / sqrt(r) with another alpha and another rank on some.
ADAPTERS = {
    "all_seven": dict(r=16, lora_alpha=32, target_modules=ALL),
    "queries_and_values": dict(r=16, lora_alpha=16, target_modules=["q_proj", "v_proj"]),
    "rslora_by_pattern": dict(r=16, lora_alpha=4, target_modules=["o_proj", "gate_proj", "down_proj"], use_rslora=True,
                              alpha_pattern={"o_proj": 8, "model.layers.1.mlp.down_proj": 2},
                              rank_pattern={"gate_proj": 8, r"layers\.[02]\.self_attn\.o_proj": 4}),
}
NORMS = ("norm.weight", "layernorm.weight")


def drawn_model(layers):
    """Returns a model whose every part matters to the logits, which have a standard deviation of some 3."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(max_position_embeddings=40_960, rms_norm_eps=1e-6, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
                         attention_bias=False, bos_token_id=None, eos_token_id=151_645, pad_token_id=151_643,
                         **SHAPE | {"num_hidden_layers": layers})
    torch.set_default_dtype(torch.bfloat16)
    model = Qwen3ForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    generator = torch.Generator().manual_seed(20261121)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            if name.endswith(NORMS):
                drawn = 1 + 0.2 * drawn
            else:
                drawn *= 0.1 if "embed_tokens" in name else weight.shape[1] ** -0.5
            weight.copy_(drawn)
    return model


def with_adapters(model):
    """Returns the model with all adapters, in f32; none of them leaves the logits alone."""
    import torch
    from peft import LoraConfig, get_peft_model

    configs = {name: LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **how) for name, how in ADAPTERS.items()}
    first, *others = configs
    peft = get_peft_model(model, configs[first], adapter_name=first)
    for name in others:
        peft.add_adapter(name, configs[name])
    generator = torch.Generator().manual_seed(20261122)
    with torch.no_grad():
        for name, weight in sorted(peft.named_parameters()):
            if "lora_" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * (weight.shape[1] ** -0.5 if "lora_A" in name else 0.05))
    return peft.eval()


def learned_tokenizer(vocabulary):
    """Returns a tokenizer of the kind of Qwen3's with that many pieces, learned from text that is on this machine."""
    import random

    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    library = sorted(Path(json.__file__).parent.parent.rglob("*.py")) + sorted(Path(sys.prefix).rglob("site-packages/**/*.py"))
    r = random.Random(11)
    made_up = ("".join(r.choice(lm_tokens.CHINESE) for _ in range(40)) for _ in range(20_000))
    learned = Tokenizer(models.BPE())
    empty = Qwen2Tokenizer()._tokenizer
    learned.normalizer, learned.pre_tokenizer = empty.normalizer, empty.pre_tokenizer
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in library)
    learned.train_from_iterator((text for source in (texts, made_up, (lm_tokens.text(r) for _ in range(20_000))) for text in source), trainer)
    bpe = json.loads(learned.to_str())["model"]
    whole = Qwen2Tokenizer(vocab=bpe["vocab"], merges=[tuple(merge) for merge in bpe["merges"]])
    whole.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    whole.add_tokens([AddedToken(text, normalized=False, special=False) for text in ("<think>", "</think>")])
    return whole


def write_gguf(model, tokenizer, path):
    """Writes the weights as llama.cpp keeps a Qwen3: matrices in f16, vectors in f32."""
    import gguf
    import torch

    config = model.config
    writer = gguf.GGUFWriter(str(path), "qwen3")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    bpe = json.loads(tokenizer.backend_tokenizer.to_str())
    tokens = {number: text for text, number in bpe["model"]["vocab"].items()}
    control = {one["id"]: one["content"] for one in bpe["added_tokens"]}
    texts = [control.get(number) or tokens.get(number) or f"[PAD{number}]" for number in range(config.vocab_size)]
    kinds = [gguf.TokenType.CONTROL if number in control else gguf.TokenType.NORMAL if number in tokens else gguf.TokenType.UNUSED
             for number in range(config.vocab_size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in bpe["model"]["merges"]])
    writer.add_eos_token_id(config.eos_token_id)
    writer.add_bos_token_id(config.pad_token_id)
    writer.add_pad_token_id(config.pad_token_id)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        kind = torch.float16 if weight.dim() == 2 else torch.float32
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), weight.to(kind).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(folder, layers=28, vocabulary=151_643):
    """Makes what is not there yet and returns the model's directory and those of the adapters, by name."""
    from transformers import AutoTokenizer

    folder = Path(folder)
    model_dir, gguf_path = folder / "model", folder / "model-f16.gguf"
    adapters = {name: folder / "adapters" / name for name in ADAPTERS}
    if gguf_path.exists():
        there = json.loads((model_dir / "config.json").read_text())["num_hidden_layers"]
        if there != layers:
            raise SystemExit(f"{model_dir} has {there} layers, not {layers}: name another folder, or --layers {there}")
        return model_dir, adapters
    if not (model_dir / "tokenizer.json").exists():
        learned_tokenizer(vocabulary).save_pretrained(model_dir)
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    model = drawn_model(layers)
    model.save_pretrained(model_dir)
    write_gguf(model, tokenizer, folder / "unfinished.gguf")
    peft = with_adapters(model)
    peft.save_pretrained(folder / "adapters")
    (folder / "unfinished.gguf").rename(gguf_path)
    return model_dir, adapters


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--vocabulary", type=int, default=151_643, help="pieces of the tokenizer, control tokens left out")
    arguments = parser.parse_args()
    model_dir, adapters = make(arguments.folder, arguments.layers, arguments.vocabulary)
    print(f"{model_dir}, adapters {', '.join(adapters)}")


if __name__ == "__main__":
    main()
