/** The runs of this visit, each followed to its end. React reads it by `useSyncExternalStore`. */

import type { ExecutionState, HistoryItem, Inputs, Mode } from "../contract";
import { type Clockwork, Follower, type Line } from "../run/follow";
import {
  isFinal,
  newRun,
  type PlannedNode,
  type RunAction,
  type RunView,
  reduceRun,
  runOf,
} from "../run/runView";

export interface SessionRun {
  id: string;
  inputs: Inputs;
  mode: Mode;
  /** When it was started, in milliseconds. */
  at: number;
  view: RunView;
  isStopping: boolean;
  /** False for one of the history whose outputs were not asked for yet. */
  isComplete: boolean;
  shareUrl: string | null;
  rating: boolean | null;
}

interface RunSource {
  poll(id: string): Promise<ExecutionState>;
  openLine(id: string, since: number | null): Line;
}

const MOST_RUNS = 40;

export class RunStore {
  private runs: readonly SessionRun[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly followers = new Map<string, Follower>();

  constructor(
    private readonly source: RunSource,
    private readonly planned: readonly PlannedNode[],
    private readonly onEnd: (run: SessionRun) => void = () => {},
    private readonly clockwork?: Clockwork,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Newest first. */
  readonly snapshot = (): readonly SessionRun[] => this.runs;

  find(id: string): SessionRun | undefined {
    return this.runs.find((run) => run.id === id);
  }

  /** Enter a run that was just taken on, and follow it. */
  begin(id: string, inputs: Inputs, mode: Mode, at: number, estimated: number): void {
    const view = newRun(id, this.planned, estimated);
    this.put([{ ...blank(id, inputs, mode, at), view }]);
    this.follow(id);
  }

  /** Enter the run that the page came with; it may still be under way. */
  adopt(state: ExecutionState, inputs: Inputs, mode: Mode): void {
    const at = Date.parse(state.startedAt ?? "") || Date.now();
    this.put([{ ...blank(state.executionId, inputs, mode, at), view: runOf(state) }]);
    this.follow(state.executionId);
  }

  /** Enter runs of earlier visits; those that are here already stay as they are. */
  remember(items: readonly HistoryItem[]): void {
    const known = new Map(this.runs.map((run) => [run.id, run]));
    const found = items.filter((item) => !known.has(item.executionId)).map(ofHistory);
    const ids = new Set(items.map((item) => item.executionId));
    for (const item of items) {
      const run = known.get(item.executionId);
      if (run) {
        this.patch(run.id, {
          inputs: Object.keys(run.inputs).length > 0 ? run.inputs : item.inputs,
          shareUrl: item.shareUrl ?? run.shareUrl,
          rating: item.rating ?? run.rating,
        });
      }
    }
    this.put(found);
    for (const run of this.runs.filter((each) => ids.has(each.id) && !isFinal(each.view.status))) {
      this.follow(run.id);
    }
  }

  tell(id: string, action: RunAction): void {
    const before = this.find(id);
    if (!before) {
      return;
    }
    const view = reduceRun(before.view, action);
    if (view === before.view) {
      return;
    }
    this.patch(id, { view });
    const after = this.find(id);
    if (after && isFinal(view.status) && !isFinal(before.view.status)) {
      this.onEnd(after);
    }
  }

  patch(id: string, change: Partial<SessionRun>): void {
    this.runs = this.runs.map((run) => (run.id === id ? { ...run, ...change } : run));
    this.emit();
  }

  /** Ask for what the history left out. */
  async complete(id: string): Promise<void> {
    const run = this.find(id);
    if (!run || run.isComplete) {
      return;
    }
    try {
      const state = await this.source.poll(id);
      const view = runOf(state);
      this.patch(id, { view, isComplete: true });
    } catch {
      // Chosen once more, it is asked for once more.
    }
  }

  /** Follow what is under way, also after a `close`. */
  resume(): void {
    for (const run of this.runs) {
      this.follow(run.id);
    }
  }

  reconnect(): void {
    for (const follower of this.followers.values()) {
      follower.reconnect();
    }
  }

  close(): void {
    for (const follower of this.followers.values()) {
      follower.stop();
    }
    this.followers.clear();
  }

  private follow(id: string): void {
    const run = this.find(id);
    if (!run || this.followers.has(id) || isFinal(run.view.status)) {
      return;
    }
    const view = () => this.find(id)?.view;
    const follower = new Follower({
      openLine: (since) => this.source.openLine(id, since),
      poll: () => this.source.poll(id),
      tell: (action) => this.tell(id, action),
      since: () => view()?.contiguous ?? null,
      isOver: () => isFinal(view()?.status ?? "CANCELLED"),
      clockwork: this.clockwork,
    });
    this.followers.set(id, follower);
    follower.start();
  }

  private put(runs: readonly SessionRun[]): void {
    const ids = new Set(runs.map((run) => run.id));
    const all = [...runs, ...this.runs.filter((run) => !ids.has(run.id))];
    this.runs = all.sort((one, other) => other.at - one.at).slice(0, MOST_RUNS);
    this.emit();
  }

  private emit(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

function blank(id: string, inputs: Inputs, mode: Mode, at: number): Omit<SessionRun, "view"> {
  return {
    id,
    inputs,
    mode,
    at,
    isStopping: false,
    isComplete: true,
    shareUrl: null,
    rating: null,
  };
}

function ofHistory(item: HistoryItem): SessionRun {
  const view = runOf({
    executionId: item.executionId,
    status: item.status,
    progress: item.status === "COMPLETED" ? 1 : 0,
    outputs: item.outputs ?? {},
    nodes: [],
    credits: item.credits ?? { estimated: 0, charged: 0 },
    error: item.error ?? null,
    startedAt: item.startedAt ?? null,
    finishedAt: item.finishedAt ?? null,
  });
  return {
    ...blank(item.executionId, item.inputs ?? {}, item.mode ?? "live", Date.parse(item.createdAt)),
    view: { ...view, payload: null },
    isComplete: false,
    shareUrl: item.shareUrl ?? null,
    rating: item.rating ?? null,
  };
}
