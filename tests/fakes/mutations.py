"""Damage to files, drawn at random: what happens to bytes on disks and to JSON and text in editors."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    "x",
    "../x",
    -1,
    0,
    1e308,
    10**30,
    0.5,
    True,
    [],
    {},
    [[]],
    {"a": 1},
    "9" * 400,
)
ODD_WORDS = (
    "",
    "nan",
    "inf",
    "-1",
    "1e999",
    "x",
    "1;2",
    "0x10",
    "\ufeff",
    "\u0661",
    "\n\n",
    "#",
    "1,2,3,4,5",
    "'",
    '"',
    "[",
)

Mutation = Callable[[bytes, np.random.Generator], bytes]


def mutate_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """``content`` cut, with a part lost or twice, with other bytes, or replaced."""
    begin, end = sorted(rng.integers(0, len(content) + 1, 2).tolist())
    kind = rng.integers(0, 7)
    if kind == 0:
        return content[:begin]
    if kind == 1:
        return content[:begin] + content[end:]
    if kind == 2:
        return content[:end] + content[begin:end] + content[end:]
    if kind == 3:
        return content[:begin] + bytes(end - begin) + content[end:]
    if kind == 4:
        return rng.bytes(int(rng.integers(0, 200)))
    damaged = bytearray(content)
    for position in rng.integers(0, max(1, len(content)), int(rng.integers(1, 20))):
        damaged[position : position + 1] = rng.bytes(1)
    return bytes(damaged)


def mutate_text(content: bytes, rng: np.random.Generator) -> bytes:
    """``content`` with one of its words or lines replaced, lost or twice; one time in four damage to its bytes."""
    if rng.random() < 0.25:
        return mutate_bytes(content, rng)
    lines = content.decode().splitlines()
    number = int(rng.integers(0, len(lines)))
    words = lines[number].split(",")
    kind = rng.integers(0, 4)
    if kind == 0:
        del lines[number]
    elif kind == 1:
        lines.insert(number, "" if rng.random() < 0.5 else lines[number])
    else:
        words[int(rng.integers(0, len(words)))] = str(rng.choice(ODD_WORDS))
        lines[number] = ",".join(words)
    return "\n".join(lines).encode()


def mutate_json(content: bytes, rng: np.random.Generator) -> bytes:
    """JSON with one value replaced by an odd one, or lost; one time in four damage to its bytes."""
    if rng.random() < 0.25:
        return mutate_bytes(content, rng)
    root = [json.loads(content)]
    node: Any = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = keys[int(rng.integers(0, len(keys)))]
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.85:
            node = node[key]
            continue
        if node is not root and rng.random() < 0.3:
            del node[key]
        else:
            node[key] = ODD_VALUES[int(rng.integers(0, len(ODD_VALUES)))]
        return json.dumps(root[0]).encode()


def mutate_safetensors(content: bytes, rng: np.random.Generator) -> bytes:
    """A safetensors file with a damaged header (JSON behind its length), or with damage to its bytes."""
    (length,) = struct.unpack("<Q", content[:8])
    header = mutate_json(content[8 : 8 + length], rng)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def mutated_file(path: Path, mutation: Mutation, rng: np.random.Generator) -> None:
    """Damage the file ``path``."""
    path.write_bytes(mutation(path.read_bytes(), rng))
