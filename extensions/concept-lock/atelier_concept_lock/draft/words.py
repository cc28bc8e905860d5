"""Where the words of each prompt stand among what the network reads of them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from atelier_core.errors import UserError

Tensor = torch.Tensor
MORE = ", and"  # whatever follows the last word
ALIKE = 1e-3  # less than this off in direction is rounding; emphasis changes the length alone


def together(prompts: Sequence[str]) -> str:
    return ", ".join(prompt for prompt in prompts if prompt)


def spans(encode: Callable[[Sequence[str]], list[Any]], prompts: Sequence[str]) -> list[slice]:
    """Of each prompt in `together(prompts)`, none of which is empty.

    Text encoders read forwards: two texts are read alike up to where they differ, however a host counts its tokens.
    """
    texts = [together(prompts[:n]) for n in range(1, len(prompts) + 1)]
    *parts, whole = encode([*texts, texts[-1] + MORE])
    ends = [1, *(_parting(part, whole) for part in parts)]  # the first one is the mark of the start
    made = [slice(start + (n > 0), end) for n, (start, end) in enumerate(pairwise(ends))]  # a comma in between
    if any(one.start >= one.stop for one in made):
        raise UserError("The prompts are too long for a draft. Shorten them.")
    return made


def _parting(one: Tensor, other: Tensor) -> int:
    """The first token that is not read alike."""
    off = 1 - F.cosine_similarity(one[0].float(), other[0].float(), dim=-1)
    return int(torch.nonzero(off > ALIKE)[0])
