/** Code that does what the form does: call, wait, read the outputs. */

import type { Boot, Inputs, Json } from "../contract";
import { inputsToSend, isObject } from "../values";

export type Language = "curl" | "python" | "javascript" | "webhook";

export const LANGUAGES: readonly Language[] = ["curl", "python", "javascript", "webhook"];

interface SnippetSource {
  executeUrl: string;
  pollUrl: string;
  webhookUrl: string;
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
  const origin = new URL(boot.api.executeUrl.replace(/[{}]/g, "_"), window.location.href).origin;
  return {
    executeUrl: absolute(boot.api.executeUrl),
    pollUrl: absolute(boot.api.pollUrl),
    webhookUrl: boot.api.webhookUrl ?? `${origin}/api/v1/webhooks/$WEBHOOK_ID`,
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
    case "webhook":
      return webhook(source);
  }
}

function pollOf(source: SnippetSource, id: string): string {
  return source.pollUrl.replace(/\{(?:id|executionId|execution_id)\}/, id);
}

function curl(source: SnippetSource): string {
  const body = shellQuote(JSON.stringify({ inputs: source.inputs }, null, 2));
  return `# Start a run: answers 202 with its executionId
curl -X POST "${source.executeUrl}" \\
  -H "Authorization: Bearer $API_KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -d ${body}

# Read it; wait=30 holds the answer until something changes
curl "${pollOf(source, "$EXECUTION_ID")}?wait=30" \\
  -H "Authorization: Bearer $API_KEY"
`;
}

function python(source: SnippetSource): string {
  const inputs = indent(pythonLiteral(source.inputs), "");
  return `import os
import uuid

import httpx

client = httpx.Client(
    headers={"Authorization": f"Bearer {os.environ['API_KEY']}"}, timeout=60
)

started = client.post(
    "${source.executeUrl}",
    headers={"Idempotency-Key": str(uuid.uuid4())},
    json={"inputs": ${indent(inputs, "    ")}},
).raise_for_status().json()

url = f"${pollOf(source, "{started['executionId']}")}"
while True:
    run = client.get(url, params={"wait": 30}).raise_for_status().json()
    if run["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
        break

if run["error"]:
    raise RuntimeError(run["error"]["message"])
print(run["outputs"])
`;
}

function javascript(source: SnippetSource): string {
  const inputs = indent(JSON.stringify(source.inputs, null, 2), "  ");
  return `const headers = {
  Authorization: \`Bearer \${process.env.API_KEY}\`,
  "Content-Type": "application/json",
};

async function ask(url, options = {}) {
  const response = await fetch(url, { ...options, headers: { ...headers, ...options.headers } });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

const started = await ask("${source.executeUrl}", {
  method: "POST",
  headers: { "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify({ inputs: ${inputs} }),
});

const url = \`${pollOf(source, `\${started.executionId}`)}?wait=30\`;
let run;
do {
  run = await ask(url);
} while (!["COMPLETED", "FAILED", "CANCELLED"].includes(run.status));

if (run.error) throw new Error(run.error.message);
console.log(run.outputs);
`;
}

function webhook(source: SnippetSource): string {
  const body = shellQuote(JSON.stringify(source.inputs, null, 2));
  return `# No key: the address is the secret. Switch the webhook on in the workflow first.
curl -X POST "${source.webhookUrl}" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -d ${body}

# To be called back when a run ends, give callbackUrl to execute:
curl -X POST "${source.executeUrl}" \\
  -H "Authorization: Bearer $API_KEY" \\
  -H "Content-Type: application/json" \\
  -d ${shellQuote(JSON.stringify({ inputs: source.inputs, callbackUrl: "https://example.com/done" }, null, 2))}
`;
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
