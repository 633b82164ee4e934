import { beforeEach, expect, test, vi } from "vitest";
import { mount } from "../testing";
import { applyTheme, currentTheme, theme } from "./theme";

const root = document.documentElement;

beforeEach(() => {
  localStorage.clear();
  delete root.dataset.theme;
  delete root.dataset.signedIn;
});

test("a choice shows at once and is kept", () => {
  applyTheme("dark");

  expect(root.dataset.theme).toBe("dark");
  expect(localStorage.getItem("pf-theme")).toBe("dark");
});

test("system takes the choice away", () => {
  applyTheme("light");
  applyTheme("system");

  expect(currentTheme()).toBe("system");
  expect(root.dataset.theme).toBeUndefined();
});

test("who is signed in keeps it for the account", () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response());
  root.dataset.signedIn = "";

  applyTheme("dark");

  const [address, sent] = fetched.mock.calls[0] ?? [];
  expect(address).toBe("/settings/appearance");
  expect(String(sent?.body)).toBe("theme=dark");
  fetched.mockRestore();
});

test("the buttons show the choice in force", async () => {
  const group = await mount(
    "theme",
    theme,
    `<div x-data="theme">
       <button data-theme-choice="system" x-on:click="choose">System</button>
       <button data-theme-choice="dark" x-on:click="choose">Dark</button>
     </div>`,
  );
  const [system, dark] = [...group.querySelectorAll("button")];

  expect(system?.getAttribute("aria-pressed")).toBe("true");
  dark?.click();

  expect(dark?.getAttribute("aria-pressed")).toBe("true");
  expect(system?.getAttribute("aria-pressed")).toBe("false");
});
