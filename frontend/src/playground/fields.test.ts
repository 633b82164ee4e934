import { expect, test } from "vitest";
import type { FieldSchema } from "./contract";
import { drawSeed, fieldOf, fieldsOf, groupFields, initialValues, stepOf } from "./fields";

const KINDS: [string, string, FieldSchema][] = [
  ["text", "text", { "x-kind": "text", maxLength: 60 }],
  ["textarea", "text", { "x-kind": "text", maxLength: 500 }],
  ["textarea", "prompt", { "x-kind": "text" }],
  ["text", "name", { "x-kind": "text" }],
  ["textarea", "name", { "x-kind": "text", "x-multiline": true }],
  ["text", "prompt", { "x-kind": "text", "x-multiline": false }],
  ["colour", "tint", { "x-kind": "text", format: "color" }],
  ["colour", "background", { "x-kind": "text", default: "#ffffff" }],
  ["segmented", "fit", { "x-kind": "text", enum: ["cover", "contain"] }],
  ["select", "style", { "x-kind": "text", enum: ["a", "b", "c", "d", "e"] }],
  ["select", "style", { "x-kind": "text", enum: ["a long name of a style", "another long name"] }],
  ["number", "scale", { "x-kind": "number" }],
  ["number", "scale", { "x-kind": "number", minimum: 0 }],
  ["slider", "scale", { "x-kind": "number", minimum: 0, maximum: 1 }],
  ["slider", "count", { "x-kind": "integer", minimum: 1, maximum: 4 }],
  ["number", "big", { "x-kind": "integer", minimum: 0, maximum: 4294967295 }],
  ["seed", "seed", { "x-kind": "integer", minimum: 0, maximum: 100 }],
  ["seed", "noise_seed", { "x-kind": "integer" }],
  ["number", "seedling", { "x-kind": "integer" }],
  ["switch", "hd", { "x-kind": "boolean" }],
  ["media", "photo", { "x-kind": "image" }],
  ["media", "mask", { "x-kind": "mask" }],
  ["media", "clip", { "x-kind": "video" }],
  ["media", "voice", { "x-kind": "audio" }],
  ["json", "data", { "x-kind": "json" }],
  ["json", "anything", { "x-kind": "any" }],
  ["list", "lines", { "x-kind": "list[text]", type: "array" }],
  ["text", "plain", { type: "string", maxLength: 5 }],
  ["list", "plain", { type: "array", items: { type: "number" } }],
];

test.each(KINDS)("a %s is shown for %s %o", (widget, name, schema) => {
  expect(fieldOf(name, schema, true).widget).toBe(widget);
});

test("fields keep the order of the schema unless it says another", () => {
  const fields = fieldsOf({
    properties: { a: { "x-order": 2 }, b: { "x-order": 1 } },
    required: ["b"],
  });

  expect(fields.map((field) => field.name)).toEqual(["b", "a"]);
  expect(fields.map((field) => field.isRequired)).toEqual([true, false]);
});

test("a list has a field for its elements, with the list's own bounds", () => {
  const field = fieldOf("n", { "x-kind": "list[integer]", minimum: 1, maximum: 9 }, true);

  expect(field.item).toMatchObject({ kind: "integer", minimum: 1, maximum: 9 });
});

test("what is optional and has a default waits behind Advanced in a longer form", () => {
  const optional = (name: string) => fieldOf(name, { "x-kind": "integer", default: 1 }, false);
  const fields = [
    fieldOf("photo", { "x-kind": "image" }, true),
    fieldOf("prompt", { "x-kind": "text" }, true),
    optional("a"),
    optional("b"),
    optional("c"),
  ];

  const groups = groupFields(fields);

  expect(groups.main.map((field) => field.name)).toEqual(["photo", "prompt"]);
  expect(groups.advanced.map((field) => field.name)).toEqual(["a", "b", "c"]);
});

test("a short form hides nothing", () => {
  const fields = [fieldOf("a", { "x-kind": "integer", default: 1 }, false)];

  expect(groupFields(fields).advanced).toEqual([]);
});

test("an optional picture is never hidden", () => {
  expect(fieldOf("photo", { "x-kind": "image" }, false).isAdvanced).toBe(false);
});

test("a form begins with what is given, then with defaults, and leaves the rest out", () => {
  const fields = fieldsOf({ properties: { a: { default: 1 }, b: { default: 2 }, c: {} } });

  expect(initialValues(fields, { a: 9 })).toEqual({ a: 9, b: 2 });
});

test.each([
  [{ kind: "integer", minimum: 0, maximum: 1000 }, 1],
  [{ kind: "number", minimum: 0, maximum: 1 }, 0.01],
  [{ kind: "number", minimum: 0, maximum: 10 }, 0.1],
  [{ kind: "number", minimum: 0, maximum: 5000 }, 1],
  [{ kind: "number" }, 0.1],
])("the arrow keys move %o by %d", (field, step) => {
  expect(stepOf(field)).toBeCloseTo(step);
});

test.each([0, 0.5, 0.999_999])("a seed drawn at %d lies in its bounds", (at) => {
  const field = fieldOf("seed", { "x-kind": "integer", minimum: 10, maximum: 20 }, true);

  const seed = drawSeed(field, () => at);

  expect(seed).toBeGreaterThanOrEqual(10);
  expect(seed).toBeLessThanOrEqual(20);
});
