"""The training steps of bench/support/training-step.ts in PyTorch: same shapes, same arithmetic, float32, two threads.

    train_step.py STYLE SHAPE MODE      MODE is eager or compile; SHAPE is JSON with the fields of StepShape

Reads commands from the input, one a line, and answers each with one line of JSON:
    step N    takes N steps                      {"ms": [...], "loss": ...}
    end       leaves

What makes PyTorch fast is used: its fused attention, fused norms, fused AdamW, in-place clipping.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Qwen3Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, self.heads = shape["width"], shape["heads"]
        self.kv_heads, head_dim, hidden = self.heads // 2, width // self.heads, 3 * width
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.q_norm, self.k_norm = nn.RMSNorm(head_dim, eps=1e-6), nn.RMSNorm(head_dim, eps=1e-6)
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, self.kv_heads * head_dim, bias=False)
        self.v = nn.Linear(width, self.kv_heads * head_dim, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, width = x.shape
        h = self.norm1(x)
        q = self.q_norm(self.q(h).view(batch, length, self.heads, -1)).transpose(1, 2)
        k = self.k_norm(self.k(h).view(batch, length, self.kv_heads, -1)).transpose(1, 2)
        v = self.v(h).view(batch, length, self.kv_heads, -1).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.o(attended.transpose(1, 2).reshape(batch, length, width))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Gpt2Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, self.heads = shape["width"], shape["heads"]
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.o = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.qkv(self.norm1(x)).split(width, dim=-1)
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self, style, shape):
        super().__init__()
        width = shape["width"]
        self.is_gpt2 = style == "gpt2"
        self.embedding = nn.Embedding(shape["vocabulary"], width)
        layer = Gpt2Layer if self.is_gpt2 else Qwen3Layer
        self.layers = nn.ModuleList(layer(shape) for _ in range(shape["layers"]))
        if self.is_gpt2:
            self.positions = nn.Parameter(torch.empty(shape["time"], width))
            self.norm = nn.LayerNorm(width)
        else:
            self.norm = nn.RMSNorm(width, eps=1e-6)
            half = width // shape["heads"] // 2
            angles = torch.arange(shape["time"])[:, None] / 10_000 ** (torch.arange(half) / half)[None]
            self.register_buffer("cos", angles.cos())
            self.register_buffer("sin", angles.sin())
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids, targets):
        x = self.embedding(ids)
        if self.is_gpt2:
            x = x + self.positions
        for layer in self.layers:
            x = layer(x) if self.is_gpt2 else layer(x, self.cos, self.sin)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets)


def main():
    style, shape, mode = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(2)
    torch.manual_seed(1)
    model = Model(style, shape)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
    forward = torch.compile(model) if mode == "compile" else model
    rows = shape["batch"] * shape["time"]
    ids = torch.tensor([(i * 7 + 3) % shape["vocabulary"] for i in range(rows)]).view(shape["batch"], shape["time"])
    targets = torch.tensor([(i * 11 + 5) % shape["vocabulary"] for i in range(rows)])

    def step():
        loss = forward(ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "end":
            break
        times = []
        for _ in range(int(arguments[0])):
            start = time.perf_counter()
            loss = step()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times, "loss": loss}), flush=True)


main()
