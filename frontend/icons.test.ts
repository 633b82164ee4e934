import { expect, test } from "vitest";
import { iconsNamedIn, spriteOf } from "./icons.ts";

test("icons are found by name, in components that take one too", () => {
  const text = `<c-icon name="search" size="sm" /><c-button
    type="submit" icon="play" icon_end="arrow-right">Run</c-button><c-field name="email" />
    <c-icon name="{{ item.icon }}" />`;

  expect(iconsNamedIn(text).sort()).toEqual(["arrow-right", "play", "search"]);
});

test("a sprite has each icon once", () => {
  const sprite = spriteOf(["x", "a", "x"], (name) => `<svg width="24"><path d="${name}"/></svg>`);

  expect(sprite.match(/<symbol /g)).toHaveLength(2);
  expect(sprite).toContain('<symbol id="a" viewBox="0 0 24 24"><path d="a"/></symbol>');
});
