import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { showNotices, toast } from "./toast";

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = '<div id="toasts"></div>';
});
afterEach(() => vi.useRealTimers());

const shown = () => [...document.querySelectorAll(".toast")].map((each) => each.textContent);

test("a toast is said politely and leaves by itself", () => {
  const saved = toast({ text: "Saved" });

  expect(saved?.getAttribute("role")).toBe("status");
  vi.advanceTimersByTime(6000);
  expect(shown()).toEqual([]);
});

test("an error is said at once and stays until it is closed", () => {
  const failed = toast({ text: "Failed", tone: "err" });

  vi.advanceTimersByTime(60_000);
  expect(failed?.getAttribute("role")).toBe("alert");
  expect(shown()).toEqual(["Failed"]);
  failed?.querySelector("button")?.click();
  expect(shown()).toEqual([]);
});

test("a toast that is pointed at waits", () => {
  const saved = toast({ text: "Saved" });

  saved?.dispatchEvent(new Event("mouseenter"));
  vi.advanceTimersByTime(60_000);
  expect(shown()).toEqual(["Saved"]);
  saved?.dispatchEvent(new Event("mouseleave"));
  vi.advanceTimersByTime(6000);
  expect(shown()).toEqual([]);
});

test("three are shown at most, and errors go last", () => {
  toast({ text: "error", tone: "err" });
  for (const text of ["one", "two", "three"]) toast({ text });

  expect(shown()).toEqual(["error", "two", "three"]);
});

test("what a toast says is text and no markup", () => {
  toast({ text: "<img src=x>" });

  expect(document.querySelector(".toast img")).toBeNull();
});

test("the server's messages become toasts", () => {
  document.body.innerHTML =
    '<ul id="notices"><li data-level="success">Saved</li><li data-level="error">No</li></ul><div id="toasts"></div>';

  showNotices();

  expect(document.querySelector("#notices")).toBeNull();
  expect(document.querySelector(".toast-ok")?.textContent).toBe("Saved");
  expect(document.querySelector(".toast-err")?.getAttribute("role")).toBe("alert");
});
