"""CLIP's words, from the vocabulary file that lies beside this module."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

SOURCE = Path(__file__).parent / "data" / "bpe_simple_vocab_16e6.txt.gz"
SIZE = 49408  # entries: 256 bytes, 256 bytes that end a word, the merges, start and end
START, END = SIZE - 2, SIZE - 1


def byte_symbols() -> list[str]:
    """A printable letter for each of the 256 bytes, in the order in which the vocabulary counts them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = len(set(range(256)) - set(plain))
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(others)]


def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Every entry's number, and the merges by falling rank."""
    lines = gzip.decompress(SOURCE.read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : SIZE - 512 - 2 + 1]]  # the first line is a headline
    symbols = byte_symbols()
    entries = [*symbols, *(s + "</w>" for s in symbols), *("".join(m) for m in merges)]
    entries += ["<|startoftext|>", "<|endoftext|>"]
    return {entry: number for number, entry in enumerate(entries)}, [(a, b) for a, b in merges]


def write_clip(folder: Path, text: Mapping[str, Any]) -> Path:
    """Words and the shape of a narrow text encoder, as every release of transformers reads them from a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    words, merges = vocabulary()
    ends = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    both = {"model_type": "clip", "projection_dim": text["projection_dim"]}
    told = {"model_max_length": 77, "do_lower_case": True, "tokenizer_class": "CLIPTokenizer"}
    files = {
        "vocab.json": words,
        "config.json": {**both, "text_config": text, "text_config_dict": text, **text, "model_type": "clip"},
        "special_tokens_map.json": {**ends, "pad_token": "<|endoftext|>"},
        "tokenizer_config.json": {**ends, **told},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@lru_cache(maxsize=1)
def clip_tokenizer() -> Any:
    words, merges = vocabulary()
    return CLIPTokenizer(vocab=words, merges=merges)  # type: ignore[arg-type]  # pairs are what `tokenizers` wants
