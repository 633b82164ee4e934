/** What of a state the page shows beside its form. */

import type { Boot, Json } from "../contract";
import { between, median } from "../format";
import type { OutputTools } from "../outputs/context";
import { bareRef, mediaKey } from "../values";
import { type FormTools, isShowable } from "./formTools";
import type { Receive } from "./uploads";
import type { Playground as State } from "./usePlayground";

/** The first picture that went in, if the page can show it. */
export function beforeOf(state: State, inputs: Record<string, Json>): OutputTools["before"] {
  for (const field of state.fields) {
    const value = inputs[field.name];
    if (field.kind === "image" && value !== undefined) {
      const known = state.form.previews[mediaKey(value) ?? ""];
      const url = known?.url ?? (value as { url?: string } | null)?.url;
      return isShowable(url) ? { kind: "image", ...known, url } : null;
    }
  }
  return null;
}

export function exampleIndex(selected: string): number {
  return selected.startsWith("example-") ? Number(selected.slice("example-".length)) : -1;
}

export function walk(state: State, boot: Boot, by: 1 | -1): void {
  const names = [
    ...state.runs.map((run) => run.id),
    ...boot.examples.map((_, index) => `example-${index}`),
  ];
  const at = names.indexOf(state.selected);
  const name = names[Math.min(Math.max(at + by, 0), names.length - 1)];
  const run = state.runs.find((each) => each.id === name);
  if (run) {
    state.actions.show(run);
  } else if (name !== undefined) {
    state.setRefusal(null);
    state.setSelected(name);
  }
}

export function typicalSeconds(boot: Boot, state: State): number | null {
  const own = state.runs
    .filter((run) => run.view.status === "COMPLETED")
    .map((run) => between(run.view.startedAt, run.view.finishedAt))
    .filter((time) => time !== null);
  return median(own) ?? boot.subject.typicalSeconds ?? null;
}

export function assetUrl(state: State, path: string): string {
  const url = state.form.previews[`asset:${path}`]?.url ?? `/static/library/${path}`;
  return new URL(url, window.location.href).toString();
}

export function formToolsOf(
  boot: Boot,
  form: Pick<FormTools, "previews" | "addPreview" | "block">,
  receive: Receive,
): FormTools {
  return {
    ...form,
    receive,
    examplesOf: (name) => {
      const found = boot.examples.flatMap((example) => {
        const value = example.inputs[name];
        return mediaKey(value) === null ? [] : [bareRef(value as Json)];
      });
      return [...new Map(found.map((value) => [mediaKey(value), value])).values()];
    },
  };
}
