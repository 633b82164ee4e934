/** Addresses that lead back to this page with its inputs. */

import { t } from "../messages";
import { addressWith, encodeInputs } from "../urlCodec";
import type { Playground as State } from "./usePlayground";

/** Where sign-up leads back to: this page, with these inputs where they fit. */
export function nextAddress(state: State): string {
  const url = new URL(
    addressWith(window.location.href, state.form.isChanged ? state.form.values : null),
  );
  return `${url.pathname}${url.search}`;
}

/** The same form for another workspace. */
export function inWorkspace(state: State, id: string): string {
  const url = new URL(nextAddress(state), window.location.href);
  url.searchParams.set("workspace", id);
  return url.toString();
}

export function withNext(address: string, next: string): string {
  const url = new URL(address, window.location.href);
  url.searchParams.set("next", next);
  return `${url.pathname}${url.search}`;
}

export async function copyLink(
  state: State,
  toast: (text: string, options?: { tone: "err" }) => void,
): Promise<void> {
  if (encodeInputs(state.form.values) === null) {
    toast(t.linkTooBig, { tone: "err" });
    return;
  }
  try {
    await navigator.clipboard.writeText(addressWith(window.location.href, state.form.values));
    toast(t.linkCopied);
  } catch {
    toast(t.copyFailed, { tone: "err" });
  }
}
