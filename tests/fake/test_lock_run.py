"""The lock's use case, panel and routes on the fake host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from atelier_concept_lock import api, run
from atelier_concept_lock.options import FileArgs, LockArgs
from atelier_concept_lock.regions import lock_of
from atelier_core import picture, units
from atelier_core.args import read_entries, split_infotext
from atelier_core.errors import Interrupted, UserError
from atelier_core.hosts.fake import WIDTH, FakeHost
from safetensors.torch import save_file

HOME = Path(__file__).parents[2] / "extensions" / "concept-lock"
Q = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    assert units.load(HOME) is not None
    host = FakeHost(tmp_path)
    for seed, name in enumerate(("anne", "beth")):
        luck = torch.Generator().manual_seed(seed)
        down, up = torch.randn(2, WIDTH, generator=luck), torch.randn(WIDTH, 2, generator=luck)
        save_file(
            {f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up}, host.folder("lora") / f"{name}.safetensors"
        )
    (host.folder("lora") / "broken <b>.safetensors").write_bytes(b"")
    return host


def lock(**more: Any) -> str:
    regions = [
        {"mask": [0, 0, 0.5, 1], "prompt": "reading", "cards": [{"name": "Anne", "files": ["anne"]}]},
        {"mask": [0.5, 0, 1, 1], "cards": [{"name": "Beth", "files": ["beth"], "negative": "hat"}]},
    ]
    return json.dumps({"prompt": "two women", "regions": regions, **more})


def args(**more: Any) -> LockArgs:
    return LockArgs(**{"lock": lock(), "width": 128, "height": 64, "steps": 4, "seed": 5, **more})


def test_each_concept_changes_its_own_half_and_the_report_says_so(host: FakeHost) -> None:
    """The fake network has no paths from cell to cell: what is kept apart stays apart to the end."""
    made = np.asarray(picture.read(run.generate(host, args()).paths[0]).pixels, int)
    alone = json.loads(lock())
    alone["regions"][1]["cards"] = []
    less = args(lock=json.dumps(alone), negative="hat")  # which was on the card
    other = np.asarray(picture.read(run.generate(host, less).paths[0]).pixels, int)
    assert (made[:, :40] == other[:, :40]).all() and (made[:, 64:] != other[:, 64:]).any()
    done = run.generate(host, args(batch=2))
    assert len(done.paths) == 2 and done.report.clean
    assert [(line.card, line.region, line.matched) for line in done.report.lines] == [("Anne", 1, 1), ("Beth", 2, 1)]
    assert all(line.inside > 0 and line.outside == 0 for line in done.report.lines)
    assert any("Anne, region 1: 1 layers" in note for note in done.report.told(str))


def test_the_infotext_carries_the_lock_and_the_report(host: FakeHost) -> None:
    done = run.generate(host, args())
    entries = read_entries(split_infotext(picture.read(done.paths[0]).texts["parameters"])[1])
    assert lock_of(entries["Atelier lock"]) == lock_of(lock())
    assert entries["Atelier lock report"] == "Anne@1 1/1; Beth@2 1/1; outside 0"
    assert "Negative prompt: hat" in done.infotexts[0]
    assert done.paths[0].parent == host.outputs("concept-lock")


def test_measuring_draws_once_more_for_each_card(host: FakeHost) -> None:
    starts = []
    host.on_step = lambda done, total: starts.append(done) if done == 0 else None
    done = run.generate(host, args(measure=True))
    assert len(starts) == 3
    assert [line.indirect is not None and line.indirect < 0.5 for line in done.report.lines] == [True, True]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("{}", "There is nothing to lock"),
        (lock(prompt="two <lora:anne:1>"), "“anne” is in the prompt and among the concepts"),
        (lock(cards=[{"name": "x", "files": ["nobody"]}]), "There is no LoRA “nobody”"),
        (
            json.dumps({"regions": [{"mask": [0, 0, 1, 1], "prompt": "a <lora:beth:1>"}]}),
            "Choose it as the region's concept instead",
        ),
        (lock(cards=[{"name": "x", "files": ["broken <b>"]}]), "is empty"),
        ("[", "not valid JSON"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_drawn(host: FakeHost, said: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        run.generate(host, args(lock=said))
    assert host.progress == []


def test_a_stop_saves_nothing(host: FakeHost) -> None:
    host.on_step = lambda done, total: host.interrupt() if done == 2 else None
    with pytest.raises(Interrupted):
        run.generate(host, args())
    assert list(host.outputs("concept-lock").iterdir()) == []


def test_files_are_listed_with_a_verdict(host: FakeHost) -> None:
    found = {one["name"]: one for one in api.files(host)["files"]}
    assert found["anne"]["kinds"] == ["LoRA"] and found["anne"]["layers"] == 1 and found["anne"]["trouble"] is None
    assert "is empty" in found["broken <b>"]["trouble"]
    asked = api.inspect(host, FileArgs("anne"))
    assert len(asked["autov3"]) == 12 and len(asked["autov2"]) == 10 and len(asked["autov1"]) == 8
    assert "is empty" in api.inspect(host, FileArgs("broken <b>"))["trouble"]
    with pytest.raises(UserError, match="There is no LoRA “nobody”"):
        api.inspect(host, FileArgs("nobody"))


def test_the_route_answers_in_json(host: FakeHost) -> None:
    answer = api.generate(host, args())
    json.dumps(answer)
    assert answer["report"]["clean"] and answer["seeds"] == [5] and len(answer["pictures"][0]["id"]) == 22
