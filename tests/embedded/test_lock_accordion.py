"""The lock's accordion on the embedded host: what it does to the host's own pictures, and what is left afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
import tiny
import torch
from atelier_concept_lock import named, rows, run
from atelier_concept_lock.board import board_of
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.args import read_entries, split_infotext
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import accordions
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Asked, Job, Result
from atelier_core.patches import Attached, Now, hooks_on
from atelier_core.units import Unit, load
from lock_files import adapted
from PIL import Image

HOME = Path(__file__).parents[2] / "extensions" / "concept-lock"
JOB = Job("two women", "blurry", Extent(128, 128), steps=3, cfg=4.0, seed=41)
BOARD = json.dumps(
    {"atelier_board": 1, "width": 128, "height": 128, "regions": [
        {"id": "r1", "name": "", "colour": "#e6a23c", "on": True, "mask": [0, 0, 0.5, 1]},
        {"id": "r2", "name": "", "colour": "#409eff", "on": True, "mask": [0.5, 0, 1, 1]},
    ]}
)  # fmt: skip
VALUES: dict[str, Any] = {
    "on": True,
    "state": BOARD,
    **dict.fromkeys(rows.NAMES, ""),
    "prompt0": "a red house",
    "file0_0": "anne",
    "prompt1": "a blue boat",
    "file1_0": "beth",
    "feather": 0,
    "dial": 0,
    "start": 0,
    "end": 1,
    "uncond": False,
}


@pytest.fixture(scope="module")
def unit() -> Unit:
    found = load(HOME)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("accordion")))
    layers, texts = adapted(made.model().layers), lock_files.texts_of(made).layers
    for seed, name in enumerate(("anne", "beth"), 11):
        lock_files.lora(made.folder("lora") / f"{name}.safetensors", layers, seed, texts=texts)
    return made


def drawn(host: EmbeddedHost, unit: Unit, job: Job = JOB, **values: Any) -> Result:
    told = {f"concept-lock/{name}": value for name, value in {**VALUES, **values}.items()}
    return accordions.drawn(host, job, [unit], told)


def pixels(result: Result, n: int = 0) -> np.ndarray:
    return np.asarray(result.pictures[n], int)


def entries(result: Result) -> dict[str, str]:
    return read_entries(split_infotext(result.infotexts[0])[1])


def test_off_it_changes_no_bit(host: EmbeddedHost, unit: Unit) -> None:
    plain = host.generate(JOB)
    off = drawn(host, unit, on=False)
    assert (pixels(off) == pixels(plain)).all() and off.infotexts == plain.infotexts and off.notes == plain.notes


def test_it_does_what_the_same_lock_does_in_the_tab(host: EmbeddedHost, unit: Unit) -> None:
    made = drawn(host, unit)
    told = entries(made)
    lock = json.loads(told["Atelier lock"])
    assert [one["prompt"] for one in lock["regions"]] == ["a red house", "a blue boat"]
    assert told["Atelier lock report"].startswith("anne@1 ") and told["Atelier lock report"].endswith("outside 0")
    asked = run.LockArgs(
        json.dumps({**lock, "prompt": JOB.prompt}), JOB.negative, 128, 128, JOB.steps, JOB.cfg, seed=JOB.seed
    )
    with Image.open(run.generate(host, asked).paths[0]) as tab:
        assert (np.asarray(tab, int) == pixels(made)).all()
    assert (pixels(made) != pixels(host.generate(JOB))).any()
    assert [note.split(":")[0] for note in made.notes[:2]] == ["anne, region 1", "beth, region 2"]


def test_afterwards_the_host_s_own_picture_is_equal_to_the_bit(host: EmbeddedHost, unit: Unit) -> None:
    before = pixels(host.generate(JOB))
    drawn(host, unit, dial=1.0, uncond=True, feather=9)
    assert hooks_on(host.model().unet) == 0
    assert (pixels(host.generate(JOB)) == before).all()


def test_a_concept_without_a_region_of_its_own_reads_the_host_s_prompt(host: EmbeddedHost, unit: Unit) -> None:
    """The host's prompt is the base: without words of its own a region reads it, whatever it is today."""
    values = {"prompt0": "", "file0_0": "anne", "triggers0_0": "", "prompt1": "", "file1_0": ""}
    ones = [pixels(drawn(host, unit, replace(JOB, prompt=prompt), **values)) for prompt in ("two women", "a lamp")]
    assert (ones[0] != ones[1]).any()
    told = {"prompt0": "two women", "prompt1": ""}
    assert (pixels(drawn(host, unit, **{**values, **told})) == ones[0]).all()


def test_batches_are_what_single_pictures_are(host: EmbeddedHost, unit: Unit) -> None:
    made = drawn(host, unit, replace(JOB, batch=2, count=2))
    alone = drawn(host, unit, replace(JOB, seed=JOB.seed + 3))
    assert len(made.pictures) == 4 and np.abs(pixels(made, 3) - pixels(alone)).max() <= 1
    assert all("Atelier lock report" in text for text in made.infotexts)


def test_pictures_of_one_batch_may_have_prompts_of_their_own(host: EmbeddedHost) -> None:
    """As wildcards make them. Each is what it is alone, also where a region reads the whole picture's prompt."""
    regions = (
        Region(Box(0, 0, 0.5, 1), "", (ConceptCard("anne", ("anne",), "anne"),)),
        Region(Box(0.5, 0, 1, 1), "a boat"),
    )
    lock, files = Lock(regions=regions, uncond=True), {"anne": named.read(host, "anne")}
    prompts, negatives, model = ("two women", "a lamp on a table"), ("blurry", "red"), host.model()
    x = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))

    def answers(which: list[int]) -> torch.Tensor:
        """[cond and uncond, pictures, 4, h, w]"""
        asked = Asked(tuple(prompts[n] for n in which), tuple(negatives[n] for n in which))
        now = Now(0, 1, 1.0, ("cond",) * len(which) + ("uncond",) * len(which), Extent(16, 16))
        read = torch.cat(contexts(model, [*asked.prompts, *asked.negatives]))
        patch = LockPatch(lock, Extent(128, 128), files)
        with torch.no_grad(), Attached(model.layers, [patch], now, lock_files.texts_of(host), asked):
            return model.unet(x[which].repeat(2, 1, 1, 1), 500, read, return_dict=False)[0].unflatten(0, (2, -1))

    both = answers([0, 1])
    for n in (0, 1):
        assert (both[:, n] - answers([n])[:, 0]).abs().max() <= 1e-4 * both.abs().max()
    assert (answers([1])[0, 0] - both[0, 0]).abs().max() > 1e-2


def test_and_in_differing_prompts_is_refused(host: EmbeddedHost) -> None:
    lock = Lock(regions=(Region(Box(0, 0, 1, 1), "", (ConceptCard("anne", ("anne",), "anne"),)),))
    patch, texts = LockPatch(lock, Extent(128, 128), {"anne": named.read(host, "anne")}), lock_files.texts_of(host)
    asked = Asked(("a cat AND a dog", "a lamp"), ("", ""))
    attached = Attached(host.model().layers, [patch], Now(latent=Extent(16, 16)), texts, asked)
    with pytest.raises(UserError, match="Pictures of different prompts with AND in them"), attached:
        pass
    assert hooks_on(host.model().unet) == 0


def test_img2img_and_inpainting_go_by_the_regions_too(host: EmbeddedHost, unit: Unit) -> None:
    start = Image.new("RGB", (128, 128), (90, 40, 10))
    mask = Image.new("L", (128, 128))
    mask.paste(255, (64, 0, 128, 128))
    for job in (replace(JOB, init=start), replace(JOB, init=start, mask=mask)):
        assert (pixels(drawn(host, unit, job)) != pixels(host.generate(job))).any()


@pytest.mark.parametrize(
    ("values", "prompt", "sentence"),
    [
        ({"file0_0": "nobody"}, "two women", "There is no LoRA “nobody” in the webui's list."),
        ({}, "two <lora:anne:1> women", "“anne” is in the prompt and among the concepts: it would act twice."),
        ({"state": "{"}, "two women", "This is not a board of regions."),
        (dict.fromkeys(rows.NAMES, ""), "two women", "There is nothing to lock: give a region a prompt or a concept."),
        ({"prompt0": "a <lora:beth:1>", "file1_0": ""}, "two women", "A region's prompt names “beth”."),
    ],
)
def test_what_cannot_be_is_said_and_the_plain_picture_is_made(
    host: EmbeddedHost, unit: Unit, values: dict[str, Any], prompt: str, sentence: str
) -> None:
    job = replace(JOB, prompt=prompt)
    plain, made = host.generate(job), drawn(host, unit, job, **values)
    assert (pixels(made) == pixels(plain)).all() and made.infotexts == plain.infotexts
    (note,) = made.notes[len(plain.notes) :]
    assert note.startswith(sentence)


def test_the_plot_s_axes_weaken_all_concepts(host: EmbeddedHost, unit: Unit) -> None:
    none = drawn(host, unit, strength=0.0)
    weights = [card["unet"] for one in json.loads(entries(none)["Atelier lock"])["regions"] for card in one["cards"]]
    assert weights == [0.0, 0.0]
    assert (pixels(none) == pixels(drawn(host, unit, unet0_0=0.0, unet1_0=0.0))).all()
    assert (pixels(none) != pixels(drawn(host, unit))).any()


def test_an_infotext_brings_everything_back(host: EmbeddedHost, unit: Unit) -> None:
    made = drawn(host, unit, feather=7, dial=0.25, unet1_0=0.5, uncond=True)
    always = unit.module("panel").ALWAYS
    back = {name: always.read(host, "txt2img", name, entries(made)) for name in VALUES}
    assert [one.mask for one in board_of(back["state"]).regions] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]
    again = drawn(host, unit, **{name: "" if value == "-" else value for name, value in back.items()})
    assert (pixels(again) == pixels(made)).all() and entries(again) == entries(made)
    assert always.read(host, "txt2img", "on", {"Steps": "3"}) is False
