"""Regions drafted where the model looks: on networks whose look is made up, so that the right answer is known."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
import tiny
import torch
from atelier_concept_lock.board import board_of, board_text
from atelier_concept_lock.draft import api, masks, run, watch
from atelier_concept_lock.draft.options import DraftArgs
from atelier_concept_lock.draft.words import spans, together
from atelier_concept_lock.regions import Box, Drawn
from atelier_core.api.pictures import store
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.fake import FakeHost
from atelier_core.job import Job
from atelier_core.patches import Now, hooks_on
from PIL import Image

Tensor = torch.Tensor
KEY = 0.5  # of the made-up queries and keys: weak enough that the softmax stays soft
BASE, CAT, DOG = "two animals in a field", "a black cat", "(one brown dog:1.2)"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedHost]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("draft")
    tiny.tiny_sd15(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    yield EmbeddedHost(root)
    torch.set_num_threads(before)


def counted(host: EmbeddedHost, text: str) -> int:
    """Tokens, by the tokenizer itself."""
    return len(host.model().encoders[0].tokenizer(text, add_special_tokens=False).input_ids)


def asked(*prompts: str, **more: Any) -> DraftArgs:
    plain: dict[str, Any] = {"prompt": BASE, "width": 192, "height": 128, "steps": 4, "seed": 5}
    return DraftArgs(json.dumps(prompts), **{**plain, **more})


def test_the_words_of_each_prompt_are_found_as_the_tokenizer_counts_them(host: EmbeddedHost) -> None:
    def encode(texts: Any) -> list[Tensor]:
        with torch.no_grad():
            return contexts(host.model(), texts)

    found = spans(encode, [BASE, CAT, DOG])
    base, cat, dog = (counted(host, text) for text in (BASE, CAT, "one brown dog"))
    assert (base, cat, dog) == (5, 3, 3)
    assert found == [slice(1, 6), slice(7, 10), slice(11, 14)]  # the mark of the start, and a comma between two
    long = ", ".join(["a very long prompt with a great many words in it"] * 8)  # more than one chunk of 75
    first, last = spans(encode, [long, CAT])
    after = counted(host, long) + 1 - 75
    assert last == slice(77 + 1 + after, 77 + 1 + after + 3) and first.start == 1


def test_prompts_stand_side_by_side() -> None:
    assert together(["", "a cat", "a dog"]) == "a cat, a dog"


def test_attention_is_the_share_that_each_cell_gives() -> None:
    luck = torch.Generator().manual_seed(1)
    q, k = torch.randn(2, 6, 8, generator=luck), torch.randn(2, 5, 8, generator=luck)
    found = watch.attention(q, k, 2, [slice(1, 3), slice(4, 5)])
    wanted = np.zeros((2, 6))
    for row in range(2):
        for head in range(2):
            own = slice(4 * head, 4 * head + 4)
            for cell in range(6):
                weights = [np.exp(float(q[row, cell, own].double() @ k[row, n, own].double()) / 2) for n in range(5)]
                shares = [one / sum(weights) for one in weights]
                wanted[:, cell] += np.array([(shares[1] + shares[2]) / 2, shares[4]]) / 4
    assert np.abs(found.numpy() - wanted).max() < 1e-6


def test_rows_that_read_the_prompt() -> None:
    assert watch.wanted_rows(("cond", "uncond"), 4) == [0, 1]
    assert watch.wanted_rows(("uncond", "cond"), 2) == [1]
    assert watch.wanted_rows((), 2) == [0, 1]


def test_a_webui_may_ask_for_the_negative_prompt_by_itself(host: EmbeddedHost) -> None:
    """As it does where both prompts are not of one length, or memory is short."""
    model, size = host.model(), Extent(24, 16)
    luck = torch.Generator().manual_seed(1)
    x, read = torch.randn(1, 4, 16, 24, generator=luck), contexts(model, [f"{BASE}, {CAT}, one brown dog", "blurry"])
    seen = []
    for at_once in (True, False):
        one = watch.Watch([BASE, CAT, "one brown dog"])
        now = Now(1, 2, 1.0, ("cond", "uncond"), size)
        with torch.no_grad(), lock_files.attached(host, [one], now):
            if at_once:
                model.unet(x.repeat(2, 1, 1, 1), 500, torch.cat(read), return_dict=False)
            for kind, context in () if at_once else zip(("cond", "uncond"), read, strict=True):
                now.rows = (kind,)
                model.unet(x, 500, context, return_dict=False)
        seen.append(one.scores())
    assert np.isfinite(seen[1]).all() and np.abs(seen[0] - seen[1]).max() < 1e-4


@contextmanager
def looking(
    host: EmbeddedHost, words: dict[str, slice], places: dict[str, slice], sight: tuple[float, ...] = (1, 1)
) -> Iterator[None]:
    """The network's cross-attention looks for each one's tokens in its own columns; for a negative row the other way
    round. Hooks on the layers themselves, which come before those of any patch."""

    def queries(module: Any, inputs: Any, output: Tensor) -> Tensor:
        made, (high, wide) = torch.zeros_like(output), cells(output.shape[1])
        grid = made.view(len(output), high, wide, -1)
        for n, columns in enumerate(places.values()):
            grid[:, :, slice(columns.start * wide // 24, columns.stop * wide // 24), n::8] = KEY * sight[n]
        return made

    def keys(module: Any, inputs: Any, output: Tensor) -> Tensor:
        made = torch.zeros_like(output)
        for n, tokens in enumerate(words.values()):
            made[:, tokens, n::8] = 8 * KEY
        if len(made) == 2:  # the row of the negative prompt, second, looks elsewhere
            made[1] = made[1].roll(1, dims=-1)
        return made

    def cells(tokens: int) -> tuple[int, int]:
        return next(one for one in ((16, 24), (8, 12), (4, 6), (2, 3)) if one[0] * one[1] == tokens)

    with ExitStack() as hooks:
        for name, module in host.model().layers.items():
            for ending, hook in ((".attn2.to_q", queries), (".attn2.to_k", keys)):
                if name.endswith(ending):
                    hooks.callback(module.register_forward_hook(hook).remove)
        yield


def drawn(region: Any) -> np.ndarray:
    assert isinstance(region.mask, Drawn)
    return np.asarray(Image.open(io.BytesIO(region.mask.png)))


def test_each_region_lies_where_its_words_are_looked_for(host: EmbeddedHost) -> None:
    words = {CAT: slice(7, 10), DOG: slice(11, 14)}
    with looking(host, words, {CAT: slice(0, 8), DOG: slice(16, 24)}):
        made = run.draft(host, asked(CAT, DOG))
    cat, dog = (drawn(region) for region in made.board.regions)
    assert cat.shape == (128, 192) and set(np.unique(cat)) == {0, 255}
    columns = [[n for n in range(192) if one[:, n].all()] for one in (cat, dog)]
    assert columns[0] == list(range(columns[0][-1] + 1)) and 60 <= columns[0][-1] <= 80  # 64 are its own
    assert columns[1] == list(range(columns[1][0], 192)) and 112 <= columns[1][0] <= 132
    assert not (cat & dog).any() and not cat[:, 80:].any() and not dog[:, :112].any()
    assert made.notes == () and made.seed == 5 and made.picture.size == (192, 128)
    assert board_of(board_text(made.board)) == made.board
    assert [(one.id, one.on) for one in made.board.regions] == [("r1", True), ("r2", True)]


def test_what_is_not_found_is_said_and_has_a_place_to_be_moved(host: EmbeddedHost) -> None:
    words = {CAT: slice(7, 10), DOG: slice(11, 14)}
    with looking(host, words, {CAT: slice(0, 12), DOG: slice(0, 12)}, (1, 0.2)):  # the dog in the cat's place, dimly
        made = run.draft(host, asked(CAT, DOG))
    assert isinstance(made.board.regions[0].mask, Drawn) and made.board.regions[1].mask == Box(0.5, 0, 1, 1)
    assert made.notes == (run.LOST.format(n=2),)


def test_it_changes_nothing_and_leaves_nothing(host: EmbeddedHost) -> None:
    hooks = hooks_on(host.model().unet)
    made = run.draft(host, asked(CAT, DOG))
    plain = host.generate(Job(together([BASE, CAT, DOG]), size=Extent(192, 128), steps=4, seed=5))
    assert np.array_equal(np.asarray(made.picture), np.asarray(plain.pictures[0]))
    assert hooks_on(host.model().unet) == hooks


def test_over_rest(host: EmbeddedHost) -> None:
    told = api.draft(host, asked(CAT, DOG, prompt="", width=64, height=64))
    assert len(board_of(told["board"]).regions) == 2 and store.get(told["picture"]).is_file() and told["seed"] == 5


@pytest.mark.parametrize(
    ("prompts", "sentence"),
    [
        ("{", "must be a list"),
        ('"a cat"', "must be a list"),
        ('["a cat", 3]', "must be a list"),
        ("[]", "one to 4 regions"),
        (json.dumps(["a cat"] * 5), "one to 4 regions"),
        ('["a cat", " <lora:x:1>"]', "Region 2 has no prompt"),
    ],
)
def test_what_cannot_be_is_said(host: EmbeddedHost, prompts: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        run.draft(host, DraftArgs(prompts, width=64, height=64, steps=3))


def test_a_model_without_attention_to_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no attention to words"):
        run.draft(FakeHost(tmp_path), asked(CAT))


def blob(high: int, wide: int, top: int, left: int, side: int, peak: float = 3.0) -> np.ndarray:
    made = np.full((high, wide), 0.5)
    made[top : top + side, left : left + side] = peak
    return made


def test_masks_are_whole_and_small_crumbs_go() -> None:
    one = blob(16, 24, 2, 2, 10)
    one[6:8, 6:8] = 0.5  # a hole
    one[14, 22] = 3.0  # a crumb
    (made,) = masks.divided(one[None], Extent(192, 128))
    assert made is not None and made[7 * 8, 7 * 8] == 255 and not made[100:, 160:].any()
    assert 80 * 80 < (made > 0).sum() <= 96 * 96  # at most a cell more on every side


def test_a_place_that_two_are_seen_in_goes_to_the_one_seen_more() -> None:
    one, other = blob(16, 16, 3, 1, 9, 2.0), blob(16, 16, 3, 6, 9, 3.0)
    first, second = masks.divided(np.stack([one, other]), Extent(1024, 1024))
    assert first is not None and second is not None and first.shape == (512, 512)
    assert not (first & second).any() and second[7 * 32, 8 * 32] == 255 and first[7 * 32, 3 * 32] == 255


def test_a_place_that_hardly_anyone_looks_at_is_nobodys() -> None:
    made = masks.divided(np.stack([np.full((8, 8), 0.9), blob(8, 8, 0, 0, 4)]), Extent(64, 64))
    assert made[0] is None and made[1] is not None


def test_a_look_that_is_hardly_one_finds_nothing() -> None:
    dim, clear = blob(8, 8, 0, 0, 4, 1.05), blob(8, 8, 0, 4, 4, 1.3)
    dim[dim < 1] = 0.98
    made = masks.divided(np.stack([dim, clear]), Extent(64, 64))
    assert made[0] is None and made[1] is not None
