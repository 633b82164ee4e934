/** The session's runs as React sees them, and the words that tell how the newest one goes. */

import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Boot } from "../contract";
import { between, seconds } from "../format";
import { t } from "../messages";
import { isFinal, type RunView } from "../run/runView";
import type { StudioApi } from "./api";
import type { Feedback } from "./feedback";
import { RunStore, type SessionRun } from "./runStore";

export function useRunStore(
  boot: Boot,
  api: StudioApi,
  onEnd: (run: SessionRun) => void,
): RunStore {
  const end = useRef(onEnd);
  end.current = onEnd;
  const store = useMemo(() => {
    const made = new RunStore(api, boot.nodes, (run) => end.current(run));
    if (boot.run) {
      made.adopt(boot.run, boot.prefill?.inputs ?? {}, boot.mode);
    }
    return made;
  }, [boot, api]);
  useEffect(() => {
    store.resume();
    const reconnect = () => store.reconnect();
    window.addEventListener("online", reconnect);
    return () => {
      window.removeEventListener("online", reconnect);
      store.close();
    };
  }, [store]);
  useEffect(() => {
    if (boot.user !== null && boot.workspace !== null) {
      api.history().then(
        (items) => store.remember(items),
        () => {
          // Without a history the strip holds this visit's runs.
        },
      );
    }
  }, [boot, api, store]);
  return store;
}

export function useRuns(store: RunStore): readonly SessionRun[] {
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

/** Tell how a run goes, where something changed: at its start, its half and its end (UI.md 1.5). */
export function useSpokenRun(run: SessionRun | undefined, feedback: Feedback): void {
  const said = useRef<Record<string, string>>({});
  useEffect(() => {
    if (!run || run.at === 0) {
      return;
    }
    const stage = stageOf(run.view);
    const before = said.current[run.id];
    said.current[run.id] = stage;
    // A run that had ended before it was first shown is no news.
    const isNews = before !== stage && !(before === undefined && isFinal(run.view.status));
    if (!isNews) {
      return;
    }
    if (run.view.status === "FAILED") {
      feedback.alarm(t.saysFailed(run.view.error?.message ?? ""));
    } else {
      feedback.announce(wordsOf(run.view, stage));
    }
  }, [run, feedback]);
}

function stageOf(view: RunView): string {
  const isHalf = view.status === "RUNNING" && view.progress >= 0.5;
  return isHalf ? "HALF" : view.status;
}

function wordsOf(view: RunView, stage: string): string {
  const time = between(view.startedAt, view.finishedAt) ?? 0;
  const words: Record<string, string> = {
    QUEUED: t.saysQueued,
    RUNNING: t.saysStarted,
    HALF: t.saysHalf,
    COMPLETED: t.saysDone(seconds(time)),
    CANCELLED: t.saysCancelled,
    PAUSED: t.states.PAUSED ?? "",
  };
  return words[stage] ?? "";
}
