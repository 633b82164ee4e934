"""Models that run here: a small HTTP server over diffusers pipelines, `python -m executor.local`.

It knows nothing of Pixelflow's database and serves one installation, on loopback unless told
otherwise; with `--key-file`, whoever asks sends `Authorization: Bearer <key>`. Django is not in it,
and torch and diffusers (the extra `local`) are imported where they are used.

    POST   /jobs               an order as JSON -> its job; the same `reference` gives the same job
    GET    /jobs/{reference}   the job: how it stands, how far it is, a preview, what it gave
    GET    /jobs/{reference}/files/{number}    the bytes of a result
    DELETE /jobs/{reference}   ends it between two steps; one that is over stays as it is
    GET    /models             `{"models": [repository ids whose weights are here]}`
    GET    /health             device, memory in bytes, resident models, how many jobs wait

An order (`executor.local.types.Order`):

    {"reference": "3f2b…", "model": "stable-diffusion-v1-5/stable-diffusion-v1-5",
     "pipeline": "StableDiffusionImg2ImgPipeline", "operation": "image-to-image", "kind": "image",
     "inputs": {"prompt": "a cat", "num_inference_steps": 20},      arguments of the pipeline
     "files": {"image": [{"contentType": "image/png", "data": "<base64>"}]},
     "seed": 7, "outputFormat": "png", "duration": 5, "fps": 16,     where they are given
     "load": {"base": "…", "part": "controlnet", "class": "ControlNetModel"}}   what goes together

A job:

    {"reference": "3f2b…", "state": "queued|running|done|failed|cancelled", "progress": 0.35,
     "preview": "data:image/jpeg;base64,…", "seed": 7, "usage": {"gpu_seconds": 3.1},
     "files": [{"kind": "image", "contentType": "image/png", "bytes": 81234}],
     "error": {"code": "resource_limit", "message": "…"}}

Refusals are `{"error": {"code", "message"}}` with 401, 404 (no such job), 409 (the reference was used
for something else), 413, 422 (unreadable, or never to be done), 503 with Retry-After (too much waits). Jobs live in the process: after a restart none is known, and an order that is sent again is
done anew. Files of jobs that are over go after `KEEP_S`.
"""
