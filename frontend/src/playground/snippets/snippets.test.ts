import { expect, test } from "vitest";
import { aBoot } from "../fake/boot";
import expected from "./expected.json";
import { tokensOf } from "./highlight";
import { LANGUAGES, pythonLiteral, shellQuote, snippet, sourceOf } from "./snippets";

const source = sourceOf(
  aBoot(),
  {
    photo: { asset: "_assets/cup.jpg" },
    prompt: 'it\'s a "cup"\nof tea',
    hd: true,
    none: null,
    bytes: `data:image/png;base64,${"A".repeat(500)}`,
  },
  (path) => `http://localhost/static/library/${path}`,
);

test.each(LANGUAGES)("%s holds the real inputs and no key", (language) => {
  const code = snippet(language, source);

  expect(code).toContain("http://localhost/static/library/_assets/cup.jpg");
  expect(code).not.toMatch(/sk-(live|test)-/);
  expect(code).not.toContain("AAAA");
});

test.each(["curl", "python", "javascript"] as const)(
  "%s authorises, waits and repeats safely",
  (language) => {
    const code = snippet(language, source);

    expect(code).toContain("API_KEY");
    expect(code).toContain("Idempotency-Key");
    expect(code).toContain("/poll");
    expect(code).toContain("http://localhost/api/v1/workflows");
    expect(code).toContain("/wf_1/execute");
  },
);

test.each(LANGUAGES)("%s is what the pages show as well", (language) => {
  expect(snippet(language, expected)).toBe(expected[language]);
});

test("a template's call names the workflow that is still to be made", () => {
  const boot = aBoot({ api: { executeUrl: "/api/v1/workflows/{workflowId}/execute" } });

  const code = snippet("curl", sourceOf(boot, {}, String));

  expect(code).toContain(`${window.location.origin}/api/v1/workflows/YOUR_WORKFLOW_ID/execute`);
});

test.each([
  ["plain", "'plain'"],
  ["it's", String.raw`'it'\''s'`],
  ["$HOME `x`", "'$HOME `x`'"],
])("a shell takes %s literally", (text, quoted) => {
  expect(shellQuote(text)).toBe(quoted);
});

test("JSON becomes Python's own literals", () => {
  expect(pythonLiteral({ a: [true, null, 1.5], b: {}, c: "x\ny" })).toBe(
    '{\n    "a": [\n        True,\n        None,\n        1.5,\n    ],\n    "b": {},\n    "c": "x\\ny",\n}',
  );
});

test.each(LANGUAGES)("highlighting %s loses nothing", (language) => {
  const code = snippet(language, source);

  expect(
    tokensOf(code)
      .map((token) => token.text)
      .join(""),
  ).toBe(code);
});
