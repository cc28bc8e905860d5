"""Generation parameters as the webuis write them below a picture."""

from __future__ import annotations

from collections.abc import Mapping

from ... import __version__
from ...args import add_entries
from ...job import Job
from .checkpoint import Model
from .loras import Lora
from .samplers import Course
from .weights import digest


def infotext(job: Job, seed: int, model: Model, course: Course, loras: tuple[Lora, ...]) -> str:
    entries: dict[str, object] = {
        "Steps": job.steps,
        "Sampler": course.sampler,
        "Schedule type": course.schedule,
        "CFG scale": f"{job.cfg:g}",
        "Seed": seed,
        "Size": f"{job.size.width}x{job.size.height}",
        "Model hash": model.digest,
        "Model": model.name,
        **_img2img(job),
        **_controls(job),
    }
    if loras:
        entries["Lora hashes"] = ", ".join(f"{lora.wish.name}: {digest(lora.path)[:12]}" for lora in loras)
    said = job.prompt + (f"\nNegative prompt: {job.negative}" if job.negative else "")
    texts = {key: str(value) for key, value in entries.items()}
    return said + "\n" + add_entries("", {**texts, **job.info, "Version": f"Atelier {__version__}"})


def _img2img(job: Job) -> Mapping[str, object]:
    if job.init is None:
        return {}
    entries: dict[str, object] = {"Denoising strength": f"{job.denoise:g}"}
    if job.mask is not None:
        entries |= {"Mask blur": job.mask_blur, "Masked content": job.fill}
    return entries


def _controls(job: Job) -> Mapping[str, str]:
    return {
        f"ControlNet {i}": f"Kind: {c.kind}, Model: {c.model or 'by kind'}, Weight: {c.weight:g}, "
        f"Guidance Start: {c.start:g}, Guidance End: {c.end:g}"
        for i, c in enumerate(job.controls)
    }
