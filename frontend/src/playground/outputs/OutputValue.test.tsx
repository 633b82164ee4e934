import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import type { Json } from "../contract";
import { FeedbackContext, useNewFeedback } from "../state/feedback";
import type { OutputTools } from "./context";
import { OutputValue } from "./OutputValue";

afterEach(cleanup);

const TOOLS: OutputTools = { fileName: "cup", before: null, takers: () => [], takeAsInput: null };
const image = (change = {}) => ({ kind: "image", url: "/a.png", width: 40, height: 30, ...change });

function Host({ value, tools }: { value: Json; tools: OutputTools }) {
  return (
    <FeedbackContext value={useNewFeedback()}>
      <OutputValue name="out" title="Picture" value={value} tools={tools} />
    </FeedbackContext>
  );
}
const show = (value: Json, tools: Partial<OutputTools> = {}) =>
  render(<Host value={value} tools={{ ...TOOLS, ...tools }} />);

test.each([
  ["image", "img"],
  ["mask", "img"],
  ["video", "video"],
  ["audio", "audio"],
])("%s is shown by <%s>, to be downloaded under its name", (kind, tag) => {
  show({ kind, url: "/files/a", contentType: "image/png" });

  expect(document.querySelector(`figure ${tag}`)?.getAttribute("src")).toBe("/files/a");
  expect(screen.getByRole("link").getAttribute("download")).toBe("cup-out.png");
});

test.each([
  ["a text", "a text"],
  [3, "3"],
  [false, "false"],
  [null, "Nothing"],
  [[], "[]"],
  [{ a: 1 }, '"a"'],
])("%o is shown as %s", (value, words) => {
  show(value as Json);

  expect(document.body.textContent).toContain(words === "[]" ? "Nothing" : words);
});

test("a picture of the same shape is compared with what went in, by a slider", () => {
  show(image(), { before: image({ url: "/before.png", width: 80, height: 60 }) });
  const slider = screen.getByRole("slider");

  fireEvent.change(slider, { target: { value: "80" } });

  const frame = slider.parentElement as HTMLElement;
  expect(frame.style.getPropertyValue("--at")).toBe("80%");
  expect(screen.getByAltText("Before").getAttribute("src")).toBe("/before.png");
});

test("a picture of another shape stands alone", () => {
  show(image(), { before: image({ url: "/before.png", width: 30, height: 40 }) });

  expect(screen.queryByRole("slider")).toBeNull();
});

test("several pictures stand side by side, a long list only in part", async () => {
  const many = Array.from({ length: 15 }, (_, index) => image({ url: `/${index}.png` }));
  show(many);

  expect(screen.getAllByRole("img")).toHaveLength(12);
  await userEvent.click(screen.getByRole("button", { name: /Show all/ }));

  expect(screen.getAllByRole("img")).toHaveLength(15);
});

test("where several fields take a picture, it is asked which", async () => {
  const taken: string[] = [];
  show(image({ fileId: "file_1" }), {
    takers: () => [
      { name: "a", title: "Front" },
      { name: "b", title: "Back" },
    ],
    takeAsInput: (name) => taken.push(name),
  });

  await userEvent.click(screen.getByRole("button", { name: "Use as input" }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Use as Back" }));

  expect(taken).toEqual(["b"]);
});

test("a 3D model that cannot be shown is still there to be downloaded", async () => {
  show({ kind: "model3d", url: "/a.glb", contentType: "model/gltf-binary" });

  expect(await screen.findByText(/cannot be shown here/, {}, { timeout: 5000 })).toBeTruthy();
  expect(screen.getByRole("link").getAttribute("download")).toBe("cup-out.glb");
});
