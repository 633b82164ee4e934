/**
 * Follows one run to its end: over a socket, and by polling while there is none.
 *
 * The socket tells what ended and how far a step is, not which step began; so when it is quiet for a
 * while, one poll fills that in. After three failed tries in a row the run is polled, and the socket
 * is tried again now and then.
 */

import type { ExecutionState, Frame } from "../contract";
import type { Connection, RunAction } from "./runView";

export interface Line {
  close(code?: number): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onopen: (() => void) | null;
}

export interface Clockwork {
  now(): number;
  later(call: () => void, ms: number): number;
  forget(timer: number): void;
}

interface FollowOptions {
  openLine(since: number | null): Line;
  poll(): Promise<ExecutionState>;
  tell(action: RunAction): void;
  since(): number | null;
  isOver(): boolean;
  clockwork?: Clockwork;
}

const USUAL_CLOCKWORK: Clockwork = {
  now: () => Date.now(),
  later: (call, ms) => window.setTimeout(call, ms),
  forget: (timer) => window.clearTimeout(timer),
};

const MOST_FAILURES = 3;
const QUIET_MS = [700, 1500, 3000, 6000, 12_000];
const POLL_MS = [1000, 1500, 2500, 4000];
const RECONNECT_MS = [400, 1500, 4000];
const TRY_SOCKET_AGAIN_MS = 20_000;
/** What makes another try useless: who asks may not see the run, or the question is broken. */
const HOPELESS = new Set([4400, 4401, 4404]);

export class Follower {
  private line: Line | null = null;
  private timers = new Set<number>();
  private failures = 0;
  private quiet = 0;
  private polls = 0;
  private quietTimer: number | null = null;
  private isStopped = false;
  private readonly clockwork: Clockwork;

  constructor(private readonly options: FollowOptions) {
    this.clockwork = options.clockwork ?? USUAL_CLOCKWORK;
  }

  start(): void {
    this.connect();
  }

  /** Stops listening; the run itself goes on. */
  stop(): void {
    this.isStopped = true;
    for (const timer of this.timers) {
      this.clockwork.forget(timer);
    }
    this.timers.clear();
    this.dropLine();
  }

  /** Try at once: the browser is online again, or somebody asked. */
  reconnect(): void {
    if (!this.isStopped && this.line === null) {
      this.failures = 0;
      this.connect();
    }
  }

  private connect(): void {
    if (this.isStopped || this.line !== null) {
      return;
    }
    const line = this.options.openLine(this.options.since());
    this.line = line;
    line.onopen = () => this.rearmQuiet();
    line.onmessage = (event) => this.hear(event.data);
    line.onclose = (event) => this.lose(line, event.code, event.reason);
  }

  private hear(data: unknown): void {
    const frame = parseFrame(data);
    if (frame === null) {
      return;
    }
    this.failures = 0;
    this.quiet = 0;
    this.tellConnection("live");
    this.options.tell({ type: "frame", frame, at: this.clockwork.now() });
    if (this.options.isOver()) {
      this.stop();
      return;
    }
    this.rearmQuiet();
  }

  private rearmQuiet(): void {
    if (this.quietTimer !== null) {
      this.forget(this.quietTimer);
    }
    const pause = QUIET_MS[Math.min(this.quiet, QUIET_MS.length - 1)] ?? 0;
    this.quietTimer = this.later(() => {
      this.quiet += 1;
      void this.askOnce().finally(() => this.line !== null && this.rearmQuiet());
    }, pause);
  }

  private lose(line: Line, code: number, reason: string): void {
    if (this.isStopped || this.line !== line) {
      return;
    }
    this.dropLine();
    if (HOPELESS.has(code)) {
      this.pollOn();
      return;
    }
    if (code === 1000) {
      void this.askOnce().finally(() => !this.isStopped && this.pollOn());
      return;
    }
    this.failures += 1;
    if (this.failures >= MOST_FAILURES) {
      this.pollOn();
      this.later(() => this.reconnect(), TRY_SOCKET_AGAIN_MS);
      return;
    }
    this.tellConnection("reconnecting");
    void this.askOnce();
    const asked = /come back in (\d+) ms/.exec(reason)?.[1];
    const pause = RECONNECT_MS[this.failures - 1] ?? 4000;
    this.later(() => this.connect(), asked ? Number(asked) : pause);
  }

  private pollOn(): void {
    if (this.isStopped || this.line !== null) {
      return;
    }
    this.tellConnection("polling");
    const pause = POLL_MS[Math.min(this.polls, POLL_MS.length - 1)] ?? 4000;
    this.polls += 1;
    this.later(() => {
      void this.askOnce().finally(() => this.pollOn());
    }, pause);
  }

  private async askOnce(): Promise<void> {
    try {
      const state = await this.options.poll();
      if (this.isStopped) {
        return;
      }
      this.options.tell({ type: "poll", state, at: this.clockwork.now() });
      if (this.options.isOver()) {
        this.stop();
      }
    } catch {
      // The next poll, or the socket, tells; the page shows that the connection is down.
    }
  }

  private dropLine(): void {
    const line = this.line;
    this.line = null;
    if (line !== null) {
      line.onmessage = null;
      line.onclose = null;
      line.close(1000);
    }
    if (this.quietTimer !== null) {
      this.forget(this.quietTimer);
      this.quietTimer = null;
    }
  }

  private tellConnection(connection: Connection): void {
    this.options.tell({ type: "connection", connection });
  }

  private later(call: () => void, ms: number): number {
    const timer = this.clockwork.later(() => {
      this.timers.delete(timer);
      call();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  private forget(timer: number): void {
    this.timers.delete(timer);
    this.clockwork.forget(timer);
  }
}

export function parseFrame(data: unknown): Frame | null {
  if (typeof data !== "string") {
    return null;
  }
  try {
    const frame = JSON.parse(data) as Partial<Frame>;
    const isFrame = Number.isInteger(frame.seq) && typeof frame.type === "string" && frame.data;
    return isFrame ? (frame as Frame) : null;
  } catch {
    return null;
  }
}

/** The address of a run's socket; `template` holds `{id}` or ends where the id belongs. */
export function socketUrl(
  template: string,
  id: string,
  since: number | null,
  here: string,
): string {
  const path = template.includes("{id}")
    ? template.replace("{id}", encodeURIComponent(id))
    : `${template.replace(/\/$/, "")}/${encodeURIComponent(id)}`;
  const url = new URL(path, here);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  if (since !== null) {
    url.searchParams.set("since", String(since));
  }
  return url.toString();
}
