"""The webui's side of loading: what is registered, what stays out, and that no unit takes others or the host along."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import copy
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from atelier_core import hosts, units
from atelier_core.hosts.fake import FakeHost
from fastapi import FastAPI
from PIL import Image

OF_HOST = ("atelier_core.hosts.entry", "atelier_core.hosts.a1111")
UNIT = "from atelier_core.units import Unit\nUNIT = Unit('Good', extras=True, upscalers=True)\n"
PANEL = """
import gradio as gr
from atelier_core.entries import ExtrasEntry

def build(host):
    gr.HTML("here")

EXTRAS = ExtrasEntry("Good", 1, lambda host: {}, lambda host, image, values: (image, {"Good": "yes"}))
"""
RUN = """
from atelier_core.entries import UpscalerEntry

UPSCALERS = UpscalerEntry(lambda host: [("x4", "x4.pth", 4)], lambda host, image, scale, model: image)
"""
API = "from atelier_core.api.routes import Route\nROUTES = (Route('GET', 'names', lambda host: {}),)\n"
BAD = "raise ValueError('as a unit may')\n"


class Upscaler:
    """As the host's: its start makes one of each subclass."""

    def __init__(self) -> None:
        self.scalers: list[Any] = []


class Option:
    def __init__(self, default: Any, label: str, kind: type, options: dict[str, Any], section: Any) -> None:
        self.default, self.section = default, section

    def info(self, text: str) -> Option:
        return self

    def needs_reload_ui(self) -> Option:
        return self


class Options(SimpleNamespace):
    """Which keep what was set: the webui stores such an option from then on."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self.written.append(name)


class AxisOption:
    def __init__(self, label: str, kind: type, apply: Any, choices: Any) -> None:
        self.label, self.apply, self.choices = label, apply, choices


class Webui:
    """What the entry asks of a webui, and what it has been given."""

    def __init__(self) -> None:
        self.registered: dict[str, list[Callable[..., Any]]] = {}
        self.options: dict[str, Option] = {}
        self.opts = Options(data={}, written=[], add_option=self.options.__setitem__)

    def modules(self) -> Iterator[ModuleType]:
        kinds = ("on_cfg_denoiser", "on_app_started", "on_ui_settings", "on_ui_tabs", "on_before_ui")
        callbacks = {kind: self.registered.setdefault(kind, []).append for kind in kinds}
        yield stub("modules", __path__=[])
        yield stub("modules.script_callbacks", **callbacks)
        yield stub("modules.scripts_postprocessing", ScriptPostprocessing=type("ScriptPostprocessing", (), {}))
        yield stub("modules.shared", opts=self.opts, OptionInfo=Option)
        yield stub("modules.upscaler", Upscaler=Upscaler, UpscalerData=lambda *told: told)
        self.grid = stub("xyz_grid", axis_options=[], AxisOption=AxisOption)
        loaded = [SimpleNamespace(module=self.grid), SimpleNamespace(module=stub("another"))]
        script = type("Script", (), {})
        yield stub("modules.scripts", AlwaysVisible=object(), Script=script, scripts_data=loaded)
        for name in ("processing", "sd_models", "devices", "prompt_parser", "sd_schedulers"):
            yield stub(f"modules.{name}")

    def called(self, kind: str, *args: Any) -> Any:
        (callback,) = self.registered[kind]
        return callback(*args)


def stub(name: str, **has: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(has)
    return module


@pytest.fixture
def webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webui]:
    """No host module and nothing that was imported against it stays."""
    forget()
    made = Webui()
    monkeypatch.setattr(units, "loaded", units.Loaded())
    monkeypatch.setattr("atelier_core.ui.tabs.loaded", units.loaded)
    monkeypatch.setattr("atelier_core.ui.pages.loaded", units.loaded)
    host = FakeHost(tmp_path / "host")
    host.inside = nullcontext  # type: ignore[attr-defined]  # as both webuis have it
    monkeypatch.setattr(hosts, "_current", [host])
    for module in made.modules():
        monkeypatch.setitem(sys.modules, module.__name__, module)
        parent, _, name = module.__name__.rpartition(".")
        if parent:
            setattr(sys.modules[parent], name, module)
    yield made
    forget()


def forget() -> None:
    """What was imported against a host's modules, by whomever, and the names under which its package holds it."""
    for name in list(sys.modules):
        if name.startswith((*OF_HOST, "atelier_good", "atelier_other")):
            del sys.modules[name]
    for name in ("entry", "a1111"):
        if hasattr(hosts, name):
            delattr(hosts, name)


def unit(home: Path, name: str, **modules: str) -> None:
    package = home / "units" / name / f"atelier_{name}"
    package.mkdir(parents=True)
    for module, body in {"__init__": UNIT, "panel": PANEL, "run": RUN, "api": API, **modules}.items():
        (package / f"{module}.py").write_text(body, encoding="utf-8")


def load(home: Path) -> dict[str, type]:
    return importlib.import_module("atelier_core.hosts.entry").load_pack(home / "units")


def paths_of(webui: Webui) -> set[str]:
    app = FastAPI()
    webui.called("on_app_started", None, app)
    return {route.path for route in app.routes if "/v1/" in route.path and "/core/" not in route.path}


def listed() -> list[list[Any]]:
    """What the host lists at its start: it makes one of every subclass that it finds."""
    return [kind().scalers for kind in Upscaler.__subclasses__() if kind.__module__ == "atelier_core.hosts.entry"]


@pytest.fixture(autouse=True)
def no_subclass_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Subclasses live until they are collected: each test has a base of its own."""
    monkeypatch.setitem(globals(), "Upscaler", type("Upscaler", (), {"__init__": Upscaler.__init__}))


def test_one_callback_of_a_kind_for_all_units(webui: Webui, tmp_path: Path) -> None:
    unit(tmp_path, "good")
    unit(tmp_path, "other")
    classes = load(tmp_path)
    assert {kind: len(made) for kind, made in webui.registered.items()} == {
        "on_cfg_denoiser": 1,
        "on_app_started": 1,
        "on_ui_settings": 1,
        "on_before_ui": 1,
        "on_ui_tabs": 1,
    }
    assert set(classes) == {"atelier_good_extras", "atelier_other_extras"}
    assert [name for _, _, name in webui.called("on_ui_tabs")] == ["atelier_good", "atelier_other"]
    assert paths_of(webui) == {"/atelier/v1/good/names", "/atelier/v1/other/names"}
    webui.called("on_ui_settings")
    assert {"atelier_core_language", "atelier_good_on", "atelier_other_on"} <= set(webui.options)
    assert {option.section for option in webui.options.values()} == {("atelier", "Atelier")}
    assert [[scaler[0] for scaler in one] for one in listed()] == [["x4"], ["x4"]]
    assert units.loaded.failed == {}


def test_a_unit_that_is_switched_off_offers_only_its_switch(webui: Webui, tmp_path: Path) -> None:
    unit(tmp_path, "good")
    unit(tmp_path, "other")
    webui.opts.data["atelier_good_on"] = False
    assert set(load(tmp_path)) == {"atelier_other_extras"}
    assert [name for _, _, name in webui.called("on_ui_tabs")] == ["atelier_other"]
    assert paths_of(webui) == {"/atelier/v1/other/names"}
    assert len(listed()) == 1
    webui.called("on_ui_settings")
    assert "atelier_good_on" in webui.options


def test_switched_off_at_reload_it_lists_no_models(webui: Webui, tmp_path: Path) -> None:
    unit(tmp_path, "good")
    load(tmp_path)
    assert [len(one) for one in listed()] == [1]
    webui.opts.data["atelier_good_on"] = False
    load(tmp_path)
    assert [len(one) for one in listed()] == [0]


def test_a_second_load_makes_no_second_upscaler(webui: Webui, tmp_path: Path) -> None:
    unit(tmp_path, "good")
    first, second = load(tmp_path), load(tmp_path)
    assert set(first) == set(second) == {"atelier_good_extras"}
    assert len(listed()) == 1


@pytest.mark.parametrize(
    ("broken", "tabs", "classes", "routes"),
    [
        ({"panel": BAD}, ["other"], ["other"], ["good", "other"]),
        ({"panel": PANEL.replace("gr.HTML", "no_such_name")}, ["other"], ["good", "other"], ["good", "other"]),
        ({"run": BAD}, ["good", "other"], ["other"], ["good", "other"]),
        ({"api": BAD}, ["good", "other"], ["good", "other"], ["other"]),
    ],
    ids=["panel", "build", "run", "api"],
)
def test_a_unit_that_fails_is_named_and_the_others_live(
    webui: Webui, tmp_path: Path, broken: dict[str, str], tabs: list[str], classes: list[str], routes: list[str]
) -> None:
    unit(tmp_path, "good", **broken)
    unit(tmp_path, "other")
    assert sorted(load(tmp_path)) == [f"atelier_{name}_extras" for name in classes]
    assert [name for _, _, name in webui.called("on_ui_tabs")] == [f"atelier_{name}" for name in tabs]
    assert paths_of(webui) == {f"/atelier/v1/{name}/names" for name in routes}
    assert list(units.loaded.failed) == ["good"]
    assert ": " in units.loaded.failed["good"]


def test_models_that_cannot_be_listed_do_not_end_the_start(webui: Webui, tmp_path: Path) -> None:
    unit(tmp_path, "good", run=RUN.replace('[("x4", "x4.pth", 4)]', "1 / 0"))
    unit(tmp_path, "other")
    load(tmp_path)
    assert sorted(len(one) for one in listed()) == [0, 1]
    assert units.loaded.failed == {"good": "ZeroDivisionError: division by zero"}


ALWAYS = """
import gradio as gr
from atelier_core.entries import Additions, AlwaysEntry, Axis
from atelier_core.errors import UserError

def build(host):
    gr.HTML("here")

def add(host, values, size):
    if values["look"] == "wrong":
        raise UserError("There is no look “{name}”.", name="wrong")
    return Additions(info={"Good look": f"{values['look']} {size.width}x{size.height}"})

def restored(host, tab, name, entries):
    return entries.get("Good look", "").partition(" ")[0] or None

def controls(host, tab):
    return {"look": gr.Textbox(elem_id=f"atelier_good_{tab}_look")}

ALWAYS = AlwaysEntry("Good", controls, add, restored, (Axis("Look", "look", lambda host: ["red", "blue"]),))
"""
ALWAYS_UNIT = "from atelier_core.units import Unit\nUNIT = Unit('Good', always=True)\n"


class Run:
    """As far as an always-on script looks at it."""

    def __init__(self) -> None:
        self.width, self.height = 320, 240
        self.extra_generation_params: dict[str, str] = {}
        self.script_args: tuple[Any, ...] = ()
        self.said: list[str] = []
        self.comment = self.said.append


def always_script(webui: Webui, home: Path, panel: str = ALWAYS) -> Any:
    unit(home, "good", __init__=ALWAYS_UNIT, panel=panel)
    (kind,) = load(home).values()
    script = kind()
    assert [part.elem_id for part in script.ui(is_img2img=True)] == ["atelier_good_img2img_look"]
    return script


def test_an_accordion_acts_on_a_run_of_the_webui(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    assert script.title() == "Atelier: Good"
    script.before_process(run, "red")
    assert run.extra_generation_params == {"Good look": "red 320x240"} and run.said == []


def test_what_is_wrong_is_said_below_the_picture(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    script.before_process(run, "wrong")
    assert run.said == ["Atelier: There is no look “wrong”."] and run.extra_generation_params == {}


def test_a_detailer_s_second_look_is_left_alone(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    run._ad_inner = True  # type: ignore[attr-defined]
    script.before_process(run, "red")
    assert run.extra_generation_params == {}


def test_an_infotext_gives_the_accordion_its_values_back(webui: Webui, tmp_path: Path) -> None:
    script = always_script(webui, tmp_path)
    ((part, value),) = script.infotext_fields
    assert part.elem_id == "atelier_good_img2img_look"
    assert value({"Good look": "blue 8x8"}) == "blue" and value({"Steps": "3"}) is None


def test_the_plot_steps_through_an_accordion_s_value(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    webui.called("on_before_ui")
    webui.called("on_before_ui")
    (axis,) = webui.grid.axis_options
    assert (axis.label, axis.choices()) == ("[Atelier] Look", ["red", "blue"])
    axis.apply(run, "blue", ["red", "blue"])
    script.before_process(run, "red")
    assert run.extra_generation_params == {"Good look": "blue 320x240"}


def test_a_step_of_the_plot_turns_the_accordion_on(webui: Webui, tmp_path: Path) -> None:
    panel = ALWAYS.replace("f\"{values['look']} ", "f\"{values.get('on')} ")
    script, run = always_script(webui, tmp_path, panel), Run()
    webui.called("on_before_ui")
    script.before_process(run, "red")
    assert run.extra_generation_params == {"Good look": "None 320x240"}
    webui.grid.axis_options[0].apply(run, "blue", [])
    script.before_process(run, "red")
    assert run.extra_generation_params == {"Good look": "True 320x240"}


def test_a_spoilt_infotext_changes_nothing(webui: Webui, tmp_path: Path) -> None:
    spoilt = 'def restored(host, tab, name, entries):\n    raise UserError("This is not a pose.")\n\ndef restored_not('
    script = always_script(webui, tmp_path, ALWAYS.replace("def restored(", spoilt))
    ((_, value),) = script.infotext_fields
    assert value({"Good look": "blue"}) is None


def test_copies_of_a_run_share_no_infotext(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    first, second = copy(run), copy(run)
    script.before_process(first, "red")
    script.before_process(second, "wrong")
    assert (first.extra_generation_params, second.extra_generation_params) == ({"Good look": "red 320x240"}, {})


def test_a_run_that_is_used_again_keeps_nothing_of_before(webui: Webui, tmp_path: Path) -> None:
    script, run = always_script(webui, tmp_path), Run()
    run.extra_generation_params = {"Theirs": "1"}
    script.before_process(run, "red")
    script.before_process(run, "wrong")
    assert run.extra_generation_params == {"Theirs": "1"}


@pytest.mark.parametrize(
    ("changed", "size"),
    [
        ({"inpaint_full_res": 1}, "320x240"),
        ({"inpaint_full_res": 0, "image_mask": "one"}, "320x240"),
        ({"inpaint_full_res": 1, "image_mask": "one"}, "640x200"),
    ],
)
def test_where_only_the_masked_part_is_painted_a_map_lies_over_the_whole_picture(
    webui: Webui, tmp_path: Path, changed: dict[str, Any], size: str
) -> None:
    script, run = always_script(webui, tmp_path), Run()
    vars(run).update(changed, init_images=[Image.new("L", (640, 200))])
    script.before_process(run, "red")
    assert run.extra_generation_params == {"Good look": f"red {size}"}


CONTROLLED = ALWAYS.replace(
    "Additions(info=", 'Additions((Control("openpose", Image.new("RGB", tuple(size))),), info='
).replace("import gradio as gr\n", "import gradio as gr\nfrom PIL import Image\nfrom atelier_core.job import Control\n")


class Steered:
    """A webui with ControlNet: its first unit is in use, the second is off, the third argument is no unit."""

    def __init__(self, webui: Webui, home: Path) -> None:
        self.script = always_script(webui, home, CONTROLLED)
        self.net = SimpleNamespace(title=lambda: "ControlNet", args_from=1, args_to=4, latest_network=None)
        runner = SimpleNamespace(alwayson_scripts=[self.net])
        vars(sys.modules["modules.scripts"]).update(scripts_txt2img=runner, scripts_img2img=runner)
        controls = importlib.import_module("atelier_core.hosts.a1111.controls").Controls
        members = {"known_models": lambda _: ["an openpose"], "unit": lambda _, control, model: {"enabled": True}}
        kind = type("Own", (controls,), members)
        hosts.current().generator = SimpleNamespace(controls=kind)  # type: ignore[attr-defined]
        self.run = Run()
        self.theirs = (0, {"enabled": True}, {"enabled": False}, None)
        self.run.script_args = self.theirs

    def process(self, look: str = "red", hooked: bool = True) -> None:
        self.script.before_process(self.run, look)
        if hooked:
            self.net.latest_network = object()
        self.script.process_batch(self.run, look, batch_number=0)
        self.script.process_batch(self.run, look, batch_number=1)


def test_a_run_that_is_used_again_gets_one_unit_each_time(webui: Webui, tmp_path: Path) -> None:
    steered = Steered(webui, tmp_path)
    for _ in range(3):
        steered.process()
        assert [bool(one and one["enabled"]) for one in steered.run.script_args[1:]] == [True, True, False]
    steered.process("wrong")
    assert steered.run.script_args == steered.theirs
    assert steered.run.said == ["Atelier: There is no look “wrong”."]


def test_no_free_unit_is_said(webui: Webui, tmp_path: Path) -> None:
    steered = Steered(webui, tmp_path)
    steered.run.script_args = (0, {"enabled": True}, {"enabled": True}, None)
    steered.process()
    assert steered.run.said == ["Atelier: All ControlNet units of this tab are in use: switch one off."]
    assert steered.run.extra_generation_params == {}


def test_a_control_that_got_nowhere_is_told_once_and_not_in_the_infotext(webui: Webui, tmp_path: Path) -> None:
    steered = Steered(webui, tmp_path)
    steered.net.latest_network = object()  # of a run that broke off
    steered.process(hooked=False)
    assert steered.run.said == ["Atelier: ControlNet did not run; the webui's console says why."]
    assert steered.run.extra_generation_params == {}


PATCHED = ALWAYS.replace("Additions(info=", "Additions(patches=(PATCH,), found=FOUND, info=").replace(
    "def build(host):",
    """
from atelier_core.entries import Found

class Patch:
    name = "good"

    def attach(self, denoiser):
        denoiser.hook("layer", lambda module, inputs, output: output + 1)
        SEEN.append((denoiser.asked, denoiser.now.window))
        if REFUSED:
            raise UserError("Not this one.")

PATCH, SEEN, REFUSED = Patch(), [], []
FOUND = lambda: Found({"Good report": str(len(SEEN))}, (f"seen {len(SEEN)}",))

def build(host):""",
)


class Sampled(Run):
    """A run whose sampling is one call of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[str, int] = {}
        self.comment = lambda text: self.comments.__setitem__(text, 1)
        self.override_settings: dict[str, Any] = {"theirs": 1, "token_merging_ratio": 0.25}
        self.steps, self.prompts, self.negative_prompts = 3, ["a", "b"], ["", "x"]
        networks = {"lora": [SimpleNamespace(positional=["anne", "1"])], "hypernet": [SimpleNamespace(positional=[])]}
        self.extra_network_data = networks
        self.sd_model = SimpleNamespace(cond_stage_model=SimpleNamespace(), merged=0.0)

    def get_token_merging_ratio(self) -> float:
        return sys.modules["modules.shared"].opts.token_merging_ratio

    def sample(self, x: float) -> float:
        return float(NET.layer(torch.full((1, 1), x)))


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Identity()


NET = Net()


@pytest.fixture
def locked(webui: Webui, tmp_path: Path) -> Any:
    """A script that patches, and the module of its panel."""
    opts = sys.modules["modules.shared"].opts
    opts.token_merging_ratio, opts.hypertile_enable_unet = 0.5, False
    script = always_script(webui, tmp_path, PATCHED)
    merge = lambda model, ratio: setattr(model, "merged", ratio)  # noqa: E731
    vars(sys.modules["modules.sd_models"])["apply_token_merging"] = merge
    hosts.current().generator = lambda host: SimpleNamespace(unet=lambda p: NET)  # type: ignore[attr-defined]
    return SimpleNamespace(script=script, panel=importlib.import_module("atelier_good.panel"))


def test_a_patch_is_on_while_the_webui_samples_and_is_told_what_it_reads(locked: Any) -> None:
    run = Sampled()
    locked.script.before_process(run, "red")
    assert run.override_settings == {"theirs": 1, "token_merging_ratio": 0.0}
    assert (run.sample(3), float(NET.layer(torch.zeros(1, 1)))) == (4, 0)
    ((asked, window),) = locked.panel.SEEN
    assert (asked.prompts, asked.negatives, asked.loras) == (("a", "b"), ("", "x"), {"anne"})
    assert tuple(window) == (0, 0, 1, 1)
    assert run.extra_generation_params == {"Good look": "red 320x240", "Good report": "1"}
    run.sample(3)
    assert run.extra_generation_params["Good report"] == "2" and list(run.comments) == ["seen 2"]


def test_a_second_pass_is_seen_anew(locked: Any) -> None:
    run = Sampled()
    locked.script.before_process(run, "red")
    sample = type(run).sample

    def twice(self: Sampled, x: float) -> float:
        first = sample(self, x)
        self.is_hr_pass, self.hr_prompts, self.hr_negative_prompts = True, ["c", "d"], ["", ""]  # type: ignore[attr-defined]
        self.hr_upscale_to_x, self.hr_upscale_to_y, self.truncate_x, self.truncate_y = 640, 480, 0, 13  # type: ignore[attr-defined]
        locked.script.before_hr(self, "red")
        return first + sample(self, x)

    run.__class__ = type("Twice", (Sampled,), {"sample": twice})
    run.atelier_patched.sample = run.__class__.sample.__get__(run)  # type: ignore[attr-defined]
    assert run.sample(3) == 8 and float(NET.layer(torch.zeros(1, 1))) == 0
    (_, first), (asked, second) = locked.panel.SEEN
    assert asked.prompts == ("c", "d") and tuple(first) == (0, 0, 1, 1)
    assert tuple(second) == (0, 6 / 60, 1, 53 / 60)


def test_a_patch_that_refuses_leaves_the_webui_s_own_picture(locked: Any) -> None:
    run = Sampled()
    locked.panel.REFUSED.append(True)
    locked.script.before_process(run, "red")
    opts = sys.modules["modules.shared"].opts
    opts.token_merging_ratio = 0.0  # as the webui takes over the overrides
    opts.written.clear()
    assert run.sample(3) == 3
    assert opts.written == ["token_merging_ratio"]
    assert run.extra_generation_params == {} and list(run.comments) == ["Atelier: Not this one."]
    assert opts.token_merging_ratio == run.sd_model.merged == 0.25


def test_an_error_while_sampling_takes_the_patch_off(locked: Any) -> None:
    run = Sampled()
    locked.script.before_process(run, "red")
    with pytest.raises(TypeError):
        run.sample("x")  # type: ignore[arg-type]
    assert float(NET.layer(torch.zeros(1, 1))) == 0


def test_runs_that_are_used_again_and_their_copies_sample_as_they_did(locked: Any) -> None:
    run = Sampled()
    usual, bound = run.override_settings, run.sample
    for _ in range(2):
        locked.script.before_process(run, "red")
        assert run.sample(3) == 4
    second = copy(run)
    second.prompts = ["z"]
    locked.script.before_process(second, "red")
    assert second.sample(3) == 4 and locked.panel.SEEN[-1][0].prompts == ("z",)
    for one in (run, second):
        locked.script.before_process(one, "wrong")
        assert one.sample == type(one).sample.__get__(one) and one.sample(3) == 3
        assert one.override_settings == usual and one.extra_generation_params == {}
    assert bound == run.sample


def test_after_a_run_nothing_holds_what_was_attached(locked: Any) -> None:
    run = Sampled()
    for _ in range(2):
        locked.script.before_process(run, "red")
        assert run.sample(3) == 4
        locked.script.postprocess(run, None, "red")
        assert not {"sample", "atelier_patched"} & set(vars(run))
        assert run.extra_generation_params["Good look"] == "red 320x240"


def test_a_lora_is_told_by_its_file_too(locked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The webui's cards write the name that a trainer gave."""
    named = stub("networks", available_networks={}, available_network_aliases={"anne": SimpleNamespace(name="a_v2")})
    monkeypatch.setitem(sys.modules, "networks", named)
    run = Sampled()
    locked.script.before_process(run, "red")
    run.sample(3)
    assert locked.panel.SEEN[0][0].loras == {"anne", "a_v2"}


def test_a_run_with_a_checkpoint_of_its_own_is_told_to_the_host(locked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(hosts.current(), "inside", lambda checkpoint: told.append(checkpoint) or nullcontext())
    run = Sampled()
    locked.script.before_process(run, "wrong")
    run.override_settings["sd_model_checkpoint"] = "zoe.safetensors"
    locked.script.before_process(run, "wrong")
    assert told == ["", "zoe.safetensors"]


def test_another_extension_s_sampling_comes_back(locked: Any) -> None:
    run = Sampled()
    run.sample = theirs = lambda x: float(NET.layer(torch.full((1, 1), 10.0 * x)))  # type: ignore[method-assign]
    locked.script.before_process(run, "red")
    assert run.sample(3) == 31
    locked.script.before_process(run, "wrong")
    assert run.sample is theirs


@pytest.mark.parametrize("other", [{"refiner_checkpoint": "other"}, {"enable_hr": True, "hr_checkpoint_name": "other"}])
def test_another_checkpoint_within_a_picture_is_refused(locked: Any, other: dict[str, Any]) -> None:
    run = Sampled()
    vars(run).update({"hr_checkpoint_name": None, **other})
    locked.script.before_process(run, "red")
    assert run.sample(3) == 3 and locked.panel.SEEN == []
    (said,) = run.comments
    assert said.startswith("Atelier: Another checkpoint would take over within this picture")


def test_a_part_that_is_painted_alone_is_the_window(locked: Any) -> None:
    run = Sampled()
    vars(run).update(inpaint_full_res=True, image_mask="one", init_images=[Image.new("L", (640, 200))])
    locked.script.before_process(run, "red")
    vars(run).update(paste_to=(64, 50, 160, 100))
    run.sample(3)
    assert tuple(locked.panel.SEEN[0][1]) == (0.1, 0.25, 0.35, 0.75)
