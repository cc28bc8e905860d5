"""cloneofsimo's files name layers by their order in the networks of SD 1.5 and SD 2 as diffusers built them."""

from __future__ import annotations

import re

from atelier_core.errors import UserError

from .files import Header
from .keys import Place

# diffusers registers the ways down, then up, then the middle
HOMES = [f"input_blocks.{n}.1" for n in (1, 2, 4, 5, 7, 8)] + [f"output_blocks.{n}.1" for n in range(3, 12)]
BLOCKS = [f"{home}.transformer_blocks.0" for home in (*HOMES, "middle_block.1")]
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
FIRST, LAST = [f"attn1.{part}" for part in ATTENTION], [f"attn2.{part}" for part in ATTENTION]
OLD, NEW = [*FIRST, "ff.net.0.proj", *LAST], [*FIRST, *LAST, "ff.net.0.proj"]  # before and since diffusers 0.15
TEXT = ("k_proj", "v_proj", "q_proj", "out_proj")
NUMBER = re.compile(r"(unet|text_encoder):(\d+):up")


def places(header: Header) -> dict[tuple[str, int], Place]:
    """(network, number) -> layer."""
    shapes = {(m[1], int(m[2])): shape for key, shape in header.shapes.items() if (m := NUMBER.fullmatch(key))}
    count = sum(net == "unet" for net, _ in shapes)
    if count not in (0, len(BLOCKS) * len(OLD)):
        raise UserError("{name} counts {count} layers of the UNet; which ones they are cannot be told.",
                        name=header.path.name, count=count)  # fmt: skip
    order = OLD if count and shapes["unet", 4][0] > shapes["unet", 0][0] else NEW  # the feed-forward layer is wider
    layers = [f"{block}.{layer}" for block in BLOCKS for layer in order]
    found = {("unet", n): Place("unet", layer) for n, layer in enumerate(layers[:count])}
    texts = sum(net == "text_encoder" for net, _ in shapes)
    for n in range(texts):
        layer = f"encoder.layers.{n // len(TEXT)}.self_attn.{TEXT[n % len(TEXT)]}"
        found["text_encoder", n] = Place("te1", layer)
    missing = set(shapes) - set(found)
    if missing:
        raise UserError("{name} counts its layers in an order that is not known.", name=header.path.name)
    return found
