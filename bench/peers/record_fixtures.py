"""Records what transformers computes for tiny random decoders, as fixtures of packages/models.

usage: PYTHON bench/peers/record_fixtures.py packages/models/src/fixtures
where PYTHON is the interpreter that bench/support/python.ts installs.

Each folder is a checkpoint as transformers saves it, and expected.safetensors:
  tokens [batch, time], targets [batch, time] (-100: ignored), logits, and gradient.NAME of the mean next-token loss.
Computed in float64 from the stored weights and rounded to f32, so that the reference adds no error of its own.
"""

import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config

SIZES = dict(
    vocab_size=40,
    hidden_size=24,
    intermediate_size=32,
    num_hidden_layers=2,
    max_position_embeddings=64,
    bos_token_id=1,
    eos_token_id=2,
)
LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=500.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=16,
)

# name: configuration, stored type, largest shard
MODELS = {
    "qwen3": (
        Qwen3Config(num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, **SIZES),
        torch.float32,
        "1GB",
    ),
    "qwen3-biased": (
        Qwen3Config(
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            attention_bias=True,
            rope_parameters=dict(rope_type="default", rope_theta=1e6),
            **SIZES,
        ),
        torch.float32,
        "1GB",
    ),
    "qwen2": (
        Qwen2Config(num_attention_heads=3, num_key_value_heads=1, tie_word_embeddings=True, **SIZES),
        torch.float32,
        "1GB",
    ),
    "llama": (
        LlamaConfig(num_attention_heads=3, num_key_value_heads=3, head_dim=16, rope_parameters=LLAMA3, **SIZES),
        torch.float32,
        "1GB",
    ),
    "llama-linear-biased": (
        LlamaConfig(
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            attention_bias=True,
            mlp_bias=True,
            rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=2.0),
            **SIZES,
        ),
        torch.float32,
        "1GB",
    ),
    # SmolLM2 is a llama with tied embeddings, grouped queries and a large theta; here in bf16 and in several files.
    "smollm2": (
        LlamaConfig(
            num_attention_heads=3,
            num_key_value_heads=1,
            head_dim=16,
            tie_word_embeddings=True,
            rope_parameters=dict(rope_type="default", rope_theta=1e5),
            **SIZES,
        ),
        torch.bfloat16,
        "10KB",
    ),
    "gpt2": (
        GPT2Config(
            vocab_size=40,
            n_embd=24,
            n_layer=2,
            n_head=3,
            n_positions=32,
            attn_pdrop=0.0,
            embd_pdrop=0.0,
            resid_pdrop=0.0,
            bos_token_id=1,
            eos_token_id=2,
        ),
        torch.float16,
        "1GB",
    ),
}
BATCH, TIME = 2, 13


def record(folder: pathlib.Path, config, dtype, shard_size) -> None:
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Far from the usual start, so that no bias is 0, no norm 1 and no attention uniform.
            is_norm = "norm" in name or ".ln_" in name
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if is_norm and name.endswith("weight") else 0.0))
    model = model.to(dtype)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)

    # Read back, and not widened: a model cast to 16 bits has cast its rotary frequencies too, unlike one that is loaded.
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model = model.to(torch.float64).eval()
    tokens = torch.randint(0, config.vocab_size, (BATCH, TIME))
    targets = torch.cat([tokens[:, 1:], torch.full((BATCH, 1), -100)], dim=1)
    targets[0, 3] = -100
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, config.vocab_size), targets.reshape(-1))
    loss.backward()
    tensors = {"tokens": tokens, "targets": targets, "logits": logits.detach().float(), "loss": loss.detach().float()}
    for name, parameter in model.named_parameters():
        tensors[f"gradient.{name}"] = parameter.grad.float()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "expected.safetensors")


def main() -> None:
    root = pathlib.Path(sys.argv[1])
    for index, (name, (config, dtype, shard_size)) in enumerate(MODELS.items()):
        torch.manual_seed(index)
        record(root / name, config, dtype, shard_size)
        size = sum(file.stat().st_size for file in (root / name).iterdir())
        print(f"{name}: {size} bytes")


main()
