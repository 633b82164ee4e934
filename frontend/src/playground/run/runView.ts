/**
 * A run as the page shows it, made from its events and polls alone.
 *
 * Frames may come twice, late, or after a gap; polls cross them. So nothing goes back: a node that
 * ended stays ended, and a final status never changes. `contiguous` is the number up to which every
 * event was seen: whoever reconnects asks for what follows it.
 */

import type {
  ExecutionState,
  ExecutionStatus,
  Failure,
  Frame,
  Json,
  NodeState,
  NodeStatus,
} from "../contract";

export interface NodeView extends NodeState {
  preview: string | null;
  /** Number of the event that this node's state is from; polls have none of their own. */
  seq: number;
}

export interface LogLine {
  at: number;
  nodeId: string | null;
  what: NodeStatus | ExecutionStatus | "CACHED";
  detail: string;
}

export type Connection = "live" | "reconnecting" | "polling";

export interface RunView {
  id: string;
  status: ExecutionStatus;
  progress: number;
  nodes: NodeView[];
  outputs: Record<string, Json>;
  credits: { estimated: number; charged: number };
  error: Failure | null;
  startedAt: string | null;
  finishedAt: string | null;
  contiguous: number | null;
  ahead: number[];
  log: LogLine[];
  connection: Connection;
  payload: ExecutionState | null;
}

export type RunAction =
  | { type: "frame"; frame: Frame; at: number }
  | { type: "poll"; state: ExecutionState; at: number }
  | { type: "connection"; connection: Connection };

const FINAL = new Set<string>(["COMPLETED", "FAILED", "CANCELLED"]);
const RANK: Record<NodeStatus, number> = {
  PENDING: 0,
  QUEUED: 1,
  PAUSED: 2,
  RUNNING: 2,
  COMPLETED: 3,
  FAILED: 3,
  SKIPPED: 3,
  CANCELLED: 3,
};
const MOST_LINES = 500;

export function isFinal(status: ExecutionStatus): boolean {
  return FINAL.has(status);
}

export function hasEnded(status: NodeStatus): boolean {
  return RANK[status] === 3;
}

export interface PlannedNode {
  id: string;
  type: string;
  label?: string | null;
}

/** A run that was just taken on: every step stands there before the first event says so. */
export function newRun(id: string, planned: readonly PlannedNode[], estimated: number): RunView {
  return {
    id,
    status: "QUEUED",
    progress: 0,
    nodes: planned.map((node) => blankNode(node.id, node.type, node.label ?? null)),
    outputs: {},
    credits: { estimated, charged: 0 },
    error: null,
    startedAt: null,
    finishedAt: null,
    contiguous: null,
    ahead: [],
    log: [],
    connection: "live",
    payload: null,
  };
}

export function runOf(state: ExecutionState): RunView {
  const empty = newRun(state.executionId, [], state.credits.estimated);
  return mergeState(empty, state, 0, Date.parse(state.finishedAt ?? "") || 0);
}

export function reduceRun(view: RunView, action: RunAction): RunView {
  switch (action.type) {
    case "connection":
      return view.connection === action.connection
        ? view
        : { ...view, connection: action.connection };
    case "poll":
      return mergeState(view, action.state, 0, action.at);
    case "frame":
      return reduceFrame(view, action.frame, action.at);
  }
}

function reduceFrame(view: RunView, frame: Frame, at: number): RunView {
  if (frame.type === "snapshot") {
    const merged = mergeState(view, frame.data, frame.seq, at);
    return { ...merged, contiguous: frame.seq, ahead: merged.ahead.filter((n) => n > frame.seq) };
  }
  if (wasSeen(view, frame.seq)) {
    return view;
  }
  const next = withSeen(view, frame.seq);
  switch (frame.type) {
    case "final":
      return mergeState(next, frame.data, frame.seq, at);
    case "node":
      return withNode(next, frame.data, frame.seq, at);
    case "progress":
      return withProgress(next, frame.data.nodeId, frame.data.progress, frame.seq, at);
    case "preview":
      return withPreview(next, frame.data.nodeId, frame.data.image, frame.seq, at);
  }
}

function wasSeen(view: RunView, seq: number): boolean {
  return (view.contiguous !== null && seq <= view.contiguous) || view.ahead.includes(seq);
}

function withSeen(view: RunView, seq: number): RunView {
  const ahead = new Set([...view.ahead, seq]);
  // Without a snapshot the first event that comes is where the count begins.
  let contiguous = view.contiguous ?? (seq === 1 ? 0 : null);
  if (contiguous === null) {
    return { ...view, ahead: [...ahead] };
  }
  while (ahead.delete(contiguous + 1)) {
    contiguous += 1;
  }
  return { ...view, contiguous, ahead: [...ahead] };
}

function mergeState(view: RunView, state: ExecutionState, seq: number, at: number): RunView {
  if (isFinal(view.status) && !isFinal(state.status)) {
    return view;
  }
  const isOver = isFinal(state.status);
  let next: RunView = { ...view };
  for (const node of state.nodes) {
    next = withNode(next, node, seq, at, isOver);
  }
  const order = new Map(state.nodes.map((node, index) => [node.nodeId, index]));
  const place = (node: NodeView) => order.get(node.nodeId) ?? order.size;
  next = {
    ...next,
    nodes: [...next.nodes].sort((one, other) => place(one) - place(other)),
    outputs: { ...view.outputs, ...state.outputs },
    credits: {
      ...state.credits,
      charged: Math.max(state.credits.charged, isOver ? 0 : view.credits.charged),
    },
    error: state.error ?? view.error,
    startedAt: state.startedAt ?? view.startedAt,
    finishedAt: state.finishedAt ?? view.finishedAt,
    payload: state,
  };
  return withStatus(withOverallProgress(next, state.progress), state.status, at);
}

function withStatus(view: RunView, status: ExecutionStatus, at: number): RunView {
  // A poll that was answered before the run began may arrive after an event of its nodes.
  const isStale = status === "QUEUED" && view.status !== "QUEUED";
  if (isStale || isFinal(view.status) || status === view.status) {
    return view;
  }
  const next = { ...view, status };
  if (status === "COMPLETED") {
    next.progress = 1;
  }
  return withLine(next, { at, nodeId: null, what: status, detail: view.error?.message ?? "" });
}

function withNode(
  view: RunView,
  state: NodeState,
  seq: number,
  at: number,
  isAuthority = false,
): RunView {
  const known = view.nodes.find((node) => node.nodeId === state.nodeId);
  const old = known ?? blankNode(state.nodeId, state.type, state.label ?? null);
  if (!isAuthority && isOlder(old, state, seq)) {
    return view;
  }
  const node: NodeView = {
    ...old,
    ...state,
    label: state.label ?? old.label,
    progress: hasEnded(state.status) ? state.progress : Math.max(state.progress, old.progress),
    seq: Math.max(seq, old.seq),
  };
  let next = withNodeView(view, node);
  if (node.status !== old.status) {
    next = withLine(next, lineOf(node, at));
  }
  if (view.status === "QUEUED" && RANK[node.status] >= 2) {
    next = withStatus(next, "RUNNING", at);
  }
  return withOverallProgress(next, 0);
}

function isOlder(old: NodeView, state: NodeState, seq: number): boolean {
  if (RANK[state.status] < RANK[old.status]) {
    return true;
  }
  return hasEnded(old.status) || (seq > 0 && seq < old.seq);
}

function withProgress(
  view: RunView,
  nodeId: string,
  progress: number,
  seq: number,
  at: number,
): RunView {
  const old = view.nodes.find((node) => node.nodeId === nodeId);
  if (old && (hasEnded(old.status) || seq < old.seq)) {
    return view;
  }
  const node = { ...(old ?? blankNode(nodeId, "", null)), progress };
  return withNode(view, { ...node, status: "RUNNING" }, seq, at);
}

function withPreview(
  view: RunView,
  nodeId: string,
  image: string,
  seq: number,
  at: number,
): RunView {
  const next = withProgress(view, nodeId, 0, seq, at);
  const node = next.nodes.find((each) => each.nodeId === nodeId);
  return node && !hasEnded(node.status) ? withNodeView(next, { ...node, preview: image }) : next;
}

function withNodeView(view: RunView, node: NodeView): RunView {
  const isKnown = view.nodes.some((each) => each.nodeId === node.nodeId);
  const nodes = isKnown
    ? view.nodes.map((each) => (each.nodeId === node.nodeId ? node : each))
    : [...view.nodes, node];
  const spent = nodes.reduce((sum, each) => sum + each.credits, 0);
  const charged = Math.max(view.credits.charged, spent);
  return { ...view, nodes, credits: { ...view.credits, charged } };
}

/** Between its events a run is as far as its steps are; inputs are there from the start. */
function withOverallProgress(view: RunView, told: number): RunView {
  const counted = view.nodes.filter((node) => !node.type.startsWith("input."));
  const done = counted.reduce(
    (sum, node) => sum + (hasEnded(node.status) ? 1 : Math.min(node.progress, 0.99)),
    0,
  );
  const own = counted.length > 0 ? done / counted.length : 0;
  const most = view.status === "COMPLETED" ? 1 : 0.99;
  return { ...view, progress: Math.min(Math.max(view.progress, told, own), most) };
}

function lineOf(node: NodeView, at: number): LogLine {
  const what = node.status === "COMPLETED" && node.cached ? "CACHED" : node.status;
  return { at, nodeId: node.nodeId, what, detail: node.error?.message ?? "" };
}

function withLine(view: RunView, line: LogLine): RunView {
  return { ...view, log: [...view.log, line].slice(-MOST_LINES) };
}

function blankNode(nodeId: string, type: string, label: string | null): NodeView {
  return {
    nodeId,
    type,
    label,
    status: "PENDING",
    progress: 0,
    cached: false,
    credits: 0,
    startedAt: null,
    finishedAt: null,
    outputs: {},
    error: null,
    preview: null,
    seq: 0,
  };
}

export function nodeTitle(view: RunView, nodeId: string | null): string {
  const node = view.nodes.find((each) => each.nodeId === nodeId);
  return node ? node.label || node.type || node.nodeId : (nodeId ?? "");
}

/** Whether anything in it was made without asking a model. */
export function isSimulated(view: RunView): boolean {
  return view.nodes.some((node) => node.simulated === true);
}

/** Seconds that are likely left; null while nothing can be said. */
export function secondsLeft(view: RunView, now: number, typical: number | null): number | null {
  if (isFinal(view.status) || view.startedAt === null) {
    return null;
  }
  const elapsed = Math.max((now - Date.parse(view.startedAt)) / 1000, 0);
  if (view.progress >= 0.2 && elapsed >= 1) {
    return (elapsed / view.progress) * (1 - view.progress);
  }
  return typical === null || typical <= elapsed ? null : typical - elapsed;
}
