"""Blocks that forget what they computed and compute it anew on the way back: less memory for more time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from atelier_core.errors import UserError
from torch.utils.checkpoint import checkpoint

BLOCK = re.compile(r"transformer_blocks\.\d+$|^(input_blocks|output_blocks|middle_block)\.(\d+\.)?[02]$")


@contextmanager
def enough_memory() -> Iterator[None]:
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        text = "The card's memory did not suffice. Let blocks be computed anew, or take a smaller size or batch."
        raise UserError(text) from error


@contextmanager
def recomputed(layers: Mapping[str, Any]) -> Iterator[int]:
    """Gives how many blocks. Each has a `forward` of its own inside, and the one of its class again afterwards."""
    blocks = [m for name, m in layers.items() if BLOCK.search(name) and any(True for _ in m.children())]
    with ExitStack() as back:
        for block in blocks:
            back.callback(_restore, block, vars(block).get("forward"))
            block.forward = _forgetful(block.forward)
        yield len(blocks)


def _restore(block: Any, own: Any) -> None:
    if own is None:
        del block.forward
    else:
        block.forward = own


def _forgetful(forward: Callable[..., Any]) -> Callable[..., Any]:
    def on_a_copy(x: Any, *inputs: Any, **options: Any) -> Any:  # some blocks write into what they are given
        return forward(x.clone(), *inputs, **options)

    def again(*inputs: Any, **options: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*inputs, **options)
        return checkpoint(on_a_copy, *inputs, use_reentrant=False, preserve_rng_state=False, **options)

    return again
