/** What the playground says: to readers in live regions, to everybody in toasts. */

import { createContext, useCallback, useContext, useMemo, useRef, useState } from "react";

interface Toast {
  id: number;
  text: string;
  tone: "ok" | "err" | "info";
  action?: { label: string; run: () => void };
}

export interface Feedback {
  polite: string;
  urgent: string;
  toasts: readonly Toast[];
  announce: (message: string) => void;
  alarm: (message: string) => void;
  toast: (text: string, options?: Partial<Pick<Toast, "tone" | "action">>) => void;
  dismiss: (id: number) => void;
}

const TOAST_MS = 6000;
const MOST_TOASTS = 3;

export const FeedbackContext = createContext<Feedback | null>(null);

export function useFeedback(): Feedback {
  const feedback = useContext(FeedbackContext);
  if (feedback === null) {
    throw new Error("Nobody listens here.");
  }
  return feedback;
}

export function useNewFeedback(): Feedback {
  const [polite, setPolite] = useState("");
  const [urgent, setUrgent] = useState("");
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(1);
  const dismiss = useCallback(
    (id: number) => setToasts((old) => old.filter((toast) => toast.id !== id)),
    [],
  );
  const toast = useCallback<Feedback["toast"]>(
    (text, options = {}) => {
      const id = next.current++;
      setToasts((old) =>
        [...old, { id, text, tone: "ok" as const, ...options }].slice(-MOST_TOASTS),
      );
      setPolite(spoken(text));
      window.setTimeout(() => dismiss(id), TOAST_MS);
    },
    [dismiss],
  );
  const announce = useCallback((message: string) => setPolite(spoken(message)), []);
  const alarm = useCallback((message: string) => setUrgent(spoken(message)), []);
  return useMemo(
    () => ({ polite, urgent, toasts, announce, alarm, toast, dismiss }),
    [polite, urgent, toasts, announce, alarm, toast, dismiss],
  );
}

let isOdd = false;

/** The same words twice are a change only if something differs. */
function spoken(message: string): string {
  isOdd = !isOdd;
  return isOdd ? message : `${message}\u00a0`;
}
