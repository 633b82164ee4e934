/**
 * Code that does what the form does: start, wait, read the outputs.
 *
 * The pages write the same texts (`workflows/graphs/snippets.py`); `expected.json` holds both to it.
 */

import type { Boot, Inputs, Json } from "../contract";
import { inputsToSend, isObject } from "../values";

export type Language = "curl" | "python" | "javascript";

export const LANGUAGES: readonly Language[] = ["curl", "python", "javascript"];

interface SnippetSource {
  /** `https://…/api/v1/workflows`, without a slash at its end. */
  api: string;
  workflow: string;
  inputs: Inputs;
}

const LONGEST_DATA_URI = 60;

/** What the snippets are made from: files by id or link, and no file's bytes. */
export function sourceOf(
  boot: Boot,
  values: Inputs,
  assetUrl: (path: string) => string,
): SnippetSource {
  const inputs = Object.entries(inputsToSend(values)).map(
    ([name, value]) => [name, shownIn(value, assetUrl)] as const,
  );
  const [, api = "", workflow = ""] =
    absolute(boot.api.executeUrl).match(/^(.*)\/([^/]+)\/execute$/) ?? [];
  const isUnknown = workflow.startsWith("{");
  return {
    api,
    workflow: isUnknown ? "YOUR_WORKFLOW_ID" : workflow,
    inputs: Object.fromEntries(inputs),
  };
}

function absolute(address: string): string {
  return /^https?:/.test(address) ? address : `${window.location.origin}${address}`;
}

function shownIn(value: Json, assetUrl: (path: string) => string): Json {
  if (Array.isArray(value)) {
    return value.map((item) => shownIn(item, assetUrl));
  }
  if (isObject(value) && typeof value.asset === "string") {
    return { url: assetUrl(value.asset) };
  }
  if (typeof value === "string" && value.startsWith("data:") && value.length > LONGEST_DATA_URI) {
    return `${value.slice(0, value.indexOf(",") + 1)}…`;
  }
  return value;
}

export function snippet(language: Language, source: SnippetSource): string {
  switch (language) {
    case "curl":
      return curl(source);
    case "python":
      return python(source);
    case "javascript":
      return javascript(source);
  }
}

function curl({ api, workflow, inputs }: SnippetSource): string {
  const body = shellQuote(JSON.stringify({ inputs }, null, 2));
  return `# 1. Start a run. The same Idempotency-Key never starts a second one.
curl -X POST ${api}/${workflow}/execute \\
  -H "Authorization: Bearer $PIXELFLOW_API_KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -d ${body}

# 2. Wait for the result, with the executionId of the answer.
curl "${api}/executions/$EXECUTION_ID/poll?wait=30" \\
  -H "Authorization: Bearer $PIXELFLOW_API_KEY"`;
}

function python({ api, workflow, inputs }: SnippetSource): string {
  return `import uuid
from os import environ

import requests

API = "${api}"
HEADERS = {"Authorization": f"Bearer {environ['PIXELFLOW_API_KEY']}"}

run = requests.post(
    f"{API}/${workflow}/execute",
    headers={**HEADERS, "Idempotency-Key": str(uuid.uuid4())},
    json={"inputs": ${indent(pythonLiteral(inputs), "    ")}},
    timeout=30,
)
run.raise_for_status()
execution = run.json()["executionId"]

while True:
    poll = requests.get(
        f"{API}/executions/{execution}/poll",
        headers=HEADERS,
        params={"wait": 30},
        timeout=60,
    )
    poll.raise_for_status()
    result = poll.json()
    if result["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
        break

print(result["outputs"] if result["status"] == "COMPLETED" else result["error"])`;
}

function javascript({ api, workflow, inputs }: SnippetSource): string {
  return `const API = "${api}";
const auth = { Authorization: \`Bearer \${process.env.PIXELFLOW_API_KEY}\` };

const run = await fetch(\`\${API}/${workflow}/execute\`, {
  method: "POST",
  headers: {
    ...auth,
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  },
  body: JSON.stringify({ inputs: ${indent(JSON.stringify(inputs, null, 2), "  ")} }),
});
if (!run.ok) throw new Error((await run.json()).detail);
const { executionId } = await run.json();

let result;
do {
  const poll = await fetch(\`\${API}/executions/\${executionId}/poll?wait=30\`, { headers: auth });
  result = await poll.json();
} while (!["COMPLETED", "FAILED", "CANCELLED"].includes(result.status));

console.log(result.status === "COMPLETED" ? result.outputs : result.error);`;
}

/** In single quotes a shell expands nothing; a quote inside is closed, escaped and opened again. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function indent(text: string, by: string): string {
  return text.replaceAll("\n", `\n${by}`);
}

export function pythonLiteral(value: Json, by = ""): string {
  const inner = `${by}    `;
  if (value === null) {
    return "None";
  }
  if (typeof value === "boolean") {
    return value ? "True" : "False";
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${pythonLiteral(item, inner)},\n`);
    return items.length > 0 ? `[\n${items.join("")}${by}]` : "[]";
  }
  if (isObject(value)) {
    const entries = Object.entries(value).map(
      ([key, item]) => `${inner}${JSON.stringify(key)}: ${pythonLiteral(item, inner)},\n`,
    );
    return entries.length > 0 ? `{\n${entries.join("")}${by}}` : "{}";
  }
  return typeof value === "string" ? pythonString(value) : JSON.stringify(value);
}

/** JSON's escapes are Python's too, save for surrogate pairs, which `JSON.stringify` leaves alone. */
function pythonString(text: string): string {
  return JSON.stringify(text)
    .replaceAll("\u2028", String.raw`\u2028`)
    .replaceAll("\u2029", String.raw`\u2029`);
}
