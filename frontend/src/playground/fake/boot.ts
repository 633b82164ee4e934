/** A page's data for tests: one field of most kinds, one example, somebody signed in. */

import type { Boot, ExecutionState, NodeState } from "../contract";

export function aBoot(change: Partial<Boot> = {}): Boot {
  return {
    subject: { kind: "template", slug: "backdrop", title: "Backdrop", version: 3 },
    workspace: { id: "ws_1", name: "Studio", canRun: true },
    workspaces: [{ id: "ws_1", name: "Studio", canRun: true }],
    user: { name: "Ada" },
    inputs: {
      properties: {
        photo: { title: "Photo", "x-kind": "image" },
        prompt: { title: "Prompt", "x-kind": "text", maxLength: 500, description: "What to show." },
        width: { title: "Width", "x-kind": "integer", minimum: 1, maximum: 100, default: 50 },
        fit: { title: "Fit", "x-kind": "text", enum: ["cover", "contain"], default: "cover" },
        seed: { title: "Seed", "x-kind": "integer", default: 7 },
      },
      required: ["photo", "prompt"],
    },
    outputs: { properties: { picture: { title: "Picture", "x-kind": "image" } } },
    nodes: [
      { id: "photo", type: "input.image", label: "Photo" },
      { id: "cut", type: "image.cut", label: "Cut out", credits: 0 },
      { id: "scene", type: "model.scene", label: "Scene", credits: 14 },
    ],
    estimate: { credits: 14, maxCredits: 14 },
    balance: 1240,
    examples: [
      {
        title: "A cup",
        inputs: {
          photo: {
            asset: "_assets/cup.jpg",
            url: "/static/library/_assets/cup.jpg",
            kind: "image",
          },
          prompt: "a cup on a table",
        },
        outputs: {
          picture: { kind: "image", url: "/static/library/cup.png", width: 4, height: 4 },
        },
      },
    ],
    urls: {
      runs: "/api/studio/playground/runs",
      estimate: "/api/studio/playground/estimate",
      files: "/api/studio/playground/files",
      ws: "/ws/executions/{id}",
      signUp: "/accounts/signup/",
      signIn: "/accounts/login/",
      billing: "/billing",
    },
    api: { executeUrl: "http://localhost/api/v1/workflows/wf_1/execute" },
    prefill: null,
    csrf: { header: "X-CSRFToken", token: "token" },
    mode: "live",
    ...change,
  };
}

export function aNode(nodeId: string, change: Partial<NodeState> = {}): NodeState {
  return {
    nodeId,
    type: "image.cut",
    label: nodeId,
    status: "COMPLETED",
    progress: 1,
    cached: false,
    credits: 0,
    startedAt: "2026-01-31T10:00:00.000Z",
    finishedAt: "2026-01-31T10:00:02.000Z",
    outputs: {},
    error: null,
    ...change,
  };
}

export function aState(change: Partial<ExecutionState> = {}): ExecutionState {
  return {
    executionId: "exec_1",
    status: "RUNNING",
    progress: 0.3,
    outputs: {},
    nodes: [],
    credits: { estimated: 14, charged: 0 },
    error: null,
    startedAt: "2026-01-31T10:00:00.000Z",
    finishedAt: null,
    ...change,
  };
}
