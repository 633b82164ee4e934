import { beforeEach, expect, test, vi } from "vitest";
import { followCodeLink } from "./codeLink";

const sent = vi.fn((event: Event) => event.preventDefault());

function open(hash: string): HTMLInputElement | null {
  window.history.replaceState(null, "", `/accounts/login/code/confirm/?next=%2Fteam${hash}`);
  document.querySelector("form")?.addEventListener("submit", sent);
  followCodeLink(document, window.location, window.history);
  return document.querySelector("input");
}

beforeEach(() => {
  sent.mockClear();
  document.body.innerHTML = '<form><input name="code" data-code-of-link required /></form>';
});

test("the code of a link is filled in, sent, and gone from the address", () => {
  const field = open("#ABC-123");

  expect(field?.value).toBe("ABC-123");
  expect(sent).toHaveBeenCalledTimes(1);
  expect(window.location.hash).toBe("");
  expect(window.location.search).toBe("?next=%2Fteam");
});

test.each(["", "#m", "#<b>bold</b>", "#a b c d"])("%s is no code", (hash) => {
  const field = open(hash);

  expect(field?.value).toBe("");
  expect(sent).not.toHaveBeenCalled();
});

test("on any other page nothing happens", () => {
  document.body.innerHTML = "<form><input name='code' /></form>";

  open("#ABC-123");

  expect(sent).not.toHaveBeenCalled();
  expect(window.location.hash).toBe("#ABC-123");
});
