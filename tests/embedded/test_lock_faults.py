"""Whatever is wrong with a file or happens in a run is one sentence, and the next plain picture is as it was."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
import tiny
import torch
from atelier_concept_lock import run
from atelier_concept_lock.options import LockArgs
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.host import ModelFile
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job
from atelier_core.patches import hooks_on
from lock_files import adapted
from safetensors.torch import load_file, save_file

STEPS = 4
Tensors = dict[str, torch.Tensor]
BOTH = "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
KEY = "lora_unet_" + BOTH.replace(".", "_")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("faults")))
    for seed, name in enumerate(("anne", "beth"), 21):
        lock_files.lora(made.folder("lora") / f"{name}.safetensors", adapted(made.model().layers), seed)
    return made


def lock(left: str = "anne", right: str = "beth", dial: float = 1.0) -> str:
    halves = (([0, 0, 0.5, 1], "a red house", left), ([0.5, 0, 1, 1], "a blue boat", right))
    regions = [
        {"mask": mask, "prompt": prompt, "cards": [{"name": name, "files": [name]}]} for mask, prompt, name in halves
    ]
    return json.dumps({"prompt": "two women", "dial": dial, "regions": regions})


def args(**more: Any) -> LockArgs:
    return LockArgs(
        **{"lock": lock(), "width": 64, "height": 64, "steps": STEPS, "seed": 7, "sampler": "Euler", **more}
    )


PLAIN = Job("two women", size=Extent(64, 64), steps=2, seed=3, sampler="Euler")


def plain(host: EmbeddedHost) -> bytes:
    return host.generate(PLAIN).pictures[0].tobytes()


def saved(host: EmbeddedHost) -> list[str]:
    return sorted(path.name for path in host.outputs("concept-lock").iterdir())


@pytest.fixture
def whole(host: EmbeddedHost) -> Iterator[None]:
    """The host goes on: nothing half-done was saved, no hook is left, the next plain picture has the same bits."""
    before, hooks, files = plain(host), [hooks_on(part) for part in host.model().parts], saved(host)
    yield
    assert saved(host) == files
    assert [hooks_on(part) for part in host.model().parts] == hooks
    assert plain(host) == before


# files


def changed(tensors: Tensors, **more: torch.Tensor) -> Tensors:
    return {**tensors, **{f"{KEY}.lora_{role}.weight": tensor for role, tensor in more.items()}}


def wider(tensors: Tensors) -> Tensors:
    """As for a model whose every layer is wider."""
    return {
        k: torch.cat([t, t]) if "up" in k else torch.cat([t, t], 1) if "down" in k else t for k, t in tensors.items()
    }


CASES: list[tuple[str, Callable[[Tensors], Tensors | bytes], str]] = [
    ("empty", lambda t: b"", "is empty"),
    ("page", lambda t: b"<!DOCTYPE html><title>404 Not Found</title>", "cut off|damaged"),
    ("infinite shape", lambda t: _header({"a": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 4]}}), "damaged"),
    ("endless shape", lambda t: _header({f"{KEY}.lora_up.weight": {"dtype": "F32", "shape": [2**62, 2**62],
                                                                    "data_offsets": [0, 4]}}), "damaged"),
    ("no shape", lambda t: _header({"a": {"dtype": "F32", "data_offsets": [0, 4]}}), "damaged"),
    ("nan", lambda t: changed(t, up=t[f"{KEY}.lora_up.weight"] * float("nan")), "invalid numbers"),
    ("inf", lambda t: changed(t, down=t[f"{KEY}.lora_down.weight"] + float("inf")), "invalid numbers"),
    ("ranks differ", lambda t: changed(t, up=t[f"{KEY}.lora_up.weight"][:, :3].contiguous()), "do not fit together"),
    ("ranks of a convolution differ", lambda t: {**t, CONV: t[CONV][:3].contiguous()}, "do not fit together"),
    ("half is missing", lambda t: {k: v for k, v in t.items() if k != f"{KEY}.lora_up.weight"}, "make no adapter"),
    ("unknown", lambda t: {**t, f"{KEY}.lora_sideways.weight": torch.ones(2)}, "of no kind that is known"),
    ("another base", lambda t: wider(t), "another kind of model"),
    ("flux", lambda t: {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": torch.ones(2, 2)}, "Flux"),
]  # fmt: skip
CONV = "lora_unet_input_blocks_1_0_in_layers_2.lora_down.weight"


def _header(table: dict[str, Any]) -> bytes:
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4)


@pytest.mark.parametrize(("name", "make", "sentence"), CASES, ids=[name for name, _, _ in CASES])
@pytest.mark.usefixtures("whole")
def test_a_bad_file_is_one_sentence(host: EmbeddedHost, name: str, make: Any, sentence: str) -> None:
    path = host.folder("lora") / "bad.safetensors"
    made = make(load_file(host.folder("lora") / "anne.safetensors"))
    if isinstance(made, bytes):
        path.write_bytes(made)
    else:
        save_file(made, path)
    try:
        with pytest.raises(UserError, match=sentence):
            run.generate(host, args(lock=lock(right="bad")))
        assert "bad" in {one["name"] for one in run.listed(host)}  # and the list is whole
    finally:
        path.unlink()


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.999])
@pytest.mark.usefixtures("whole")
def test_so_is_a_truncated_one(host: EmbeddedHost, share: float) -> None:
    content, path = (host.folder("lora") / "anne.safetensors").read_bytes(), host.folder("lora") / "cut.safetensors"
    path.write_bytes(content[: int(len(content) * share)])
    try:
        with pytest.raises(UserError, match=r"cut\.safetensors is damaged: it is cut off"):
            run.generate(host, args(lock=lock(right="cut")))
    finally:
        path.unlink()


@pytest.mark.usefixtures("whole")
def test_what_lies_beside_a_file_cannot_hurt(host: EmbeddedHost) -> None:
    """An empty preview, a web page and 100 MB in place of a sidecar."""
    listed, beside = run.listed(host), host.folder("lora")
    junk = [beside / f"anne{ending}" for ending in (".png", ".preview.png", ".json", ".civitai.info")]
    junk[0].touch()
    junk[1].write_bytes(b"\x89PNG\r\n")
    junk[2].write_text("<!DOCTYPE html><title>Too many requests</title>")
    with junk[3].open("wb") as file:
        file.truncate(100 * 2**20)  # a hole: costs no disk
    try:
        assert run.listed(host) == listed
        assert run.inspect(host, "anne")["layers"] == listed[0]["layers"] > 100
    finally:
        for path in junk:
            path.unlink()


@pytest.mark.usefixtures("whole")
def test_a_file_that_goes_away_while_it_is_looked_for(host: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    known, gone = host.models, ModelFile("gone", host.folder("lora") / "gone.safetensors", "lora")
    monkeypatch.setattr(host, "models", lambda kind: known(kind) + ((gone,) if kind == "lora" else ()))
    (entry,) = [one for one in run.listed(host) if one["name"] == "gone"]
    assert entry["trouble"] == "gone.safetensors cannot be read: No such file or directory."
    with pytest.raises(UserError, match="cannot be read: No such file"):
        run.generate(host, args(lock=lock(right="gone")))
    with pytest.raises(UserError, match="no LoRA “never”"):
        run.generate(host, args(lock=lock(right="never")))


def test_a_file_that_is_replaced_during_the_run_changes_nothing_of_it(host: EmbeddedHost) -> None:
    """Copies in memory: what is mapped would change under the run, or end it."""
    path = host.folder("lora") / "fleeting.safetensors"
    content = (host.folder("lora") / "beth.safetensors").read_bytes()
    path.write_bytes(content)
    wanted = picture_of(host, run.generate(host, args(lock=lock(right="fleeting"))))
    work, handle = iter(range(10_000)), None

    def spoil(*_: Any) -> None:
        if next(work) == 1:
            path.write_bytes(b"\xff" * len(content))

    handle = host.model().unet.register_forward_pre_hook(spoil)
    try:
        assert picture_of(host, run.generate(host, args(lock=lock(right="fleeting")))) == wanted
    finally:
        handle.remove()
        path.unlink()


def picture_of(host: EmbeddedHost, done: run.Done) -> bytes:
    from PIL import Image

    return np.asarray(Image.open(done.paths[0]).convert("RGB")).tobytes()


# runs


@pytest.mark.parametrize("layer", ["input_blocks.0.0", BOTH, BOTH.replace("attn1", "attn2"), "out.2"])
@pytest.mark.usefixtures("whole")
def test_an_exception_in_a_hooked_layer(host: EmbeddedHost, layer: str) -> None:
    calls: list[int] = []

    def fail(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError("another extension's fault")

    handle = host.model().layers[layer].register_forward_hook(fail)
    try:
        with pytest.raises(ZeroDivisionError):
            run.generate(host, args())
    finally:
        handle.remove()
    assert len(calls) == 3


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.usefixtures("whole")
def test_a_stop_at_any_step(host: EmbeddedHost, step: int) -> None:
    calls = iter(range(10_000))

    def stop(*_: Any) -> None:
        if next(calls) == step:
            host.interrupt()

    handle = host.model().unet.register_forward_pre_hook(stop)
    try:
        with pytest.raises(Interrupted, match="Nothing was saved"):
            run.generate(host, args())
    finally:
        handle.remove()
    assert next(calls) == step + 1  # not one step more


@pytest.mark.usefixtures("whole")
def test_a_model_that_gives_no_numbers(host: EmbeddedHost) -> None:
    handle = host.model().layers["out.2"].register_forward_hook(lambda module, inputs, output: output * float("nan"))
    try:
        with pytest.raises(UserError, match="no numbers that make a picture"):
            run.generate(host, args())
    finally:
        handle.remove()


def test_a_full_disk(host: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    before = plain(host)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    files = saved(host)
    with monkeypatch.context() as patched, pytest.raises(UserError, match="could not be saved: No space left"):
        patched.setattr(Path, "replace", full)
        run.generate(host, args())
    assert plain(host) == before and saved(host) == files


def test_two_users_at_once(host: EmbeddedHost) -> None:
    """Each gets the picture that it would have got alone, and so does one who asks for a plain one."""
    asked = [args(), args(lock=lock("beth", "anne", dial=0.0), seed=8, batch=2)]
    alone = [picture_of(host, run.generate(host, one)) for one in asked]
    quiet, found, troubles = plain(host), {}, []

    def user(number: int) -> None:
        try:
            made = plain(host) if number == 2 else picture_of(host, run.generate(host, asked[number]))
            found[number] = made
        except Exception as error:  # noqa: BLE001 - told below, in the thread that counts
            troubles.append(error)

    threads = [threading.Thread(target=user, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert found == {0: alone[0], 1: alone[1], 2: quiet} and alone[0] != alone[1]


@pytest.mark.usefixtures("whole")
def test_one_user_s_mistake_leaves_the_other_s_picture_alone(host: EmbeddedHost) -> None:
    wanted, refused = np.asarray(host.generate(replace(PLAIN, steps=4)).pictures[0]), []

    def other() -> None:
        for _ in range(3):
            with pytest.raises(UserError):
                run.generate(host, args(lock=lock(right="never")))
            refused.append(1)

    thread = threading.Thread(target=other)
    thread.start()
    made = np.asarray(host.generate(replace(PLAIN, steps=4)).pictures[0])
    thread.join()
    assert len(refused) == 3 and (made == wanted).all()
