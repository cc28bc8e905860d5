"""A job through the host's own `process_images`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from modules import processing, sd_models, shared
from modules.shared import opts

from ...errors import Interrupted, UserError
from ...job import Job, Result
from .controls import Controls
from .loras import Loras
from .patched import Joined, leave, patched

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
            if job.patches:
                patched(p, self.unet).joined[job.title] = Joined(job.patches)
            with closing(p), controls.driving(p):
                processed = processing.process_images(p)
            leave(p, job.title)
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
    return undivided({}, ALWAYS | UNDIVIDED) if patched else undivided({}, ALWAYS)


def undivided(overrides: Mapping[str, Any], wanted: Mapping[str, Any] = UNDIVIDED) -> dict[str, Any]:
    """Overrides under which the options are as `wanted`. Only what differs from the options themselves: the webui does
    not take back an override of one that it has not stored."""
    others = {key: value for key, value in overrides.items() if key not in wanted}
    return others | {key: value for key, value in wanted.items() if getattr(opts, key, value) != value}


def divided(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What the options are in a run of these overrides without ours."""
    return {key: overrides.get(key, getattr(opts, key)) for key in UNDIVIDED if hasattr(opts, key)}


def divide(p: Any, options: Mapping[str, Any]) -> None:
    """The run goes on as the user has set it after all."""
    for key, value in options.items():
        if getattr(opts, key) != value:  # an option that the webui has not stored stays so
            setattr(opts, key, value)
    sd_models.apply_token_merging(p.sd_model, p.get_token_merging_ratio())


def _checkpoint(job: Job) -> str:
    if not job.checkpoint:
        return ""
    known = sd_models.get_closet_checkpoint_match(job.checkpoint)
    if known is None:
        raise UserError("There is no checkpoint “{name}”.", name=job.checkpoint)
    return str(known.title)
