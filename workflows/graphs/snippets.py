"""How a workflow is called from code: ready-made examples with its own inputs.

Keys stand in none of them: every example reads `PIXELFLOW_API_KEY` from the environment. The
playground writes the same texts as one types (`frontend/src/playground/snippets/snippets.ts`);
`expected.json` there is what both are held to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MEDIA = frozenset({"image", "mask", "video", "audio", "model3d"})
_SAMPLES: Mapping[str, Any] = {
    "text": "Your text",
    "number": 1,
    "integer": 1,
    "boolean": True,
    "json": {},
}
_FILES: Mapping[str, str] = {
    "image": "photo.jpg",
    "mask": "mask.png",
    "video": "clip.mp4",
    "audio": "voice.mp3",
    "model3d": "model.glb",
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code in one language; `key` is its short name, `title` what its tab says."""

    key: str
    title: str
    code: str


def sample_inputs(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs for an input schema: those known, else defaults, else something that fits.

    Files become addresses on example.com; an optional input without a value is left out.
    """
    required = set(schema.get("required", ()))
    inputs = {}
    for name, part in schema.get("properties", {}).items():
        value = _sample(name, part, known.get(name), is_needed=name in required)
        if value is not None:
            inputs[name] = value
    return inputs


def _sample(name: str, part: Mapping[str, Any], known: Any, *, is_needed: bool) -> Any:
    kind = part.get("x-kind", "any")
    if kind in _MEDIA:
        return {"url": f"https://example.com/{_FILES[kind]}"} if is_needed or known else None
    if kind.startswith("list[") and kind[5:-1] in _MEDIA:
        count = len(known) if isinstance(known, list) else 1
        file = _FILES[kind[5:-1]].partition(".")
        many = [f"https://example.com/{file[0]}-{n + 1}.{file[2]}" for n in range(min(count, 2))]
        return [{"url": url} for url in many] if is_needed or known else None
    if known is not None:
        return known
    if "default" in part:
        return part["default"]
    if not is_needed:
        return None
    return _fitting(name, kind, part)


def _fitting(name: str, kind: str, part: Mapping[str, Any]) -> Any:
    if part.get("enum"):
        return part["enum"][0]
    if kind.startswith("list["):
        return [_SAMPLES.get(kind[5:-1], name)]
    value = _SAMPLES.get(kind, name)
    if kind in ("number", "integer"):
        value = max(value, part.get("minimum", value))
        value = min(value, part.get("maximum", value))
    return value


def call_snippets(base_url: str, workflow_id: str, inputs: Mapping[str, Any]) -> list[Snippet]:
    """Return the same call in curl, Python and JavaScript: start, then wait for the result.

    `base_url` is the site's, without a slash at its end.
    """
    url = f"{base_url}/api/v1/workflows"
    return [
        Snippet("curl", "curl", _curl(url, workflow_id, inputs)),
        Snippet("python", "Python", _python(url, workflow_id, inputs)),
        Snippet("javascript", "JavaScript", _javascript(url, workflow_id, inputs)),
    ]


def _json(value: Any, indent: int = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _shell(text: str) -> str:
    """Quote for a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _curl(url: str, workflow_id: str, inputs: Mapping[str, Any]) -> str:
    body = _shell(_json({"inputs": inputs}))
    return f"""# 1. Start a run. The same Idempotency-Key never starts a second one.
curl -X POST {url}/{workflow_id}/execute \\
  -H "Authorization: Bearer $PIXELFLOW_API_KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -d {body}

# 2. Wait for the result, with the executionId of the answer.
curl "{url}/executions/$EXECUTION_ID/poll?wait=30" \\
  -H "Authorization: Bearer $PIXELFLOW_API_KEY\""""


def _python(url: str, workflow_id: str, inputs: Mapping[str, Any]) -> str:
    return f"""import uuid
from os import environ

import requests

API = "{url}"
HEADERS = {{"Authorization": f"Bearer {{environ['PIXELFLOW_API_KEY']}}"}}

run = requests.post(
    f"{{API}}/{workflow_id}/execute",
    headers={{**HEADERS, "Idempotency-Key": str(uuid.uuid4())}},
    json={{"inputs": {_indented(_python_value(inputs), 4)}}},
    timeout=30,
)
run.raise_for_status()
execution = run.json()["executionId"]

while True:
    poll = requests.get(
        f"{{API}}/executions/{{execution}}/poll",
        headers=HEADERS,
        params={{"wait": 30}},
        timeout=60,
    )
    poll.raise_for_status()
    result = poll.json()
    if result["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
        break

print(result["outputs"] if result["status"] == "COMPLETED" else result["error"])"""


def _javascript(url: str, workflow_id: str, inputs: Mapping[str, Any]) -> str:
    return f"""const API = "{url}";
const auth = {{ Authorization: `Bearer ${{process.env.PIXELFLOW_API_KEY}}` }};

const run = await fetch(`${{API}}/{workflow_id}/execute`, {{
  method: "POST",
  headers: {{
    ...auth,
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  }},
  body: JSON.stringify({{ inputs: {_indented(_json(inputs), 2)} }}),
}});
if (!run.ok) throw new Error((await run.json()).detail);
const {{ executionId }} = await run.json();

let result;
do {{
  const poll = await fetch(`${{API}}/executions/${{executionId}}/poll?wait=30`, {{ headers: auth }});
  result = await poll.json();
}} while (!["COMPLETED", "FAILED", "CANCELLED"].includes(result.status));

console.log(result.status === "COMPLETED" ? result.outputs : result.error);"""


def _indented(text: str, width: int) -> str:
    """Indent every line but the first."""
    return text.replace("\n", "\n" + " " * width)


def _python_value(value: Any, width: int = 0) -> str:
    """Write a JSON value as Python would, over several lines where it is long."""
    pad, inner = " " * width, " " * (width + 4)
    if isinstance(value, Mapping) and value:
        items = [
            f"{inner}{json.dumps(str(key))}: {_python_value(part, width + 4)},\n"
            for key, part in value.items()
        ]
        return "{\n" + "".join(items) + pad + "}"
    if isinstance(value, list) and value:
        items = [f"{inner}{_python_value(part, width + 4)},\n" for part in value]
        return "[\n" + "".join(items) + pad + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def response_sample(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a poll of a completed run looks like, shortened to what one reads first."""
    outputs = {
        name: _given(part.get("x-kind", "any"))
        for name, part in output_schema.get("properties", {}).items()
    }
    return {"executionId": "exec_…", "status": "COMPLETED", "progress": 1.0, "outputs": outputs}


def _given(kind: str) -> Any:
    if kind.startswith("list["):
        return [_given(kind[5:-1])]
    if kind in _MEDIA:
        return {
            "kind": kind,
            "fileId": "file_…",
            "url": "https://…",
            "contentType": _TYPES[kind],
            "bytes": 482113,
        }
    return _SAMPLES.get(kind, "…")


_TYPES: Mapping[str, str] = {
    "image": "image/png",
    "mask": "image/png",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "model3d": "model/gltf-binary",
}
