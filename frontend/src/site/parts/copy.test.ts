import { beforeEach, expect, test, vi } from "vitest";
import { mount } from "../testing";
import { copy } from "./copy";

const writeText = vi.fn();

beforeEach(() => {
  writeText.mockReset().mockResolvedValue(undefined);
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
});

const MARKUP = `<div x-data="copy">
  <button x-on:click="copy"><span x-text="word">Copy</span></button>
  <pre x-ref="source">curl -X POST</pre>
  <div id="announcer"></div><div id="toasts"></div>
</div>`;

test("copies what is seen and says so", async () => {
  const root = await mount("copy", copy, MARKUP);

  root.querySelector("button")?.click();

  await vi.waitFor(() => expect(root.querySelector("span")?.textContent).toBe("Copied"));
  expect(writeText).toHaveBeenCalledWith("curl -X POST");
  await vi.waitFor(() => expect(root.querySelector("#announcer")?.textContent).toBe("Copied"));
});

test("says what to do where the browser refuses", async () => {
  writeText.mockRejectedValue(new Error("denied"));
  const root = await mount("copy", copy, MARKUP);

  root.querySelector("button")?.click();

  await vi.waitFor(() => expect(root.querySelector(".toast")?.textContent).toContain("Select"));
  expect(root.querySelector("span")?.textContent).toBe("Copy");
});
