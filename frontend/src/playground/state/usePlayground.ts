/** What happens in the playground: running, stopping, and everything about a result. */

import { useCallback, useMemo, useRef, useState } from "react";
import type { Boot, Estimate, Inputs, Mode } from "../contract";
import { drawSeed, type Field, fieldsOf, isSeed } from "../fields";
import { t } from "../messages";
import { MANY } from "../panels/RunBar";
import { type Refusal, refusalOf } from "../run/refusals";
import { isFinal } from "../run/runView";
import { blobOf, inputsToSend } from "../values";
import { problemFrom, type StudioApi } from "./api";
import type { Feedback } from "./feedback";
import { recall } from "./keeping";
import { resultActions } from "./resultActions";
import { useEstimate } from "./useEstimate";
import { useForm } from "./useForm";
import { useRunStore, useRuns, useSpokenRun } from "./useRuns";

const PARALLEL = 3;
/** Above this a `data:` URI is sent as a file of its own. */
const MOST_INLINE = 100_000;

type Side = "input" | "output";

export function subjectOf(boot: Boot): string {
  return boot.subject.slug ?? boot.subject.workflowId ?? "";
}

export function usePlayground(boot: Boot, api: StudioApi, feedback: Feedback) {
  const fields = useMemo(() => fieldsOf(boot.inputs), [boot]);
  const kept = useMemo(() => recall(window.sessionStorage, subjectOf(boot)), [boot]);
  const form = useForm(boot, fields, startOf(boot, kept?.values ?? null));
  const [mode, setModeAlone] = useState<Mode>(boot.mode);
  const [side, setSide] = useState<Side>(boot.run ? "output" : "input");
  const [refusal, setRefusal] = useState<Exclude<Refusal, { kind: "inputs" }> | null>(null);
  const [isStarting, setStarting] = useState(false);
  const [selected, setSelected] = useState(boot.run?.executionId ?? "example-0");
  const [dialog, setDialog] = useState<"signUp" | "cost" | null>(null);
  const [sharing, setSharing] = useState<string | null>(null);
  const [dryRun, setDryRun] = useState<Estimate | null>(null);
  const [focusIssues, setFocusIssues] = useState(0);
  const lock = useRef(false);
  const setMode = useCallback((next: Mode) => {
    setModeAlone(next);
    setRefusal(null);
  }, []);

  const costs = useEstimate(boot, api, form.values, mode, form.issues.length === 0);
  const pending = useRef<Inputs[]>([]);
  const store = useRunStore(boot, api, () => {
    costs.ask().catch(() => {
      // The balance is told with the next estimate.
    });
    startNext();
  });
  const runs = useRuns(store);
  const active = runs.filter((run) => !isFinal(run.view.status));
  const current = runs.find((run) => run.id === selected) ?? null;
  useSpokenRun(current ?? active[0], feedback);

  const limit = boot.limits?.parallel ?? PARALLEL;
  const hurdles = useMemo(
    () => hurdlesOf(boot, form.blocks, active.length >= limit ? limit : 0),
    [boot, form.blocks, active.length, limit],
  );
  const unavailable = mode === "live" ? (costs.estimate.unavailable ?? []) : [];
  const reasons = [
    ...hurdles,
    ...form.issues.map((issue) => issue.message),
    ...unavailable.map((item) => item.message),
  ];

  const refuse = useCallback(
    (error: unknown) => {
      const found = refusalOf(problemFrom(error));
      if (found.kind === "inputs") {
        form.showIssues(found.issues);
        setSide("input");
        setFocusIssues((count) => count + 1);
      } else {
        setRefusal(found);
        setSide("output");
      }
    },
    [form.showIssues],
  );

  const launch = async (inputs: Inputs, asMode: Mode) => {
    const sent = await withoutBytes(api, inputsToSend(inputs));
    for (const [name, value] of Object.entries(sent)) {
      const bytes = inputs[name];
      if (typeof bytes === "string" && bytes !== value) {
        form.addPreview(value, { kind: "", url: bytes });
        form.set(name, value);
      }
    }
    const accepted = await api.run({ inputs: sent, mode: asMode });
    const estimated = accepted.estimatedCredits ?? 0;
    store.begin(accepted.executionId, sent, asMode, Date.now(), estimated);
    if (typeof accepted.balance === "number") {
      costs.setBalance(accepted.balance);
    }
    return accepted.executionId;
  };

  /** Begin runs with these inputs; false where something stood in the way. */
  const start = async (batch: Inputs[], asMode: Mode): Promise<boolean> => {
    if (lock.current) {
      return false;
    }
    if (form.issues.length > 0) {
      form.showIssues();
      setSide("input");
      setFocusIssues((count) => count + 1);
      return false;
    }
    if (boot.user === null) {
      setDialog("signUp");
      return false;
    }
    if (hurdles.length > 0) {
      feedback.alarm(hurdles.join(" "));
      return false;
    }
    lock.current = true;
    setStarting(true);
    setRefusal(null);
    const room = Math.max(limit - active.length, 1);
    pending.current = batch.slice(room);
    pendingMode.current = asMode;
    try {
      for (const inputs of batch.slice(0, room)) {
        setSelected(await launch(inputs, asMode));
      }
      setSide("output");
      return true;
    } catch (error) {
      pending.current = [];
      refuse(error);
      return false;
    } finally {
      lock.current = false;
      setStarting(false);
    }
  };
  const pendingMode = useRef<Mode>(mode);
  const startNext = () => {
    const next = pending.current.shift();
    if (next) {
      launch(next, pendingMode.current).catch((error: unknown) => {
        pending.current = [];
        refuse(error);
      });
    }
  };

  const seedField = fields.find(isSeed);
  const actions = {
    run: (asMode: Mode = mode) => start([form.values], asMode),
    runMany: () => start(varied(form.values, seedField), mode),
    runInTest: () => {
      setMode("test");
      return start([form.values], "test");
    },
    dryRun: async () => {
      if (form.issues.length > 0) {
        form.showIssues();
        setSide("input");
        setFocusIssues((count) => count + 1);
        return;
      }
      try {
        setDryRun(boot.user === null ? boot.estimate : await costs.ask());
        setDialog("cost");
      } catch (error) {
        refuse(error);
      }
    },
    /** Put a run's inputs into the form, with a way back. */
    load: (inputs: Inputs) => {
      const before = form.values;
      form.replace(inputs);
      feedback.toast(t.tweaked, {
        tone: "info",
        action: { label: t.undo, run: () => form.replace(before) },
      });
    },
    ...resultActions(api, store, feedback, {
      refuse,
      setRefusal,
      setSelected,
      setSharing,
      pending,
    }),
  };
  const [first] = active;
  return {
    fields,
    form,
    mode,
    setMode,
    side,
    setSide,
    refusal,
    setRefusal,
    isStarting,
    selected,
    setSelected,
    dialog,
    setDialog,
    dryRun,
    sharing: runs.find((run) => run.id === sharing) ?? null,
    closeSharing: () => setSharing(null),
    focusIssues,
    costs,
    runs,
    current,
    /** The run that Stop stops: the one that is shown, else the newest under way. */
    active: current && !isFinal(current.view.status) ? current : (first ?? null),
    reasons,
    isUnavailable: unavailable.length > 0,
    wantsToRun: kept?.wantsToRun === true && boot.user !== null,
    canVary: seedField !== undefined,
    actions,
  };
}

export type Playground = ReturnType<typeof usePlayground>;

/** Where the form begins: with what the address says, else with what was kept, else the example. */
function startOf(boot: Boot, kept: Inputs | null): Inputs | null {
  return boot.prefill?.inputs ?? kept;
}

function hurdlesOf(boot: Boot, blocks: readonly string[], full: number): string[] {
  return [
    ...blocks,
    ...(boot.workspace?.canRun === false ? [t.viewersCannotRun] : []),
    ...(full > 0 ? [t.parallelFull(full)] : []),
  ];
}

function varied(values: Inputs, seed: Field | undefined): Inputs[] {
  const turns = Array.from({ length: MANY });
  return turns.map(() => (seed ? { ...values, [seed.name]: drawSeed(seed) } : values));
}

/** Large files that a visitor chose are sent once there is an account to send them to. */
async function withoutBytes(api: StudioApi, inputs: Inputs): Promise<Inputs> {
  const entries = Object.entries(inputs).map(async ([name, value]) => {
    const isLarge =
      typeof value === "string" && value.startsWith("data:") && value.length > MOST_INLINE;
    if (!isLarge) {
      return [name, value] as const;
    }
    const stored = await api.upload(blobOf(value), name, () => {}).done;
    return [name, { fileId: stored.fileId }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
