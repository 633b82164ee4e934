import { expect, test } from "vitest";
import { checkField, checkInputs } from "./checks";
import type { FieldSchema, Json } from "./contract";
import { fieldOf, fieldsOf } from "./fields";

const REFUSED: [string, FieldSchema, Json | undefined][] = [
  ["nothing", { "x-kind": "text" }, undefined],
  ["null", { "x-kind": "image" }, null],
  ["an empty text", { "x-kind": "text" }, ""],
  ["a number for a text", { "x-kind": "text" }, 3],
  ["a text that is too long", { "x-kind": "text", maxLength: 2 }, "abc"],
  ["what is no choice", { "x-kind": "text", enum: ["a", "b"] }, "c"],
  ["a text for a number", { "x-kind": "number" }, "1.5x"],
  ["half a step", { "x-kind": "integer" }, 1.5],
  ["a whole number beyond 2^53", { "x-kind": "integer" }, 2 ** 60],
  ["one below the least", { "x-kind": "integer", minimum: 1 }, 0],
  ["one above the most", { "x-kind": "number", maximum: 1 }, 1.01],
  ["a text for a switch", { "x-kind": "boolean" }, "true"],
  ["a plain text for a file", { "x-kind": "image" }, "cup.jpg"],
  ["an object for a file", { "x-kind": "video" }, { name: "x" }],
  ["no list", { "x-kind": "list[text]" }, "a"],
  ["a list with a wrong element", { "x-kind": "list[integer]" }, [1, "2"]],
  ["a list with an empty element", { "x-kind": "list[image]" }, [null]],
  ["a list that is too long", { "x-kind": "list[text]", maxItems: 1 }, ["a", "b"]],
];

test.each(REFUSED)("%s is refused", (_, schema, value) => {
  expect(checkField(fieldOf("field", schema, true), value)).not.toBeNull();
});

const TAKEN: [string, FieldSchema, Json | undefined][] = [
  ["a text of code points", { "x-kind": "text", maxLength: 2 }, "🙂🙂"],
  ["a choice", { "x-kind": "text", enum: ["a"] }, "a"],
  ["the least", { "x-kind": "integer", minimum: 1 }, 1],
  ["false", { "x-kind": "boolean" }, false],
  ["a stored file", { "x-kind": "image" }, { fileId: "file_1" }],
  ["a link", { "x-kind": "image" }, { url: "https://example.com/a.png" }],
  ["an example's file", { "x-kind": "image" }, { asset: "_assets/a.jpg" }],
  ["bytes", { "x-kind": "image" }, "data:image/png;base64,AA=="],
  ["any JSON", { "x-kind": "json" }, [1, { a: null }]],
  ["an empty list", { "x-kind": "list[text]" }, []],
  ["nothing, where there is a default", { "x-kind": "integer", default: 3 }, undefined],
];

test.each(TAKEN)("%s is taken", (_, schema, value) => {
  expect(checkField(fieldOf("field", schema, true), value)).toBeNull();
});

test("an optional field may be left out", () => {
  expect(checkField(fieldOf("field", { "x-kind": "image" }, false), undefined)).toBeNull();
});

test("an unknown name is reported, as the server would", () => {
  const issues = checkInputs(fieldsOf({ properties: {} }), { other: 1 });

  expect(issues.map((issue) => issue.name)).toEqual(["other"]);
});
