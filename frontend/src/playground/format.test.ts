import { expect, test } from "vitest";
import { bytes, clock, extensionOf, median, seconds } from "./format";

test.each([
  [0.04, "0.0 s"],
  [3.24, "3.2 s"],
  [42.4, "42 s"],
  [125, "2 min 5 s"],
])("%d seconds read as %s", (value, words) => {
  expect(seconds(value)).toBe(words);
});

test.each([
  [12, "00:12"],
  [-1, "00:00"],
  [601, "10:01"],
])("a timer at %d shows %s", (value, words) => {
  expect(clock(value)).toBe(words);
});

test.each([
  [999, "999 B"],
  [1500, "1.5 KB"],
  [50_000_000, "50 MB"],
])("%d bytes read as %s", (value, words) => {
  expect(bytes(value)).toBe(words);
});

test.each([
  ["image/png", "/x", "png"],
  ["audio/mpeg; rate=1", "/x", "mp3"],
  [undefined, "/a/b.webp?sig=1", "webp"],
  [undefined, "/a/b", "bin"],
])("%s at %s is downloaded as %s", (type, url, extension) => {
  expect(extensionOf(type, url)).toBe(extension);
});

test("the median of nothing is nothing", () => {
  expect(median([])).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([1, 2])).toBe(1.5);
});
