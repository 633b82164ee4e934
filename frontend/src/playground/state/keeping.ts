/** Inputs that outlive a visit to the sign-up page. */

import type { Inputs } from "../contract";
import { isObject } from "../values";

interface Kept {
  values: Inputs;
  /** Somebody wanted to run, and was sent to sign up first. */
  wantsToRun: boolean;
}

const PREFIX = "pixelflow:playground:";

export function keep(store: Storage, subject: string, kept: Kept): void {
  try {
    store.setItem(PREFIX + subject, JSON.stringify(kept));
  } catch {
    // Full, or forbidden: then a reload begins with the example again.
  }
}

export function recall(store: Storage, subject: string): Kept | null {
  try {
    const kept: unknown = JSON.parse(store.getItem(PREFIX + subject) ?? "null");
    if (!isObject(kept) || !isObject(kept.values)) {
      return null;
    }
    return { values: kept.values, wantsToRun: kept.wantsToRun === true };
  } catch {
    return null;
  }
}

export function forget(store: Storage, subject: string): void {
  try {
    store.removeItem(PREFIX + subject);
  } catch {
    // Nothing was kept where nothing may be kept.
  }
}
