import { expect, test } from "vitest";
import { mount } from "../testing";
import { tabs } from "./tabs";

const MARKUP = `<div x-data="tabs">
  <div role="tablist" x-ref="list"></div>
  <div x-ref="panels">
    <section data-tab="curl">one</section>
    <section data-tab="Python" id="python">two</section>
  </div>
</div>`;

test("sections become tabs, the first one open", async () => {
  const root = await mount("tabs", tabs, MARKUP);
  const [curl, python] = [...root.querySelectorAll<HTMLElement>('[role="tab"]')];

  expect(curl?.textContent).toBe("curl");
  expect(curl?.getAttribute("aria-selected")).toBe("true");
  expect(python?.tabIndex).toBe(-1);
  expect(root.querySelector<HTMLElement>("#python")?.hidden).toBe(true);
});

test("arrows walk through them and the address names the one that is open", async () => {
  const root = await mount("tabs", tabs, MARKUP);
  const [curl, python] = [...root.querySelectorAll<HTMLElement>('[role="tab"]')];

  curl?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));

  expect(document.activeElement).toBe(python);
  expect(root.querySelector<HTMLElement>("#python")?.hidden).toBe(false);
  expect(location.hash).toBe("#python");
  history.replaceState(null, "", location.pathname);
});

test("a link to a tab opens it", async () => {
  history.replaceState(null, "", "#python");

  const root = await mount("tabs", tabs, MARKUP);

  expect(root.querySelector<HTMLElement>("#python")?.hidden).toBe(false);
  history.replaceState(null, "", location.pathname);
});
