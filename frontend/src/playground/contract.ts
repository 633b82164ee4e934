/** What the page and the studio API give the playground. Names are theirs. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Inputs = Record<string, Json>;

export type MediaKind = "image" | "mask" | "video" | "audio" | "model3d";
export type Mode = "live" | "test";

export interface FieldSchema {
  title?: string;
  description?: string;
  type?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  enum?: Json[];
  default?: Json;
  items?: FieldSchema;
  "x-kind"?: string;
  "x-multiline"?: boolean;
  "x-order"?: number;
}

export interface InputsSchema {
  properties?: Record<string, FieldSchema>;
  required?: string[];
}

export interface OutputsSchema {
  properties?: Record<string, FieldSchema>;
}

/** A stored piece of media, as outputs show it. */
export interface MediaValue {
  kind: string;
  url: string;
  fileId?: string;
  contentType?: string;
  mimeType?: string;
  width?: number | null;
  height?: number | null;
  bytes?: number | null;
  durationS?: number | null;
}

export interface UploadedFile extends MediaValue {
  fileId: string;
  sizeBytes?: number;
}

export type ExecutionStatus =
  | "QUEUED"
  | "RUNNING"
  | "PAUSED"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED";
export type NodeStatus =
  | "PENDING"
  | "QUEUED"
  | "RUNNING"
  | "PAUSED"
  | "COMPLETED"
  | "FAILED"
  | "SKIPPED"
  | "CANCELLED";

export interface Failure {
  code: string;
  message: string;
  nodeId: string | null;
  provider?: string | null;
  retryable: boolean;
}

export interface NodeState {
  nodeId: string;
  type: string;
  label?: string | null;
  status: NodeStatus;
  progress: number;
  cached: boolean;
  credits: number;
  startedAt: string | null;
  finishedAt: string | null;
  outputs: Record<string, Json>;
  error: Failure | null;
  simulated?: boolean;
}

/** The poll's answer. */
export interface ExecutionState {
  executionId: string;
  status: ExecutionStatus;
  progress: number;
  outputs: Record<string, Json>;
  nodes: NodeState[];
  credits: { estimated: number; charged: number };
  error: Failure | null;
  startedAt: string | null;
  finishedAt: string | null;
}

export type Frame =
  | { seq: number; type: "snapshot" | "final"; data: ExecutionState }
  | { seq: number; type: "node"; data: NodeState }
  | { seq: number; type: "progress"; data: { nodeId: string; progress: number } }
  | { seq: number; type: "preview"; data: { nodeId: string; image: string } };

export interface NodeCost {
  nodeId: string;
  type: string;
  label?: string;
  credits: number;
  quantity?: number;
  cached?: boolean;
}

export interface ProblemItem {
  path?: string;
  pointer?: string;
  code: string;
  message: string;
}

export interface Estimate {
  credits: number;
  maxCredits: number;
  balance?: number | null;
  nodes?: NodeCost[];
  unavailable?: ProblemItem[];
}

export interface Accepted {
  executionId: string;
  status: ExecutionStatus;
  estimatedCredits?: number;
  balance?: number | null;
}

export interface HistoryItem {
  executionId: string;
  status: ExecutionStatus;
  mode: Mode;
  createdAt: string;
  startedAt?: string | null;
  finishedAt?: string | null;
  inputs: Inputs;
  outputs?: Record<string, Json>;
  credits?: { estimated: number; charged: number };
  error?: Failure | null;
  shareUrl?: string | null;
  rating?: boolean | null;
}

export interface Example {
  title: string;
  inputs: Inputs;
  outputs: Record<string, Json>;
  simulated?: boolean;
}

export interface Workspace {
  id: string;
  name: string;
  canRun?: boolean;
}

export interface Boot {
  subject: {
    kind: "template" | "workflow";
    slug?: string;
    workflowId?: string;
    title: string;
    version?: number | string | null;
    description?: string;
    typicalSeconds?: number | null;
  };
  workspace: Workspace | null;
  workspaces: Workspace[];
  user: { name: string } | null;
  inputs: InputsSchema;
  outputs: OutputsSchema;
  nodes: { id: string; label?: string | null; type: string; credits?: number | null }[];
  estimate: Estimate;
  balance: number | null;
  examples: Example[];
  urls: {
    runs: string;
    estimate: string;
    files: string;
    ws: string;
    signUp: string;
    signIn: string;
    billing?: string | null;
    fork?: string | null;
    open?: string | null;
    docs?: string | null;
    template?: string | null;
  };
  api: { executeUrl: string };
  prefill: { inputs: Inputs; source?: string; executionId?: string } | null;
  /** The run that the address names. */
  run?: ExecutionState | null;
  csrf: string | { header: string; token: string };
  mode: Mode;
  limits?: {
    imageBytes?: number;
    audioBytes?: number;
    videoBytes?: number;
    otherBytes?: number;
    parallel?: number;
  };
}

/** An error answer (RFC 9457), with what ours add. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  errors?: ProblemItem[];
  required?: number;
  balance?: number;
  shortfall?: number;
  nodes?: NodeCost[];
  retryAfter?: number;
  limit?: number;
  window?: string;
  requiredPlan?: string;
  requestId?: string;
}
