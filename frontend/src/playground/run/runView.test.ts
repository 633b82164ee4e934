import { expect, test } from "vitest";
import type { Frame } from "../contract";
import { aNode, aState } from "../fake/boot";
import { newRun, type RunAction, type RunView, reduceRun, secondsLeft } from "./runView";

const PLAN = [
  { id: "in", type: "input.image" },
  { id: "a", type: "image.cut", label: "Cut" },
  { id: "b", type: "model.x", label: "Scene" },
];

const frame = (seq: number, type: string, data: unknown): RunAction => ({
  type: "frame",
  frame: { seq, type, data } as Frame,
  at: 1000 + seq,
});
const poll = (state: Parameters<typeof aState>[0]): RunAction => ({
  type: "poll",
  state: aState(state),
  at: 5000,
});
const after = (...actions: RunAction[]): RunView =>
  actions.reduce(reduceRun, newRun("exec_1", PLAN, 14));
const statusOf = (view: RunView, id: string) =>
  view.nodes.find((node) => node.nodeId === id)?.status;

const SNAPSHOT = frame(1, "snapshot", aState({ status: "QUEUED", progress: 0 }));
const A_DONE = frame(2, "node", aNode("a", { credits: 3 }));
const B_HALF = frame(3, "progress", { nodeId: "b", progress: 0.5 });
const B_SEEN = frame(4, "preview", { nodeId: "b", image: "data:image/png;base64,AA==" });
const B_DONE = frame(5, "node", aNode("b", { credits: 11 }));
const FINAL = frame(
  6,
  "final",
  aState({
    status: "COMPLETED",
    progress: 1,
    outputs: { picture: "x" },
    nodes: [aNode("in"), aNode("a", { credits: 3 }), aNode("b", { credits: 11 })],
    credits: { estimated: 14, charged: 14 },
    finishedAt: "2026-01-31T10:00:09.000Z",
  }),
);
const WHOLE = [SNAPSHOT, A_DONE, B_HALF, B_SEEN, B_DONE, FINAL];

test("a run begins with every planned step not run", () => {
  const view = newRun("exec_1", PLAN, 14);

  expect(view.nodes.map((node) => node.status)).toEqual(["PENDING", "PENDING", "PENDING"]);
});

test("events in order lead to the end", () => {
  const view = after(...WHOLE);

  expect(view).toMatchObject({ status: "COMPLETED", progress: 1, contiguous: 6 });
  expect(view.outputs).toEqual({ picture: "x" });
  expect(view.credits.charged).toBe(14);
});

test("events that come twice change nothing", () => {
  const once = after(...WHOLE);
  const twice = after(...WHOLE.flatMap((action) => [action, action]));

  expect(twice).toEqual(once);
});

test("after any loss and replay the end is the same", () => {
  const rest = WHOLE.slice(1);
  for (let cut = 0; cut <= rest.length; cut += 1) {
    const replayed = after(SNAPSHOT, ...rest.slice(0, cut), ...rest.slice(Math.max(cut - 2, 0)));

    expect(replayed).toEqual(after(...WHOLE));
  }
});

test("progress that comes after a step's end does not take it back", () => {
  const view = after(SNAPSHOT, A_DONE, B_DONE, B_HALF, B_SEEN);

  expect(statusOf(view, "b")).toBe("COMPLETED");
  expect(view.nodes.find((node) => node.nodeId === "b")?.progress).toBe(1);
});

test("a gap is asked for again, and what came after it is not lost", () => {
  const view = after(SNAPSHOT, A_DONE, B_DONE);

  expect(view.contiguous).toBe(2);
  expect(statusOf(view, "b")).toBe("COMPLETED");
  expect(reduceRun(reduceRun(view, B_HALF), B_SEEN).contiguous).toBe(5);
});

test("a step that makes progress is running, and so is the run", () => {
  const view = after(SNAPSHOT, B_HALF);

  expect(view.status).toBe("RUNNING");
  expect(statusOf(view, "b")).toBe("RUNNING");
});

test("a preview belongs to its step while that runs", () => {
  const view = after(SNAPSHOT, B_HALF, B_SEEN);

  expect(view.nodes.find((node) => node.nodeId === "b")?.preview).toContain("data:image");
});

test("a poll fills in what no event tells", () => {
  const view = after(
    SNAPSHOT,
    poll({ nodes: [aNode("a", { status: "RUNNING", progress: 0, finishedAt: null })] }),
  );

  expect(statusOf(view, "a")).toBe("RUNNING");
  expect(view.status).toBe("RUNNING");
});

test("an old poll takes nothing back", () => {
  const late = poll({
    status: "QUEUED",
    progress: 0,
    nodes: [aNode("a", { status: "PENDING", progress: 0 })],
  });
  const view = after(SNAPSHOT, A_DONE, late);

  expect(statusOf(view, "a")).toBe("COMPLETED");
  expect(view.status).toBe("RUNNING");
  expect(view.credits.charged).toBe(3);
});

test.each(["COMPLETED", "FAILED", "CANCELLED"] as const)("%s is never left again", (status) => {
  const ended = after(SNAPSHOT, frame(2, "final", aState({ status })));
  const later = [poll({ status: "RUNNING" }), frame(9, "snapshot", aState())].reduce(
    reduceRun,
    ended,
  );

  expect(later.status).toBe(status);
});

test("a snapshot from before a restart begins the count anew", () => {
  const view = after(SNAPSHOT, A_DONE, B_HALF, frame(2, "snapshot", aState()));

  expect(view.contiguous).toBe(2);
});

test("progress is that of the steps, without the inputs", () => {
  const view = after(SNAPSHOT, A_DONE, B_HALF);

  expect(view.progress).toBeCloseTo(0.75);
});

test("the log has one line for each change of state", () => {
  const words = after(...WHOLE, ...WHOLE).log.map((line) => `${line.nodeId ?? "run"} ${line.what}`);

  expect(new Set(words).size).toBe(words.length);
  expect(words).toContain("run COMPLETED");
  expect(words).toContain("b RUNNING");
});

test("what is left is told from progress, else from how long it usually takes", () => {
  const start = Date.parse("2026-01-31T10:00:00.000Z");
  const early = after(SNAPSHOT, poll({ progress: 0 }));
  const half = { ...early, progress: 0.5 };

  expect(secondsLeft(half, start + 8000, null)).toBeCloseTo(8);
  expect(secondsLeft({ ...early, progress: 0.05 }, start + 2000, 10)).toBeCloseTo(8);
  expect(secondsLeft({ ...early, progress: 0.05 }, start + 2000, null)).toBeNull();
});
