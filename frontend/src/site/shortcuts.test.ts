import { expect, test, vi } from "vitest";
import { setUpShortcuts } from "./shortcuts";

const go = vi.fn();
setUpShortcuts(go);

function press(options: KeyboardEventInit): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key: "k", cancelable: true, ...options });
  document.dispatchEvent(event);
  return event;
}

test("Ctrl+K leads to the templates where no search is in sight", () => {
  document.body.innerHTML = "";

  expect(press({ ctrlKey: true }).defaultPrevented).toBe(true);

  expect(go).toHaveBeenCalledWith("/templates");
});

test("Ctrl+K goes to the search field that is in sight", () => {
  go.mockClear();
  document.body.innerHTML = '<input id="header-q" type="search" />';
  const field = document.querySelector("input") as HTMLInputElement;
  Object.defineProperty(field, "offsetParent", { get: () => document.body });

  press({ metaKey: true });

  expect(document.activeElement).toBe(field);
  expect(go).not.toHaveBeenCalled();
});

test("other keys are left alone", () => {
  expect(press({}).defaultPrevented).toBe(false);
  expect(press({ ctrlKey: true, shiftKey: true }).defaultPrevented).toBe(false);
});
