"""Makers of small random models in the layouts that creators have: nothing they draw means anything, all of it runs.

The tables of names and shapes are written from the ldm and sgm layouts, not from the code under test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file

WORDS = 49408  # entries of CLIP's vocabulary
Table = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Layout:
    """Of a UNet. Widths must be multiples of 32, by the group norms."""

    width: int = 32
    multipliers: tuple[int, ...] = (1, 1, 2, 2)
    depths: tuple[int, ...] = (1, 1, 1, 0)  # transformer blocks per level
    middle: int = 1
    resnets: int = 2
    context: int = 32
    channels_in: int = 4
    linear: bool = False  # proj_in and proj_out
    extra: int = 0  # SDXL's vector of sizes and pooled text


SD15 = Layout()
SD15_WIDE = Layout(320, (1, 2, 4, 4), context=768)  # the real one: what some hosts know a ControlNet by
SD15_INPAINT = Layout(channels_in=9)
SDXL = Layout(multipliers=(1, 1, 2), depths=(0, 1, 2), middle=2, context=64, linear=True, extra=32 + 6 * 256)


@dataclass
class Names:
    table: Table = field(default_factory=dict)

    def layer(self, name: str, *shape: int, bias: bool = True) -> None:
        self.table[f"{name}.weight"] = shape
        if bias:
            self.table[f"{name}.bias"] = shape[:1]

    def resnet(self, name: str, into: int, out: int, emb: int) -> None:
        self.layer(f"{name}.in_layers.0", into)
        self.layer(f"{name}.in_layers.2", out, into, 3, 3)
        self.layer(f"{name}.emb_layers.1", out, emb)
        self.layer(f"{name}.out_layers.0", out)
        self.layer(f"{name}.out_layers.3", out, out, 3, 3)
        if into != out:
            self.layer(f"{name}.skip_connection", out, into, 1, 1)

    def transformer(self, name: str, width: int, depth: int, layout: Layout) -> None:
        point = () if layout.linear else (1, 1)
        self.layer(f"{name}.norm", width)
        self.layer(f"{name}.proj_in", width, width, *point)
        self.layer(f"{name}.proj_out", width, width, *point)
        for i in range(depth):
            block = f"{name}.transformer_blocks.{i}"
            for attention, source in (("attn1", width), ("attn2", layout.context)):
                self.layer(f"{block}.{attention}.to_q", width, width, bias=False)
                self.layer(f"{block}.{attention}.to_k", width, source, bias=False)
                self.layer(f"{block}.{attention}.to_v", width, source, bias=False)
                self.layer(f"{block}.{attention}.to_out.0", width, width)
            self.layer(f"{block}.ff.net.0.proj", width * 8, width)
            self.layer(f"{block}.ff.net.2", width, width * 4)
            for norm in ("norm1", "norm2", "norm3"):
                self.layer(f"{block}.{norm}", width)


def unet_encoder(layout: Layout) -> tuple[Names, list[int]]:
    """Everything down to the middle, and the widths of the skips."""
    names, width, emb = Names(), layout.width, layout.width * 4
    names.layer("time_embed.0", emb, width)
    names.layer("time_embed.2", emb, emb)
    if layout.extra:
        names.layer("label_emb.0.0", emb, layout.extra)
        names.layer("label_emb.0.2", emb, emb)
    names.layer("input_blocks.0.0", width, layout.channels_in, 3, 3)
    skips, place, now = [width], 1, width
    for level, (factor, depth) in enumerate(zip(layout.multipliers, layout.depths, strict=True)):
        for _ in range(layout.resnets):
            names.resnet(f"input_blocks.{place}.0", now, width * factor, emb)
            now = width * factor
            if depth:
                names.transformer(f"input_blocks.{place}.1", now, depth, layout)
            skips.append(now)
            place += 1
        if level + 1 < len(layout.multipliers):
            names.layer(f"input_blocks.{place}.0.op", now, now, 3, 3)
            skips.append(now)
            place += 1
    names.resnet("middle_block.0", now, now, emb)
    names.transformer("middle_block.1", now, layout.middle, layout)
    names.resnet("middle_block.2", now, now, emb)
    return names, skips


def unet(layout: Layout) -> Table:
    names, skips = unet_encoder(layout)
    now, place, emb = layout.width * layout.multipliers[-1], 0, layout.width * 4
    for level in reversed(range(len(layout.multipliers))):
        out, depth = layout.width * layout.multipliers[level], layout.depths[level]
        for i in range(layout.resnets + 1):
            names.resnet(f"output_blocks.{place}.0", now + skips.pop(), out, emb)
            now = out
            if depth:
                names.transformer(f"output_blocks.{place}.1", now, depth, layout)
            if level and i == layout.resnets:
                names.layer(f"output_blocks.{place}.{2 if depth else 1}.conv", now, now, 3, 3)
            place += 1
    names.layer("out.0", layout.width)
    names.layer("out.2", 4, layout.width, 3, 3)
    return names.table


def vae(width: int = 32, levels: int = 4) -> Table:
    names = Names()

    def resnet(name: str) -> None:
        for part, shape in (
            ("norm1", (width,)),
            ("conv1", (width, width, 3, 3)),
            ("norm2", (width,)),
            ("conv2", (width, width, 3, 3)),
        ):
            names.layer(f"{name}.{part}", *shape)

    for side, ends, count, move in (("encoder", (3, 8), 2, "down"), ("decoder", (4, 3), 3, "up")):
        names.layer(f"{side}.conv_in", width, ends[0], 3, 3)
        for level in range(levels):
            for i in range(count):
                resnet(f"{side}.{move}.{level}.block.{i}")
            if level != (levels - 1 if move == "down" else 0):
                names.layer(f"{side}.{move}.{level}.{move}sample.conv", width, width, 3, 3)
        for i in (1, 2):
            resnet(f"{side}.mid.block_{i}")
        names.layer(f"{side}.mid.attn_1.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            names.layer(f"{side}.mid.attn_1.{part}", width, width, 1, 1)
        names.layer(f"{side}.norm_out", width)
        names.layer(f"{side}.conv_out", ends[1], width, 3, 3)
    names.layer("quant_conv", 8, 8, 1, 1)
    names.layer("post_quant_conv", 4, 4, 1, 1)
    return names.table


def openai_clip(width: int = 32, layers: int = 2) -> Table:
    names = Names(
        {"embeddings.token_embedding.weight": (WORDS, width), "embeddings.position_embedding.weight": (77, width)}
    )
    for i in range(layers):
        layer = f"encoder.layers.{i}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            names.layer(f"{layer}.self_attn.{part}", width, width)
        names.layer(f"{layer}.layer_norm1", width)
        names.layer(f"{layer}.layer_norm2", width)
        names.layer(f"{layer}.mlp.fc1", width * 4, width)
        names.layer(f"{layer}.mlp.fc2", width, width * 4)
    names.layer("final_layer_norm", width)
    return {f"text_model.{name}": shape for name, shape in names.table.items()}


def open_clip(width: int = 32, layers: int = 2) -> Table:
    names = Names(
        {
            "token_embedding.weight": (WORDS, width),
            "positional_embedding": (77, width),
            "text_projection": (width, width),
        }
    )
    for i in range(layers):
        layer = f"transformer.resblocks.{i}"
        names.table |= {f"{layer}.attn.in_proj_weight": (width * 3, width), f"{layer}.attn.in_proj_bias": (width * 3,)}
        names.layer(f"{layer}.attn.out_proj", width, width)
        names.layer(f"{layer}.ln_1", width)
        names.layer(f"{layer}.ln_2", width)
        names.layer(f"{layer}.mlp.c_fc", width * 4, width)
        names.layer(f"{layer}.mlp.c_proj", width, width * 4)
    names.layer("ln_final", width)
    return names.table | {"logit_scale": ()}


def controlnet(layout: Layout) -> Table:
    names, skips = unet_encoder(layout)
    for i, width in enumerate(skips):
        names.layer(f"zero_convs.{i}.0", width, width, 1, 1)
    last = layout.width * layout.multipliers[-1]
    names.layer("middle_block_out.0", last, last, 1, 1)
    hints = (3, 16, 16, 32, 32, 96, 96, 256, layout.width)
    for i in range(8):
        names.layer(f"input_hint_block.{2 * i}", hints[i + 1], hints[i], 3, 3)
    return names.table


def adapter(width: int) -> Table:
    """A T2I adapter: unlike a ControlNet, sd-webui-controlnet takes it in any width."""
    names, into = Names(), width
    names.layer("conv_in", width, 3 * 8 * 8, 3, 3)
    for level, times in enumerate((1, 2, 4, 4)):
        for block in (f"body.{2 * level}", f"body.{2 * level + 1}"):
            if into != (into := times * width):
                names.layer(f"{block}.in_conv", into, into // 2, 1, 1)
            names.layer(f"{block}.block1", into, into, 3, 3)
            names.layer(f"{block}.block2", into, into, 1, 1)
    return names.table


def filled(table: Table, seed: int) -> dict[str, torch.Tensor]:
    """Random weights of a size that keeps activations near 1."""
    luck = torch.Generator().manual_seed(seed)
    return {name: _tensor(name, shape, luck) for name, shape in table.items()}


def _tensor(name: str, shape: tuple[int, ...], luck: torch.Generator) -> torch.Tensor:
    noise = torch.randn(shape, generator=luck)
    if len(shape) < 2:
        return (1.0 if name.endswith("weight") else 0.0) + noise * 0.1
    fan_in = math.prod(shape[1:]) if "embedding" not in name else 1
    return noise / fan_in**0.5


def under(prefix: str, table: Table) -> Table:
    return {prefix + name: shape for name, shape in table.items()}


def sd15_table(layout: Layout = SD15) -> Table:
    text = under("cond_stage_model.transformer.", openai_clip(layout.context))
    return under("model.diffusion_model.", unet(layout)) | under("first_stage_model.", vae()) | text


def sdxl_table(layout: Layout = SDXL) -> Table:
    half = layout.context // 2
    first = under("conditioner.embedders.0.transformer.", openai_clip(half))
    second = under("conditioner.embedders.1.model.", open_clip(half))
    return under("model.diffusion_model.", unet(layout)) | under("first_stage_model.", vae()) | first | second


def save(path: Path, tensors: dict[str, torch.Tensor], half: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: (t.half() if half else t).contiguous() for name, t in tensors.items()}
    save_file(kept, path)
    return path


def tiny_sd15(path: Path, layout: Layout = SD15, seed: int = 1, half: bool = False) -> Path:
    return save(path, filled(sd15_table(layout), seed), half)


def tiny_sdxl(path: Path, layout: Layout = SDXL, seed: int = 2) -> Path:
    return save(path, filled(sdxl_table(layout), seed))


def tiny_controlnet(path: Path, layout: Layout = SD15, seed: int = 3, half: bool = False) -> Path:
    """In ldm names, as the well-known single files are."""
    return save(path, filled(under("control_model.", controlnet(layout)), seed), half)


def tiny_adapter(path: Path, width: int = 32, seed: int = 3) -> Path:
    return save(path, filled(adapter(width), seed))


def tiny_controlnet_folder(folder: Path, seed: int = 3) -> Path:
    """In diffusers' layout, shaped to `SD15`."""
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    net = ControlNetModel(
        block_out_channels=(32, 32, 64, 64),
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        cross_attention_dim=32,
        attention_head_dim=8,
    )
    for part in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out):
        torch.nn.init.normal_(part.weight, std=0.2)  # they begin as zeros, which would steer nothing
    net.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_lora(path: Path, layout: Layout = SD15, seed: int = 4, rank: int = 2, strength: float = 1.0) -> Path:
    """kohya's names: some attention layers, one convolution of the UNet and one layer of the text encoder."""
    wide = layout.width
    places: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # name -> shapes of down and up
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q": ((rank, wide), (wide, rank)),
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k": ((rank, layout.context), (wide, rank)),
        "lora_unet_down_blocks_1_resnets_0_conv1": ((rank, wide, 3, 3), (wide, rank, 1, 1)),
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj": ((rank, layout.context), (layout.context, rank)),
    }
    luck, tensors = torch.Generator().manual_seed(seed), {}
    for name, (down, up) in places.items():
        tensors[f"{name}.lora_down.weight"] = torch.randn(down, generator=luck) * strength
        tensors[f"{name}.lora_up.weight"] = torch.randn(up, generator=luck) * strength
        tensors[f"{name}.alpha"] = torch.tensor(float(rank) / 2)
    return save(path, tensors)


def yaml_for(layout: Layout = SD15, heads: int = 8) -> str:
    """The configuration that A1111 wants beside a narrow checkpoint; the text encoder is looked up in `clip`."""
    levels = len(layout.multipliers)
    attending = [2**i for i, depth in enumerate(layout.depths) if depth]
    return f"""model:
  base_learning_rate: 1.0e-04
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: 0.00085
    linear_end: 0.0120
    num_timesteps_cond: 1
    log_every_t: 200
    timesteps: 1000
    first_stage_key: jpg
    cond_stage_key: txt
    image_size: 64
    channels: 4
    cond_stage_trainable: false
    conditioning_key: crossattn
    monitor: val/loss_simple_ema
    scale_factor: 0.18215
    use_ema: false
    unet_config:
      target: ldm.modules.diffusionmodules.openaimodel.UNetModel
      params:
        image_size: 32
        in_channels: {layout.channels_in}
        out_channels: 4
        model_channels: {layout.width}
        attention_resolutions: {attending}
        num_res_blocks: {layout.resnets}
        channel_mult: {list(layout.multipliers)}
        num_heads: {heads}
        use_spatial_transformer: true
        transformer_depth: 1
        context_dim: {layout.context}
        use_checkpoint: false
        legacy: false
    first_stage_config:
      target: ldm.models.autoencoder.AutoencoderKL
      params:
        embed_dim: 4
        monitor: val/rec_loss
        ddconfig:
          double_z: true
          z_channels: 4
          resolution: 256
          in_channels: 3
          out_ch: 3
          ch: 32
          ch_mult: {[1] * levels}
          num_res_blocks: 2
          attn_resolutions: []
          dropout: 0.0
        lossconfig:
          target: torch.nn.Identity
    cond_stage_config:
      target: ldm.modules.encoders.modules.FrozenCLIPEmbedder
"""


def tiny_root(root: Path) -> Path:
    """A folder of the embedded host with one model of each kind."""
    models = root / "models"
    tiny_sd15(models / "Stable-diffusion" / "tiny.safetensors")
    tiny_lora(models / "Lora" / "twist.safetensors")
    tiny_controlnet(models / "ControlNet" / "control_openpose.safetensors")
    tiny_controlnet_folder(models / "ControlNet" / "canny-folder")
    return root
