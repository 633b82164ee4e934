import { expect, test } from "vitest";
import { refusal } from "./refusals";

test("refusals are told in words with what to do", () => {
  for (const status of [401, 403, 404, 410, 429, 500, 503])
    expect(refusal(status, null)).toMatch(/\.$/);
  expect(refusal(429, "30")).toContain("in 30 seconds");
});

test("a form that comes back with errors is shown itself", () => {
  for (const status of [200, 400, 409, 422]) expect(refusal(status, null)).toBeNull();
});
