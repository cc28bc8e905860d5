"""A random checkpoint shaped like Stable Diffusion 1.5, in the key names of its original files.

Narrow for the AUTOMATIC1111 webui, which builds a model from the `.yaml` beside the file; at full width for Forge,
which tells models by their shapes. Weights are scaled by their fan-in, so that whatever goes through stays finite.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

CONTEXT = 768
LEVELS = (1, 2, 4, 4)
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def write_checkpoint(path: Path, narrow: bool) -> Path:
    if not path.exists():
        unet, vae, layers, wide = (32, 32, 2, 768) if narrow else (320, 128, 12, 3072)
        shapes = [*_unet("model.diffusion_model.", unet), *_vae("first_stage_model.", vae), *_text(layers, wide)]
        save_file(_filled(shapes), path, metadata={"format": "pt"})
        if narrow:
            clip = _clip_folder(path.parent / "clip", layers, wide)
            path.with_suffix(".yaml").write_text(_yaml(unet, vae, clip))
    return path


def _filled(shapes: list[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    rng, tensors = np.random.default_rng(11), {}
    for name, shape in shapes:
        if name.endswith("final_layer_norm.bias"):  # a webui divides by the mean of what is said: it must not be 0
            tensors[name] = (rng.standard_normal(shape) * 0.1).astype(np.float16)
        elif len(shape) == 1:
            tensors[name] = np.full(shape, float(name.endswith("weight")), np.float16)
        else:
            small = 0.02 if "embedding" in name else 0.7 / float(np.prod(shape[1:])) ** 0.5
            tensors[name] = (rng.standard_normal(shape, dtype=np.float32) * small).astype(np.float16)
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    tensors["betas"] = betas.astype(np.float32)
    tensors["alphas_cumprod"] = np.cumprod(1 - betas).astype(np.float32)
    tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = np.arange(77)[None]
    return tensors


def _layer(name: str, shape: tuple[int, ...], bias: bool = True) -> Shapes:
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", (shape[0],)


def _norm(name: str, width: int) -> Shapes:
    return _layer(name, (width,))


def _conv(name: str, into: int, out: int, side: int = 3) -> Shapes:
    return _layer(name, (out, into, side, side))


def _residual(name: str, into: int, out: int, time: int) -> Shapes:
    yield from _norm(f"{name}.in_layers.0", into)
    yield from _conv(f"{name}.in_layers.2", into, out)
    yield from _layer(f"{name}.emb_layers.1", (out, time))
    yield from _norm(f"{name}.out_layers.0", out)
    yield from _conv(f"{name}.out_layers.3", out, out)
    if into != out:
        yield from _conv(f"{name}.skip_connection", into, out, 1)


def _attention(name: str, width: int) -> Shapes:
    yield from _norm(f"{name}.norm", width)
    yield from _conv(f"{name}.proj_in", width, width, 1)
    block = f"{name}.transformer_blocks.0."
    for attention, context in (("attn1", width), ("attn2", CONTEXT)):
        yield from _layer(block + attention + ".to_q", (width, width), bias=False)
        yield from _layer(block + attention + ".to_k", (width, context), bias=False)
        yield from _layer(block + attention + ".to_v", (width, context), bias=False)
        yield from _layer(block + attention + ".to_out.0", (width, width))
    yield from _layer(block + "ff.net.0.proj", (8 * width, width))
    yield from _layer(block + "ff.net.2", (width, 4 * width))
    for number in (1, 2, 3):
        yield from _norm(f"{block}norm{number}", width)
    yield from _conv(f"{name}.proj_out", width, width, 1)


def _unet(home: str, base: int) -> Shapes:
    time, width, skips, block = 4 * base, base, [base], 1
    yield from _layer(home + "time_embed.0", (time, base))
    yield from _layer(home + "time_embed.2", (time, time))
    yield from _conv(home + "input_blocks.0.0", 4, base)
    for level, times in enumerate(LEVELS):
        for _ in range(2):
            yield from _residual(f"{home}input_blocks.{block}.0", width, times * base, time)
            width = times * base
            if level < 3:
                yield from _attention(f"{home}input_blocks.{block}.1", width)
            skips.append(width)
            block += 1
        if level < 3:
            yield from _conv(f"{home}input_blocks.{block}.0.op", width, width)
            skips.append(width)
            block += 1
    yield from _residual(home + "middle_block.0", width, width, time)
    yield from _attention(home + "middle_block.1", width)
    yield from _residual(home + "middle_block.2", width, width, time)
    yield from _unet_up(home, base, width, skips)


def _unet_up(home: str, base: int, width: int, skips: list[int]) -> Shapes:
    block = 0
    for level in (3, 2, 1, 0):
        for turn in range(3):
            yield from _residual(f"{home}output_blocks.{block}.0", width + skips.pop(), LEVELS[level] * base, 4 * base)
            width = LEVELS[level] * base
            if level < 3:
                yield from _attention(f"{home}output_blocks.{block}.1", width)
            if level and turn == 2:
                yield from _conv(f"{home}output_blocks.{block}.{2 if level < 3 else 1}.conv", width, width)
            block += 1
    yield from _norm(home + "out.0", width)
    yield from _conv(home + "out.2", width, 4)


def _vae_block(name: str, into: int, out: int) -> Shapes:
    yield from _norm(f"{name}.norm1", into)
    yield from _conv(f"{name}.conv1", into, out)
    yield from _norm(f"{name}.norm2", out)
    yield from _conv(f"{name}.conv2", out, out)
    if into != out:
        yield from _conv(f"{name}.nin_shortcut", into, out, 1)


def _vae_middle(name: str, width: int) -> Shapes:
    yield from _vae_block(f"{name}.block_1", width, width)
    yield from _norm(f"{name}.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from _conv(f"{name}.attn_1.{part}", width, width, 1)
    yield from _vae_block(f"{name}.block_2", width, width)


def _vae(home: str, base: int) -> Shapes:
    width = base
    yield from _conv(home + "encoder.conv_in", 3, base)
    for level, times in enumerate(LEVELS):
        for number in range(2):
            yield from _vae_block(f"{home}encoder.down.{level}.block.{number}", width, times * base)
            width = times * base
        if level < 3:
            yield from _conv(f"{home}encoder.down.{level}.downsample.conv", width, width)
    yield from _vae_middle(home + "encoder.mid", width)
    yield from _norm(home + "encoder.norm_out", width)
    yield from _conv(home + "encoder.conv_out", width, 8)
    yield from _conv(home + "decoder.conv_in", 4, width)
    yield from _vae_middle(home + "decoder.mid", width)
    for level in (3, 2, 1, 0):
        for number in range(3):
            yield from _vae_block(f"{home}decoder.up.{level}.block.{number}", width, LEVELS[level] * base)
            width = LEVELS[level] * base
        if level:
            yield from _conv(f"{home}decoder.up.{level}.upsample.conv", width, width)
    yield from _norm(home + "decoder.norm_out", width)
    yield from _conv(home + "decoder.conv_out", width, 3)
    yield from _conv(home + "quant_conv", 8, 8, 1)
    yield from _conv(home + "post_quant_conv", 4, 4, 1)


def _text(layers: int, wide: int) -> Shapes:
    home = "cond_stage_model.transformer.text_model."
    yield home + "embeddings.token_embedding.weight", (49408, CONTEXT)
    yield home + "embeddings.position_embedding.weight", (77, CONTEXT)
    for number in range(layers):
        layer = f"{home}encoder.layers.{number}."
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _layer(f"{layer}self_attn.{part}", (CONTEXT, CONTEXT))
        yield from _norm(layer + "layer_norm1", CONTEXT)
        yield from _norm(layer + "layer_norm2", CONTEXT)
        yield from _layer(layer + "mlp.fc1", (wide, CONTEXT))
        yield from _layer(layer + "mlp.fc2", (CONTEXT, wide))
    yield from _norm(home + "final_layer_norm", CONTEXT)


def _clip_folder(folder: Path, layers: int, wide: int) -> Path:
    """Tokenizer and configuration of the text encoder, as transformers reads them from a folder."""
    from atelier_core.hosts.embedded.tokenizer import write_clip

    text = {
        "model_type": "clip_text_model",
        "hidden_size": CONTEXT,
        "intermediate_size": wide,
        "num_hidden_layers": layers,
        "num_attention_heads": 12,
        "projection_dim": CONTEXT,
        "vocab_size": 49408,
    }
    return write_clip(folder, text)


def _yaml(unet: int, vae: int, clip: Path) -> str:
    return f"""model:
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: 0.00085
    linear_end: 0.0120
    num_timesteps_cond: 1
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
        in_channels: 4
        out_channels: 4
        model_channels: {unet}
        attention_resolutions: [4, 2, 1]
        num_res_blocks: 2
        channel_mult: {list(LEVELS)}
        num_heads: 8
        use_spatial_transformer: true
        transformer_depth: 1
        context_dim: {CONTEXT}
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
          ch: {vae}
          ch_mult: {list(LEVELS)}
          num_res_blocks: 2
          attn_resolutions: []
          dropout: 0.0
        lossconfig:
          target: torch.nn.Identity
    cond_stage_config:
      target: ldm.modules.encoders.modules.FrozenCLIPEmbedder
      params:
        version: {clip}
"""
