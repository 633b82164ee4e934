import { expect, test } from "vitest";
import { problemOf, refusalOf } from "./refusals";

test("an input that the server refuses is reported at its field", () => {
  const refusal = refusalOf({
    status: 422,
    code: "invalid_inputs",
    detail: "",
    errors: [
      { path: "/inputs/a~1b/0", code: "missing", message: "is missing" },
      { pointer: "/inputs/c", code: "wrong_kind", message: "is wrong" },
    ],
  });

  expect(refusal).toEqual({
    kind: "inputs",
    issues: [
      { name: "a/b", message: "is missing" },
      { name: "c", message: "is wrong" },
    ],
  });
});

test("a 402 tells what each step costs, without those that cost nothing", () => {
  const refusal = refusalOf({
    status: 402,
    code: "insufficient_credits",
    detail: "",
    required: 14,
    balance: 3,
    nodes: [
      { nodeId: "a", type: "x", credits: 14 },
      { nodeId: "b", type: "y", credits: 0 },
    ],
  });

  expect(refusal).toMatchObject({ kind: "credits", required: 14, balance: 3 });
  expect("nodes" in refusal && refusal.nodes).toHaveLength(1);
});

test("a model that is not to be had offers test mode, not a field", () => {
  const errors = [{ path: "nodes/n1", code: "unavailable", message: "No provider." }];

  expect(refusalOf({ status: 422, code: "invalid_graph", detail: "", errors }).kind).toBe(
    "unavailable",
  );
});

test.each([
  [401, "signedOut"],
  [429, "rate"],
  [409, "other"],
  [500, "other"],
  [0, "other"],
])("%d leads to %s", (status, kind) => {
  expect(refusalOf({ status, code: "", detail: "" }).kind).toBe(kind);
});

test.each([
  [0, true],
  [403, false],
  [409, true],
  [503, true],
])("after %d, trying again is offered: %s", (status, canRetry) => {
  expect(refusalOf({ status, code: "", detail: "x" })).toMatchObject({ canRetry });
});

test("a wait that only the header names is obeyed", () => {
  expect(problemOf(429, null, "12")).toMatchObject({ retryAfter: 12 });
});
