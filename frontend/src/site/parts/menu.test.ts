import { expect, test } from "vitest";
import { mount } from "../testing";
import { menu } from "./menu";

const MARKUP = `<details x-data="menu" open>
  <summary>More</summary>
  <div class="menu-panel"><a class="menu-item" href="#a">A</a><a class="menu-item" href="#b">B</a></div>
</details>`;

async function mounted(): Promise<HTMLDetailsElement> {
  return (await mount("menu", menu, MARKUP)) as HTMLDetailsElement;
}

function press(root: HTMLElement, key: string): void {
  root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

test("Escape closes it", async () => {
  const root = await mounted();

  press(root, "Escape");

  expect(root.open).toBe(false);
});

test("a click elsewhere closes it, one inside does not", async () => {
  const root = await mounted();

  root.querySelector<HTMLElement>(".menu-panel")?.click();
  expect(root.open).toBe(true);
  document.body.click();

  expect(root.open).toBe(false);
});

test("arrows walk round the entries", async () => {
  const root = await mounted();
  const [first, second] = [...root.querySelectorAll<HTMLElement>(".menu-item")];

  press(root, "ArrowDown");
  expect(document.activeElement).toBe(first);
  press(root, "ArrowDown");
  expect(document.activeElement).toBe(second);
  press(root, "ArrowDown");
  expect(document.activeElement).toBe(first);
});
