"""The tabs txt2img and img2img, with the names that the webuis give their parts."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from PIL import Image

from ... import files
from ...api.pictures import store
from ...args import read_entries, split_infotext
from ...errors import UserError
from ...geometry import Extent
from ...job import Control, Job
from ...picture import from_pil, read
from ...sides import first_side
from ...ui.widgets import hidden_text, page_click, run_click, sentence
from ...units import Unit
from . import accordions, dollhouse
from .host import EmbeddedHost
from .samplers import NAMES, SCHEDULES

Tab = Literal["txt2img", "img2img"]
FILLS = ("blurred", "original", "noise", "nothing")
LEAST_SIDE, MOST_SIDE, MOST_BATCH = 64, 2048, 8
INFOTEXT = {  # entry of an infotext -> the value it sets
    "Steps": "steps",
    "Sampler": "sampler",
    "Schedule type": "scheduler",
    "CFG scale": "cfg",
    "Seed": "seed",
    "Denoising strength": "denoise",
    "Mask blur": "blur",
}


class Panel:
    """One of the two tabs; `parts` are its components by the names that `draw` knows them by."""

    def __init__(self, host: EmbeddedHost, tab: Tab, always: Sequence[Unit] = ()) -> None:
        self.host, self.tab, self.t = host, tab, host.translate
        self.always = always
        self.parts: dict[str, Any] = {}
        self.chosen = gr.State(0)  # which picture of the gallery
        self._words()
        with gr.Row():
            with gr.Column(scale=6, min_width=320):
                if tab == "img2img":
                    self._source()
                self._numbers()
                self._control()
                for unit in always:
                    self.parts |= accordions.controls(host, tab, unit)
            with gr.Column(scale=7, min_width=320):
                self._result()
        self._wire()

    def _id(self, name: str) -> str:
        return f"{self.tab}_{name}"

    def _words(self) -> None:
        t = self.t
        with gr.Row():
            with gr.Column(scale=7, min_width=320):
                words = t("What the picture shows (Ctrl+Enter draws)")
                self.parts["prompt"] = gr.Textbox(
                    label=t("Prompt"), placeholder=words, lines=3, elem_id=self._id("prompt")
                )
                self.parts["negative"] = gr.Textbox(
                    label=t("Negative prompt"),
                    placeholder=t("What it shall not show"),
                    lines=2,
                    elem_id=self._id("neg_prompt"),
                )
                self.examples = gr.Dropdown(
                    dollhouse.examples(self.host),
                    value=None,
                    label=t("Examples that the small model understands"),
                    elem_id=self._id("examples"),
                    visible=dollhouse.draws(self.host),
                    interactive=True,
                )
            with gr.Column(scale=2, min_width=200):
                self.start = gr.Button(t("Generate"), variant="primary", elem_id=self._id("generate"))
                self.stop = gr.Button(t("Interrupt"), elem_id=self._id("interrupt"))
                self.paste = gr.Button(
                    "↙ " + t("Read parameters from the prompt"), size="sm", elem_id=self._id("paste")
                )
                self.lora = gr.Dropdown(
                    self._loras(), value=None, label=t("Add a LoRA"), elem_id=self._id("lora"), interactive=True
                )

    def _loras(self) -> list[str]:
        return [one.name for one in self.host.models("lora")]

    def _source(self) -> None:
        t = self.t
        self.parts["mode"] = hidden_text("img2img_mode", "img2img")
        with gr.Tabs(elem_id="mode_img2img") as self.modes:
            with gr.Tab("img2img", elem_id="img2img_img2img_tab", id="img2img") as plain:
                self.parts["init"] = gr.Image(
                    type="pil", image_mode="RGB", label=t("Start picture"), elem_id="img2img_image", height=360
                )
            with gr.Tab("inpaint", elem_id="img2img_inpaint_tab", id="inpaint") as inpaint:
                self._painting()
        self.parts["denoise"] = gr.Slider(
            0, 1, 0.75, step=0.01, label=t("Denoising strength"), elem_id=self._id("denoising_strength")
        )
        plain.select(fn=lambda: "img2img", outputs=[self.parts["mode"]])
        inpaint.select(fn=lambda: "inpaint", outputs=[self.parts["mode"]])

    def _painting(self) -> None:
        """The page's own painter lays a mask over the picture; what it painted comes as the id of a picture."""
        t = self.t
        words = t("Start picture: paint over what may change")
        self.parts["painted"] = gr.Image(type="pil", image_mode="RGB", label=words, elem_id="img2maskimg", height=480)
        self.parts["mask"] = hidden_text("img2img_mask")
        with gr.Row():
            gr.Slider(4, 200, 40, step=1, label=t("Brush size"), elem_id="img2img_brush", min_width=180)
            gr.Checkbox(False, label=t("Erase"), elem_id="img2img_erase", min_width=90)
            page_click(gr.Button(t("Undo"), size="sm", min_width=70), "window.atelierPainter.undo()")
            page_click(gr.Button(t("Clear"), size="sm", min_width=70), "window.atelierPainter.clear()")
        label = t("Masked content")
        self.parts["fill"] = gr.Radio(list(FILLS), value="original", label=label, elem_id=self._id("fill"))
        self.parts["blur"] = gr.Slider(0, 64, 4, step=1, label=t("Mask blur"), elem_id=self._id("mask_blur"))

    def _numbers(self) -> None:
        t, parts = self.t, self.parts
        schedules, first = ["Automatic", *SCHEDULES], first_side(self.host)
        with gr.Row():
            parts["sampler"] = gr.Dropdown(
                list(NAMES), value="Euler a", label=t("Sampling method"), elem_id=self._id("sampling"), min_width=130
            )
            parts["scheduler"] = gr.Dropdown(
                schedules, value="Automatic", label=t("Schedule type"), elem_id=self._id("scheduler"), min_width=130
            )
        parts["steps"] = gr.Slider(1, 150, 20, step=1, label=t("Sampling steps"), elem_id=self._id("steps"))
        with gr.Row():
            with gr.Column(scale=4, min_width=220):
                for side, label in (("width", t("Width")), ("height", t("Height"))):
                    parts[side] = gr.Slider(LEAST_SIDE, MOST_SIDE, first, step=1, label=label, elem_id=self._id(side))
            self.swap = _tool("⇅", self._id("res_switch_btn"))
            with gr.Column(scale=3, min_width=180):
                parts["count"] = gr.Slider(1, 100, 1, step=1, label=t("Batch count"), elem_id=self._id("batch_count"))
                parts["batch"] = gr.Slider(
                    1, MOST_BATCH, 1, step=1, label=t("Batch size"), elem_id=self._id("batch_size")
                )
        parts["cfg"] = gr.Slider(1, 30, 7, step=0.5, label=t("CFG scale"), elem_id=self._id("cfg_scale"))
        with gr.Row():
            once = t("Seed (-1: another one each time)")
            parts["seed"] = gr.Number(-1, precision=0, label=once, elem_id=self._id("seed"), min_width=160)
            self.random = _tool("⚄", self._id("random_seed"))
            self.reuse = _tool("♻", self._id("reuse_seed"))

    def _control(self) -> None:
        t = self.t
        with gr.Accordion("ControlNet", open=False, elem_id=self._id("controlnet")):
            self.parts["control"] = gr.Dropdown(
                self._controls(), value="", label=t("ControlNet model"), elem_id=self._id("controlnet_model")
            )
            self.parts["map"] = gr.Image(
                type="pil", image_mode="RGB", label=t("Its map: a skeleton, edges, depth, drawn already"), height=240
            )
            self.parts["weight"] = gr.Slider(0, 2, 1, step=0.05, label=t("Weight"))

    def _controls(self) -> list[tuple[str, str]]:
        return [(self.t("None"), ""), *((one.name, one.name) for one in self.host.models("controlnet"))]

    def _result(self) -> None:
        t = self.t
        self.bar = gr.HTML(elem_id=self._id("progress"), padding=False)
        self.gallery = gr.Gallery(
            show_label=False,
            elem_id=self._id("gallery"),
            columns=2,
            object_fit="contain",
            type="filepath",
            height=560,
            interactive=False,
        )
        with gr.Row():
            self.to_img2img = gr.Button(t("To {tab}").format(tab="img2img"), size="sm", elem_id=self._id("to_img2img"))
            self.to_inpaint = gr.Button(t("To {tab}").format(tab="inpaint"), size="sm", elem_id=self._id("to_inpaint"))
        self.said = gr.HTML(elem_id=f"html_info_{self.tab}")
        self.seed_of_first = gr.State(-1)

    def _wire(self) -> None:
        parts = self.parts
        outputs = [self.gallery, self.seed_of_first, self.said]
        run = partial(draw, self.host, self.tab, tuple(parts), self.always)
        run_click(self.start, self.host, run, list(parts.values()), outputs, self._id("progress"))
        self.stop.click(fn=self.host.interrupt, queue=False)
        self.gallery.select(fn=_index, outputs=[self.chosen])
        self.gallery.change(fn=lambda: 0, outputs=[self.chosen])
        self.random.click(fn=lambda: -1, outputs=[parts["seed"]])
        self.reuse.click(fn=lambda seed: seed, inputs=[self.seed_of_first], outputs=[parts["seed"]])
        self.swap.click(
            fn=lambda w, h: (h, w), inputs=[parts["width"], parts["height"]], outputs=[parts["width"], parts["height"]]
        )
        self.lora.input(fn=_with_lora, inputs=[parts["prompt"], self.lora], outputs=[parts["prompt"], self.lora])
        self.examples.input(fn=lambda words: words, inputs=[self.examples], outputs=[parts["prompt"]])
        read = [parts[name] for name in ("prompt", "negative", "width", "height", *INFOTEXT.values()) if name in parts]
        names = tuple(name for name, part in parts.items() if part in read)
        further = partial(accordions.restored, self.host, self.tab, self.always)
        outputs = [*(parts[name] for name in names), *(p for n, p in parts.items() if accordions.is_of_unit(n))]
        self.paste.click(
            fn=lambda words: [*pasted(names, words), *further(tuple(parts), words)],
            inputs=[parts["prompt"]],
            outputs=outputs,
        )
        if self.tab == "img2img":
            taken = [parts["width"], parts["height"], parts["mode"], self.modes]
            for name, mode in (("init", "img2img"), ("painted", "inpaint")):
                parts[name].upload(fn=partial(opened, mode), inputs=[parts[name]], outputs=taken)

    @property
    def changing(self) -> list[Any]:
        """What `refresh` gives new choices."""
        return [self.lora, self.parts["control"], self.examples]

    def refresh(self) -> tuple[Any, ...]:
        """For what lies in folders: LoRAs and ControlNets, and examples while they fit."""
        shown = gr.update(visible=dollhouse.draws(self.host))
        return gr.update(choices=self._loras()), gr.update(choices=self._controls()), shown


def _tool(sign: str, elem_id: str) -> gr.Button:
    return gr.Button(sign, elem_id=elem_id, elem_classes=["tool"], scale=0, min_width=40)


def _index(event: gr.SelectData) -> int:
    return int(event.index)


def _with_lora(prompt: str, name: str | None) -> tuple[str, None]:
    return (f"{prompt} <lora:{name}:1>".strip() if name else prompt), None


def opened(mode: str, picture: Image.Image) -> tuple[Any, ...]:
    """A start picture came, from the user's disk or sent by a unit: the sliders take its size, its part is shown."""
    return *size_of(picture), mode, gr.update(selected=mode)


def size_of(picture: Image.Image) -> Extent:
    """The picture's size, shrunk to what the sliders hold."""
    size = Extent(*picture.size)
    fitting = size.times(min(1.0, MOST_SIDE / size.longer))
    return Extent(max(LEAST_SIDE, fitting.width), max(LEAST_SIDE, fitting.height))


def pasted(names: tuple[str, ...], prompt: str) -> list[Any]:
    """The prompt box may hold a whole infotext: each part goes where it belongs."""
    said, settings = split_infotext(prompt)
    entries = read_entries(settings)
    words, _, negative = said.partition("\nNegative prompt:")
    width, _, height = entries.get("Size", "").partition("x")
    found: dict[str, str] = {INFOTEXT[key]: value for key, value in entries.items() if key in INFOTEXT}
    found |= {"width": width, "height": height, "negative": negative.strip()} if entries else {}
    found["prompt"] = words.strip()
    return [_as_value(name, found.get(name, "")) if entries or name == "prompt" else gr.update() for name in names]


def _as_value(name: str, text: str) -> Any:
    if name in ("prompt", "negative"):
        return text
    if name in ("sampler", "scheduler"):
        return text if text in (*NAMES, "Automatic", *SCHEDULES) else gr.update()
    try:
        number = float(text)
    except ValueError:
        return gr.update()
    return int(number) if number.is_integer() else number


def draw(host: EmbeddedHost, tab: Tab, names: tuple[str, ...], always: Sequence[Unit], *given: Any) -> tuple[Any, ...]:
    values = dict(zip(names, given, strict=True))
    result = accordions.drawn(host, job_of(host, tab, values), always, values)
    folder = host.outputs(f"{tab}-images")
    paths = [
        saved(picture, folder, seed, text)
        for picture, seed, text in zip(result.pictures, result.seeds, result.infotexts, strict=True)
    ]
    said = "".join(sentence(note) for note in result.notes)
    text = f"<p class='atelier-infotext'>{html.escape(result.infotexts[0])}</p>"
    one = 0 if len(paths) == 1 else None  # a single picture is shown whole at once
    shown = gr.update(value=[str(path) for path in paths], selected_index=one)
    return shown, result.seeds[0], text + said


def saved(picture: Image.Image, folder: Path, seed: int, infotext: str) -> Path:
    return files.write(from_pil(picture), files.next_path(folder, str(seed)), {"parameters": infotext})


def job_of(host: EmbeddedHost, tab: Tab, values: Mapping[str, Any]) -> Job:
    size = Extent(int(values["width"]), int(values["height"]))
    init, mask = _source_of(values, size) if tab == "img2img" else (None, None)
    return Job(
        prompt=values["prompt"],
        negative=values["negative"],
        size=size,
        steps=int(values["steps"]),
        cfg=float(values["cfg"]),
        sampler=values["sampler"],
        scheduler=values["scheduler"],
        seed=int(-1 if values["seed"] is None else values["seed"]),
        batch=int(values["batch"]),
        count=int(values["count"]),
        init=init,
        mask=mask,
        denoise=float(values.get("denoise", 0.75)),
        fill=values.get("fill", "original"),
        mask_blur=int(values.get("blur", 4)),
        controls=_controls_of(values),
        title=host.translate("Drawing"),
    )


def _source_of(values: Mapping[str, Any], size: Extent) -> tuple[Image.Image, Image.Image | None]:
    painting = values["mode"] == "inpaint"
    init = values["painted" if painting else "init"]
    if init is None:
        raise UserError("Choose a start picture first.")
    mask = None
    if painting:
        if not values["mask"]:
            raise UserError("Paint over what may change first.")
        mask = read(store.get(values["mask"])).to_pil().convert("L").resize(size, Image.Resampling.BILINEAR)
    return init.convert("RGB").resize(size, Image.Resampling.LANCZOS), mask


def _controls_of(values: Mapping[str, Any]) -> tuple[Control, ...]:
    if not values["control"]:
        return ()
    if values["map"] is None:
        raise UserError("Give the ControlNet a map.")
    return (Control(values["control"], values["map"], weight=float(values["weight"]), model=values["control"]),)
