"""How the autoencoder begins, and the same one for code with norms of other groups."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL

from dollhouse import core, nets, render
from dollhouse.train import attention, pyramid
from dollhouse.widen import COPIES, widened

Tensor = torch.Tensor


def pictures(first: int, count: int, side: int) -> Tensor:
    drawn = np.stack([render(core.sampled(first + number), side) for number in range(count)])
    return torch.from_numpy(drawn).movedim(-1, 1).float() / 127.5 - 1


@torch.no_grad()
def test_it_begins_with_the_colours_of_cells_and_gives_them_back() -> None:
    torch.manual_seed(3)
    net = nets.vae().eval()
    seen, others = pictures(0, 8, 96), pictures(500, 6, 96)
    before = (net.decode(net.encode(others).latent_dist.mean).sample - others).square().mean()
    pyramid.begin(net, seen)
    latents = net.encode(seen).latent_dist.mean * nets.LATENT_SCALE
    assert torch.allclose(latents.std((0, 2, 3)), torch.ones(4), atol=0.01)
    made = net.decode(net.encode(others).latent_dist.mean).sample
    cells = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(others, 8), scale_factor=8)
    error, of_cells = (made - others).square().mean(), (cells - others).square().mean()
    assert error < 0.2 * before
    assert error < of_cells  # better than the cells themselves


@torch.no_grad()
def test_with_every_channel_several_times_over_it_is_the_same() -> None:
    torch.manual_seed(4)
    net = nets.vae().eval()
    for value in net.parameters():
        value += 0.02 * torch.randn_like(value)
    wide = AutoencoderKL(
        latent_channels=4,
        block_out_channels=tuple(width * COPIES for width in nets.VAE_WIDTHS),
        layers_per_block=2,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    ).eval()
    assert wide.config.norm_num_groups == 32
    wide.load_state_dict(widened(net.state_dict()))
    seen = torch.rand(2, 3, 64, 48) * 2 - 1
    ours, theirs = net.encode(seen).latent_dist.parameters, wide.encode(seen).latent_dist.parameters
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    assert torch.allclose(net.decode(ours[:, :4]).sample, wide.decode(ours[:, :4]).sample, rtol=1e-4, atol=1e-4)


def test_attention_written_out_is_the_same() -> None:
    torch.manual_seed(5)
    net = nets.unet().eval()
    asked = torch.randn(2, 4, 12, 8), torch.tensor([3, 700]), torch.randn(2, 7, nets.CONTEXT)
    with torch.no_grad():
        before = net(*asked).sample
        after = attention.written_out(net)(*asked).sample
    assert {type(one) for one in net.attn_processors.values()} == {attention.Plain}
    assert torch.allclose(before, after, rtol=1e-4, atol=1e-5)
