/** Pure helpers on JSON values and on what stands for media in them. */

import type { Example, Inputs, Json, MediaValue } from "./contract";

type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A media value as outputs show it: with a kind and an address. */
export function isMediaValue(value: unknown): value is MediaValue & JsonObject {
  return isObject(value) && typeof value.kind === "string" && typeof value.url === "string";
}

/** Something that an input of a media kind takes. */
export function isMediaRef(value: unknown): boolean {
  if (typeof value === "string") {
    return value.startsWith("data:");
  }
  return (
    isObject(value) && ["fileId", "url", "asset"].some((key) => typeof value[key] === "string")
  );
}

/** One name for a media reference, by which its preview is found again. */
export function mediaKey(value: Json | undefined): string | null {
  if (typeof value === "string") {
    return value.startsWith("data:") ? `data:${value.length}:${value.slice(-48)}` : null;
  }
  if (!isObject(value)) {
    return null;
  }
  for (const key of ["fileId", "asset", "url"]) {
    if (typeof value[key] === "string") {
      return `${key}:${value[key]}`;
    }
  }
  return null;
}

/** The shortest form in which a run takes a media reference. */
export function bareRef(value: Json): Json {
  if (!isObject(value)) {
    return value;
  }
  for (const key of ["fileId", "asset", "url"]) {
    if (typeof value[key] === "string") {
      return { [key]: value[key] };
    }
  }
  return value;
}

/** Inputs as a run takes them: media by reference alone, nothing that is empty. */
export function inputsToSend(values: Inputs): Inputs {
  const sent: Inputs = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) {
      continue;
    }
    sent[name] = bareMedia(value);
  }
  return sent;
}

function bareMedia(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(bareMedia);
  }
  return isMediaRef(value) && looksLikeMedia(value) ? bareRef(value) : value;
}

/** JSON inputs may hold a `url` of their own; only our own shapes are cut down. */
function looksLikeMedia(value: Json): boolean {
  if (!isObject(value)) {
    return true;
  }
  const known = new Set([
    "fileId",
    "asset",
    "url",
    "kind",
    "contentType",
    "mimeType",
    "width",
    "height",
    "bytes",
    "sizeBytes",
    "durationS",
  ]);
  return Object.keys(value).every((key) => known.has(key));
}

/** What is known of the media in inputs, by `mediaKey`: their addresses, to be shown. */
export function previewsIn(inputs: Record<string, Json>): Record<string, MediaValue> {
  const found: Record<string, MediaValue> = {};
  const visit = (value: Json): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if (isObject(value)) {
      const key = mediaKey(value);
      if (key !== null && typeof value.url === "string") {
        const { kind, ...rest } = value as JsonObject & { url: string };
        found[key] = { ...rest, kind: typeof kind === "string" ? kind : "" } as MediaValue;
      }
    } else if (typeof value === "string" && value.startsWith("data:")) {
      const key = mediaKey(value);
      if (key !== null) {
        found[key] = { kind: value.slice(5).split("/")[0] ?? "", url: value };
      }
    }
  };
  Object.values(inputs).forEach(visit);
  return found;
}

export function previewsOfExamples(examples: readonly Example[]): Record<string, MediaValue> {
  return Object.assign({}, ...examples.map((example) => previewsIn(example.inputs)));
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return canonical(one) === canonical(other);
}

export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(",")}]`;
  }
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** The bytes of a `data:` URI in base64; the page's policy lets no request read one. */
export function blobOf(uri: string): Blob {
  const comma = uri.indexOf(",");
  const type = uri.slice("data:".length, comma).split(";")[0] ?? "";
  const bytes = Uint8Array.from(atob(uri.slice(comma + 1)), (each) => each.charCodeAt(0));
  return new Blob([bytes], { type });
}
