"""A job through the host's own `process_images`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modules import processing, sd_models, shared
from modules.shared import opts

from ...errors import Interrupted, UserError
from ...geometry import Extent
from ...job import Job, Result
from ...patches import Attached, Now
from .controls import Controls
from .loras import Loras
from .texts import texts_of

if TYPE_CHECKING:
    from .host import A1111Host

FILLS = {"blurred": 0, "original": 1, "noise": 2, "nothing": 3}
ALWAYS = {  # what would let pixels drift for reasons a job does not state
    "img2img_color_correction": False,
    "sd_vae_encode_method": "Full",
    "sd_vae_decode_method": "Full",
    "return_mask": False,  # masks would stand between the pictures
    "return_mask_composite": False,
}
UNDIVIDED = {  # what would hand a patch other cells than the picture has
    "token_merging_ratio": 0.0,
    "token_merging_ratio_img2img": 0.0,
    "token_merging_ratio_hr": 0.0,
    "hypertile_enable_unet": False,
    "hypertile_enable_unet_secondpass": False,
}
current: list[Rows] = []  # the run the sampler is in, for the host's step callback


@dataclass
class Rows:
    """Which rows of the batch are cond or uncond, told by the host per step and consumed call by call."""

    now: Now
    waiting: list[str] = field(default_factory=list)

    def step_begins(self, params: Any) -> None:
        """`params`: the host's CFGDenoiserParams; cond rows come first, uncond last."""
        conds, rows = params.text_cond, params.x.shape[0]
        cond = (conds["crossattn"] if isinstance(conds, dict) else conds).shape[0]
        self.waiting = ["cond"] * min(cond, rows) + ["uncond"] * (rows - cond)
        calls, steps = params.denoiser, params.total_sampling_steps
        self.now.step, self.now.steps = calls.step * steps // (calls.total_steps or steps), steps
        self.now.sigma = _sigma(float(params.sigma.flatten()[0]), getattr(calls, "alphas", None))

    def call_begins(self, module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
        x = inputs[0]  # [B, C, H, W]
        self.now.latent = Extent(x.shape[3], x.shape[2])
        self.now.rows = self._rows(x.shape[0], options.get("transformer_options") or {})

    def _rows(self, count: int, of_forge: dict[str, Any]) -> tuple[str, ...]:
        marks = of_forge.get("cond_or_uncond")
        if marks:
            each = count // len(marks)
            return tuple(("cond", "uncond")[mark] for mark in marks for _ in range(each))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return tuple(taken)


def _sigma(told: float, alphas: Any) -> float:
    """Samplers that count in timesteps tell these; their denoiser then has the schedule."""
    if alphas is None:
        return told
    alpha = float(alphas[round(told)])
    return float(((1 - alpha) / alpha) ** 0.5)


def on_cfg_denoiser(params: Any) -> None:
    if current:
        current[-1].step_begins(params)


class Generator:
    controls: type[Controls] = Controls

    def __init__(self, host: A1111Host) -> None:
        self.host = host

    def run(self, job: Job) -> Result:
        checkpoint = _checkpoint(job)
        controls, loras = self.controls(job), Loras(job)
        if job.sampler not in self.host.samplers():
            raise UserError("There is no sampler “{name}” here.", name=job.sampler)
        with self.host.working(job.title):
            self.load_model()
            p = self._processing(job.on_canvas(), checkpoint)
            p.sample = self._patched(p, job)
            with closing(p), controls.driving(p):
                processed = processing.process_images(p)
            if shared.state.interrupted or shared.state.skipped:
                raise Interrupted
            loras.prove()
        return self._result(job, processed, controls)

    def load_model(self) -> None:
        if shared.sd_model is None:
            raise UserError("The webui has no model loaded; choose a checkpoint first.")

    def unet(self, p: Any) -> Any:
        patcher = getattr(p.sd_model, "forge_objects", None)  # on every fork of the Forge family
        return patcher.unet.model.diffusion_model if patcher else p.sd_model.model.diffusion_model

    def _patched(self, p: Any, job: Job) -> Callable[..., Any]:
        """Patches go on when the model is loaded and its LoRAs are active, and come off however sampling ends."""
        sample = p.sample

        def patched(*args: Any, **options: Any) -> Any:
            net, rows = self.unet(p), Rows(Now(steps=job.steps))
            watch = net.register_forward_pre_hook(rows.call_begins, with_kwargs=True)
            current.append(rows)
            try:
                with Attached(dict(net.named_modules()), job.patches, rows.now, texts_of(p)):
                    return sample(*args, **options)
            finally:
                current.pop()
                watch.remove()

        return patched if job.patches else sample

    def _processing(self, job: Job, checkpoint: str) -> Any:
        common: dict[str, Any] = {
            "sd_model": shared.sd_model,
            "outpath_samples": opts.outdir_samples or opts.outdir_img2img_samples,
            "outpath_grids": opts.outdir_grids or opts.outdir_img2img_grids,
            "prompt": job.prompt,
            "negative_prompt": job.negative,
            "seed": job.seed,
            "sampler_name": job.sampler,
            "scheduler": job.scheduler,
            "batch_size": job.batch,
            "n_iter": job.count,
            "steps": job.steps,
            "cfg_scale": job.cfg,
            "width": job.size.width,
            "height": job.size.height,
            "do_not_save_samples": True,
            "do_not_save_grid": True,
            "restore_faces": False,
            "tiling": False,
            "override_settings": {
                **_drifting(bool(job.patches)),
                **({"sd_model_checkpoint": checkpoint} if checkpoint else {}),
            },
        }
        p = self._img2img(job, common) if job.init else processing.StableDiffusionProcessingTxt2Img(**common)
        p.extra_generation_params.update(job.info)
        if self.host.teaching:  # what the webui remembers of prompts is neither right for us nor to be ours
            p.cached_c, p.cached_uc = [None, None], [None, None]
        return p

    def _img2img(self, job: Job, common: dict[str, Any]) -> Any:
        return processing.StableDiffusionProcessingImg2Img(
            init_images=[job.init.convert("RGB")] if job.init else [],
            mask=job.mask.convert("L") if job.mask else None,
            mask_blur=job.mask_blur,
            inpainting_fill=FILLS[job.fill],
            inpaint_full_res=False,
            resize_mode=0,
            denoising_strength=job.denoise,
            **common,
        )

    def _result(self, job: Job, processed: Any, controls: Controls) -> Result:
        first, count = processed.index_of_first_image, len(processed.all_seeds)
        made = processed.images[first : first + count]
        notes = controls.notes()
        if len(made) < job.batch * job.count:
            early = self.host.translate("Stopped before the last batch: {made} of {asked} pictures.")
            notes += (early.format(made=len(made), asked=count),)
        pictures = tuple(picture.convert("RGB").crop((0, 0, *job.size)) for picture in made)
        infotexts = tuple(processed.infotexts[first : first + len(made)])
        return Result(pictures, infotexts, tuple(int(s) for s in processed.all_seeds[: len(made)]), notes)


def _drifting(patched: bool) -> dict[str, Any]:
    """Only what differs: the webui does not take back an override of an option it has not stored."""
    wanted = ALWAYS | (UNDIVIDED if patched else {})
    return {key: value for key, value in wanted.items() if getattr(opts, key, value) != value}


def _checkpoint(job: Job) -> str:
    if not job.checkpoint:
        return ""
    known = sd_models.get_closet_checkpoint_match(job.checkpoint)
    if known is None:
        raise UserError("There is no checkpoint “{name}”.", name=job.checkpoint)
    return str(known.title)
