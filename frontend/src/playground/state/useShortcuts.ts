/** Keys that work from anywhere on the page. */

import { useEffect, useRef } from "react";

interface Shortcuts {
  run: () => void;
  walk: (by: 1 | -1) => void;
}

/** Ctrl+Enter (or ⌘) runs; `[` and `]` walk through results, outside of fields. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]")) {
        return;
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        newest.current.run();
      } else if ((event.key === "[" || event.key === "]") && !isWriting(event.target)) {
        newest.current.walk(event.key === "]" ? 1 : -1);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return (
    element?.closest("input, textarea, select, [contenteditable]") !== null && element !== null
  );
}
