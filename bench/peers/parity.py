"""The transformers side of bench/parity.bench.ts.

usage: parity.py ROOT
Every folder in ROOT holds ours/ (a checkpoint that Myna wrote) and tokens.safetensors. Writes beside them
  ours-logits.safetensors     what transformers computes from ours/
  theirs/                     a random checkpoint of the same configuration, as transformers saves it
  theirs-logits.safetensors   what transformers computes from theirs/
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM


def load(folder: pathlib.Path):
    model, information = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, attn_implementation="eager"
    )
    problems = {key: list(value) for key, value in information.items() if value}
    if problems:
        sys.exit(f"{folder}: found {problems}; expected every tensor to be used and none to be missing")
    return model.eval()


@torch.no_grad()
def main() -> None:
    for index, folder in enumerate(sorted(pathlib.Path(sys.argv[1]).iterdir())):
        tokens = load_file(folder / "tokens.safetensors")["tokens"]
        save_file({"logits": load(folder / "ours")(tokens).logits}, folder / "ours-logits.safetensors")

        torch.manual_seed(index)
        config = AutoConfig.from_pretrained(folder / "ours")
        stored = config.dtype or torch.float32
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
        model.to(stored).save_pretrained(folder / "theirs", max_shard_size="500KB")
        save_file({"logits": load(folder / "theirs")(tokens).logits}, folder / "theirs-logits.safetensors")
        print(folder.name, file=sys.stderr)


main()
