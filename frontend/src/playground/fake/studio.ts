/** A studio API without a network: what was asked of it is kept, and runs go as a test says. */

import type { Accepted, Boot, ExecutionState, HistoryItem, Problem } from "../contract";
import type { Line } from "../run/follow";
import { ApiError, type RunRequest, StudioApi, type Upload } from "../state/api";

class FakeLine implements Line {
  onmessage: Line["onmessage"] = null;
  onclose: Line["onclose"] = null;
  onopen: Line["onopen"] = null;
  isClosed = false;

  constructor(readonly since: number | null) {}

  close(): void {
    this.isClosed = true;
  }

  say(seq: number, type: string, data: unknown): void {
    this.onmessage?.({ data: JSON.stringify({ seq, type, data }) });
  }

  lose(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

export class FakeStudio extends StudioApi {
  readonly asked: RunRequest[] = [];
  readonly cancelled: string[] = [];
  readonly retried: string[] = [];
  readonly lines: FakeLine[] = [];
  readonly refusals: Problem[] = [];
  past: HistoryItem[] = [];
  state: ExecutionState | null = null;
  private count = 0;

  constructor(boot: Boot) {
    super(boot);
  }

  override async run(request: RunRequest): Promise<Accepted> {
    this.asked.push(request);
    const problem = this.refusals.shift();
    if (problem) {
      throw new ApiError(problem);
    }
    this.count += 1;
    return { executionId: `exec_${this.count}`, status: "QUEUED", estimatedCredits: 14 };
  }

  override async retry(id: string): Promise<Accepted> {
    this.retried.push(id);
    return { executionId: `${id}_again`, status: "QUEUED", estimatedCredits: 4 };
  }

  override async poll(id: string): Promise<ExecutionState> {
    if (this.state === null) {
      throw new ApiError({ status: 503, code: "unavailable", detail: id });
    }
    return { ...this.state, executionId: id };
  }

  override async cancel(id: string): Promise<unknown> {
    this.cancelled.push(id);
    return {};
  }

  override async estimate() {
    return { credits: 14, maxCredits: 14, balance: 1226 };
  }

  override async history(): Promise<HistoryItem[]> {
    return this.past;
  }

  override async share(id: string) {
    return { url: `http://localhost/shared/${id}` };
  }

  override async unshare() {
    return null;
  }

  override async rate() {
    return null;
  }

  override upload(_file: Blob, name: string, tell: (part: number) => void): Upload {
    tell(1);
    const file = { fileId: `file_${name}`, kind: "image", url: "/files/f.png" };
    return { done: Promise.resolve(file), abort: () => {} };
  }

  override openLine(_id: string, since: number | null): Line {
    const line = new FakeLine(since);
    this.lines.push(line);
    return line;
  }
}

/** Time that goes on when a test says so. */
export class FakeClockwork {
  private timers: { id: number; at: number; call: () => void }[] = [];
  private time = 0;
  private next = 1;

  now = (): number => this.time;

  later = (call: () => void, ms: number): number => {
    this.timers.push({ id: this.next, at: this.time + ms, call });
    return this.next++;
  };

  forget = (timer: number): void => {
    this.timers = this.timers.filter((each) => each.id !== timer);
  };

  async go(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end);
      const first = due.sort((one, other) => one.at - other.at)[0];
      if (!first) {
        break;
      }
      this.forget(first.id);
      this.time = first.at;
      first.call();
      await settle();
    }
    this.time = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await Promise.resolve();
  }
}
