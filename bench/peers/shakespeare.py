"""The PyTorch side of `npm run bench -- shakespeare`: the same model, data and schedule, driven line by line.

Commands on standard input, one number back for each: `ready`, `train N` (seconds), `evaluate` (nats per character).
"""

import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, TIME, WIDTH, HEADS, LAYERS = 12, 64, 128, 4, 4
torch.set_num_threads(2)
torch.manual_seed(1337)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, time_, _ = x.shape
        q, k, v = (
            part.view(batch, time_, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(WIDTH, dim=2)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time_, WIDTH))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, WIDTH), nn.Embedding(TIME, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            is_residual = name.endswith(("out.weight", "down.weight"))
            nn.init.normal_(parameter, std=0.02 / (math.sqrt(2 * LAYERS) if is_residual else 1))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1))


def main():
    text = open(sys.argv[1], encoding="utf8", newline="").read()
    steps = int(sys.argv[2])
    characters = sorted(set(text))
    id_of = {character: index for index, character in enumerate(characters)}
    ids = torch.tensor([id_of[character] for character in text])
    split = int(len(ids) * 0.9)
    model = Model(len(characters))
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.99), fused=True,
    )
    done = 0

    def rate(step):
        if step < 100:
            return 1e-3 * (step + 1) / 100
        share = (step - 100 + 1) / (steps - 100)
        return 1e-4 + 0.5 * (1e-3 - 1e-4) * (1 + math.cos(math.pi * share))

    for line in sys.stdin:
        command, *values = line.split()
        if command == "ready":
            print(1, flush=True)
        elif command == "train":
            started = time.perf_counter()
            for _ in range(int(values[0])):
                starts = torch.randint(split - TIME - 1, (BATCH,))
                x = torch.stack([ids[start : start + TIME] for start in starts])
                y = torch.stack([ids[start + 1 : start + 1 + TIME] for start in starts])
                for group in optimizer.param_groups:
                    group["lr"] = rate(done)
                loss = model(x, y)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                done += 1
            print(time.perf_counter() - started, flush=True)
        elif command == "evaluate":
            with torch.no_grad():
                losses = []
                for start in range(split, len(ids) - TIME * BATCH - 1, TIME * BATCH):
                    x = ids[start : start + TIME * BATCH].view(BATCH, TIME)
                    y = ids[start + 1 : start + 1 + TIME * BATCH].view(BATCH, TIME)
                    losses.append(model(x, y).item())
            print(sum(losses) / len(losses), flush=True)


main()
