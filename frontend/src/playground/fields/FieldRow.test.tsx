import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { FieldSchema, Json } from "../contract";
import { type Field, fieldOf } from "../fields";
import { type FormTools, FormToolsContext } from "../state/formTools";
import { FieldRow } from "./FieldRow";

afterEach(cleanup);

const tools: FormTools = {
  previews: {},
  addPreview: () => {},
  block: vi.fn(),
  examplesOf: () => [{ asset: "cup.jpg" }],
  receive: (file) => ({
    done: Promise.resolve({
      value: { fileId: file.name },
      preview: { kind: "image", url: "/f" },
    }),
    abort: () => {},
  }),
};

interface Seen {
  value: Json | undefined;
}

function Host({ field, seen }: { field: Field; seen: Seen }) {
  const [value, setValue] = useState<Json | undefined>(seen.value);
  return (
    <FieldRow
      field={field}
      value={value}
      error={null}
      takesPaste={false}
      onChange={(_, next) => {
        seen.value = next;
        setValue(next);
      }}
    />
  );
}

/** One field in a form of its own; returns what its value is by now. */
function open(schema: FieldSchema, start?: Json, isRequired = true) {
  const field = fieldOf("field", { title: "Field", ...schema }, isRequired);
  const seen: Seen = { value: start };
  render(
    <FormToolsContext value={tools}>
      <Host field={field} seen={seen} />
    </FormToolsContext>,
  );
  return { seen, user: userEvent.setup() };
}

test.each([
  ["12", 12],
  ["1,5", 1.5],
  ["-3", -3],
  ["", undefined],
  ["many", "many"],
])("%s typed as a number is %s", async (text, value) => {
  const { seen, user } = open({ "x-kind": "number" }, 7);
  const input = screen.getByLabelText("Field");

  await user.clear(input);
  if (text) {
    await user.type(input, text);
  }

  expect(seen.value).toBe(value);
});

test("the arrow keys move a number within its bounds", async () => {
  const { seen, user } = open({ "x-kind": "integer", minimum: 0, maximum: 5_000_000 }, 1);

  await user.type(screen.getByLabelText("Field"), "{ArrowUp}{ArrowUp}{ArrowDown}");
  expect(seen.value).toBe(2);
  await user.type(screen.getByLabelText("Field"), "{ArrowDown}{ArrowDown}{ArrowDown}");

  expect(seen.value).toBe(0);
});

test("a slider and its number are one value", () => {
  const { seen } = open({ "x-kind": "number", minimum: 0, maximum: 1 }, 0.5);

  fireEvent.change(screen.getByRole("slider"), { target: { value: "0.75" } });

  expect(seen.value).toBe(0.75);
  expect(screen.getByRole<HTMLInputElement>("textbox").value).toBe("0.75");
});

test("a seed is drawn by the dice", async () => {
  const field = { title: "Seed", "x-kind": "integer", minimum: 5, maximum: 5 };
  const drawn = { value: undefined as Json | undefined };
  render(
    <FormToolsContext value={tools}>
      <FieldRow
        field={fieldOf("seed", field, true)}
        value={undefined}
        error={null}
        takesPaste={false}
        onChange={(_, next) => {
          drawn.value = next;
        }}
      />
    </FormToolsContext>,
  );

  await userEvent.click(screen.getByRole("button", { name: "Random seed" }));

  expect(drawn.value).toBe(5);
});

test("a switch turns", async () => {
  const { seen, user } = open({ "x-kind": "boolean" }, false);

  await user.click(screen.getByRole("switch", { name: "Field" }));

  expect(seen.value).toBe(true);
});

test("few choices are radio buttons under the field's name", async () => {
  const { seen, user } = open({ "x-kind": "text", enum: ["cover", "contain"] }, "cover");

  await user.click(screen.getByRole("radio", { name: "contain" }));

  expect(seen.value).toBe("contain");
  expect(screen.getByRole("radiogroup", { name: "Field" })).toBeTruthy();
});

test("an optional choice can be unset", async () => {
  const choices = ["aa", "bb", "cc", "dd", "ee"];
  const { seen, user } = open({ "x-kind": "text", enum: choices }, "aa", false);

  await user.selectOptions(screen.getByRole("combobox"), "Not set");

  expect(seen.value).toBeUndefined();
});

test("JSON that is not valid yet is said and kept from running", () => {
  const { seen } = open({ "x-kind": "json" }, { a: 1 });
  const area = screen.getByRole("textbox");

  fireEvent.change(area, { target: { value: '{"a": ' } });
  expect(seen.value).toEqual({ a: 1 });
  expect(tools.block).toHaveBeenLastCalledWith("field", expect.stringContaining("not valid JSON"));
  fireEvent.change(area, { target: { value: '{"a": 2}' } });

  expect(seen.value).toEqual({ a: 2 });
  expect(tools.block).toHaveBeenLastCalledWith("field", null);
});

test("elements of a list are added, changed and removed", async () => {
  const { seen, user } = open({ "x-kind": "list[text]" }, ["one", "two"]);

  await user.click(screen.getByRole("button", { name: "Add" }));
  await user.type(screen.getByRole("textbox", { name: "Item 3" }), "three");
  await user.click(screen.getByRole("button", { name: "Remove item 1" }));

  expect(seen.value).toEqual(["two", "three"]);
});

test("a colour is picked or written", () => {
  const { seen } = open({ "x-kind": "text", format: "color" }, "#ffffff");

  fireEvent.change(screen.getByRole("textbox"), { target: { value: "#102030" } });

  expect(seen.value).toBe("#102030");
});

test("a file comes by choosing, by dropping, from a link, or from an example", async () => {
  const { seen, user } = open({ "x-kind": "image" });
  const file = new File(["x"], "a.png", { type: "image/png" });
  const chooser = () =>
    document.querySelector<HTMLInputElement>("input[type=file]") as HTMLInputElement;

  await user.click(screen.getByRole("button", { name: "Example 1" }));
  expect(seen.value).toEqual({ asset: "cup.jpg" });
  await user.click(screen.getByRole("button", { name: "Remove" }));
  await user.click(screen.getByRole("button", { name: "From a link" }));
  await user.type(screen.getByLabelText("Address of the file"), "https://a.test/x.png{Enter}");
  expect(seen.value).toEqual({ url: "https://a.test/x.png" });
  await user.upload(chooser(), file);
  expect(seen.value).toEqual({ fileId: "a.png" });
  await user.click(screen.getByRole("button", { name: "Remove" }));
  fireEvent.drop(document.querySelector(".dropzone") as Element, {
    dataTransfer: { files: [file] },
  });
  await act(async () => {});

  expect(seen.value).toEqual({ fileId: "a.png" });
});

test("help and an error belong to their control", () => {
  const field = fieldOf("field", { title: "Field", description: "Helps.", "x-kind": "text" }, true);
  render(
    <FormToolsContext value={tools}>
      <FieldRow field={field} value="" error="Is wrong." takesPaste={false} onChange={() => {}} />
    </FormToolsContext>,
  );

  const input = screen.getByLabelText("Field");

  const told = (input.getAttribute("aria-describedby") ?? "").split(" ");
  expect(told.map((id) => document.getElementById(id)?.textContent)).toEqual([
    "Helps.",
    "Is wrong.",
  ]);
  expect(input.getAttribute("aria-invalid")).toBe("true");
});
