/** Inputs in an address, as `?in=`: the JSON that a run is given, where it is small. */

import type { Inputs, Json } from "./contract";
import { inputsToSend } from "./values";

/** What the page reads at most; longer addresses get cut off on their way anyhow. */
export const MOST_CHARACTERS = 4000;
const PARAMETER = "in";

/** The inputs as a parameter; null when they are too big, or hold a file's own bytes. */
export function encodeInputs(values: Inputs): string | null {
  const sent = inputsToSend(values);
  if (Object.values(sent).some(hasBytes)) {
    return null;
  }
  const text = JSON.stringify(sent);
  return text.length <= MOST_CHARACTERS ? text : null;
}

/** The address of this page with these inputs in it; without any where they do not fit. */
export function addressWith(href: string, values: Inputs | null): string {
  const url = new URL(href);
  url.searchParams.delete("run"); // a link shows either a run or inputs
  const text = values === null ? null : encodeInputs(values);
  if (text === null) {
    url.searchParams.delete(PARAMETER);
  } else {
    url.searchParams.set(PARAMETER, text);
  }
  return url.toString();
}

function hasBytes(value: Json): boolean {
  if (Array.isArray(value)) {
    return value.some(hasBytes);
  }
  return typeof value === "string" && value.startsWith("data:");
}
