import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setUpGallery } from "./gallery";

// jsdom knows no popovers: the drawer says by an attribute whether it is open.
const matches = Element.prototype.matches;

function page(): { submits: () => number } {
  document.body.innerHTML = `
    <form id="gallery-form"><input name="q" data-search /></form>
    <aside id="filters" popover><input type="checkbox" name="tag" form="gallery-form" /></aside>
    <select name="sort" form="gallery-form"><option>a</option></select>`;
  let count = 0;
  document.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    count += 1;
  });
  return { submits: () => count };
}

function change(selector: string, type = "change"): void {
  document.querySelector(selector)?.dispatchEvent(new Event(type, { bubbles: true }));
}

describe("the gallery's form", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    Element.prototype.matches = function (selector: string) {
      return selector === ":popover-open"
        ? this.hasAttribute("data-open")
        : matches.call(this, selector);
    };
  });
  afterEach(() => {
    vi.useRealTimers();
    Element.prototype.matches = matches;
  });

  it("follows a control at once", () => {
    const { submits } = page();
    setUpGallery(document);

    change("[name=sort]");
    change("[name=tag]");

    expect(submits()).toBe(2);
  });

  it("waits for the button while the drawer is open", () => {
    const { submits } = page();
    setUpGallery(document);
    document.querySelector("#filters")?.setAttribute("data-open", "");

    change("[name=tag]");

    expect(submits()).toBe(0);
  });

  it("searches once when typing pauses", () => {
    const { submits } = page();
    setUpGallery(document);

    change("[name=q]", "input");
    vi.advanceTimersByTime(200);
    change("[name=q]", "input");
    vi.advanceTimersByTime(299);
    const early = submits();
    vi.advanceTimersByTime(1);

    expect(early).toBe(0);
    expect(submits()).toBe(1);
  });
});
