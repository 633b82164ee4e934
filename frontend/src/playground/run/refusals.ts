/** What the page does about an error answer. */

import type { FieldIssue } from "../checks";
import type { NodeCost, Problem, ProblemItem } from "../contract";
import { t } from "../messages";

export type Refusal =
  | { kind: "inputs"; issues: FieldIssue[] }
  | {
      kind: "credits";
      title: string;
      detail: string;
      required: number;
      balance: number | null;
      nodes: NodeCost[];
    }
  | { kind: "rate"; title: string; detail: string; retryAfter: number }
  | { kind: "signedOut" }
  | { kind: "unavailable"; detail: string; items: ProblemItem[] }
  | { kind: "other"; title: string; detail: string; canRetry: boolean };

const DEFAULT_WAIT_S = 10;

export function refusalOf(problem: Problem): Refusal {
  switch (problem.status) {
    case 401:
      return { kind: "signedOut" };
    case 402:
      return ofCredits(problem);
    case 422:
      return ofInvalid(problem);
    case 429:
      return {
        kind: "rate",
        title: problem.code === "daily_quota_exceeded" ? t.dayTitle : t.limitTitle,
        detail: problem.detail,
        retryAfter: Math.max(problem.retryAfter ?? DEFAULT_WAIT_S, 1),
      };
    default:
      return {
        kind: "other",
        title: t.refusedTitle,
        detail: problem.detail || t.serverFailed(problem.status),
        canRetry: problem.status === 0 || problem.status === 409 || problem.status >= 500,
      };
  }
}

function ofCredits(problem: Problem): Refusal {
  const isCap = problem.code === "over_max_credits";
  return {
    kind: "credits",
    title: isCap ? t.overCap : t.notEnough,
    detail: problem.detail,
    required: problem.required ?? 0,
    balance: problem.balance ?? null,
    nodes: (problem.nodes ?? []).filter((node) => node.credits > 0),
  };
}

function ofInvalid(problem: Problem): Refusal {
  const items = problem.errors ?? [];
  const unavailable = items.filter((item) => item.code === "unavailable");
  if (unavailable.length > 0) {
    return { kind: "unavailable", detail: problem.detail, items: unavailable };
  }
  const issues = items.flatMap(issueOf);
  if (issues.length > 0) {
    return { kind: "inputs", issues };
  }
  const detail = [problem.detail, ...items.map((item) => item.message)].filter(Boolean).join(" ");
  return { kind: "other", title: t.refusedTitle, detail, canRetry: false };
}

/** An item about `/inputs/<name>…` as an issue of that field. */
function issueOf(item: ProblemItem): FieldIssue[] {
  const found = /^\/?inputs\/([^/]+)/.exec(item.path ?? item.pointer ?? "")?.[1];
  if (found === undefined) {
    return [];
  }
  const name = found.replaceAll("~1", "/").replaceAll("~0", "~");
  return [{ name, message: item.message }];
}

/** Read the body of an error answer; anything that is no problem document becomes one. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): Problem {
  const given = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const header = Number(retryAfter);
  return {
    ...given,
    status,
    code: given.code ?? "",
    detail: given.detail ?? t.serverFailed(status),
    retryAfter: given.retryAfter ?? (retryAfter && Number.isFinite(header) ? header : undefined),
  };
}

export const NETWORK_PROBLEM: Problem = { status: 0, code: "network", detail: t.networkFailed };
