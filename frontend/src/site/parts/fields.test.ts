import { expect, test } from "vitest";
import { mount } from "../testing";
import { compare } from "./compare";
import { describeFiles, dropzone } from "./dropzone";
import { reveal } from "./reveal";

test("the slider moves the seam of a comparison", async () => {
  const frame = await mount(
    "compare",
    compare,
    '<div class="compare" x-data="compare"><input type="range" value="50" x-on:input="move" /></div>',
  );
  const input = frame.querySelector("input") as HTMLInputElement;

  input.value = "20";
  input.dispatchEvent(new Event("input"));

  expect(frame.style.getPropertyValue("--at")).toBe("20%");
});

test("a password is shown and hidden again", async () => {
  const root = await mount(
    "reveal",
    reveal,
    '<div x-data="reveal"><input type="password" /><button x-on:click="toggle">Show</button></div>',
  );
  const [field, button] = [root.querySelector("input"), root.querySelector("button")];

  button?.click();
  expect(field?.type).toBe("text");
  expect(button?.getAttribute("aria-pressed")).toBe("true");
  button?.click();

  expect(field?.type).toBe("password");
});

test("files are told by name and size, several by their number", () => {
  const photo = new File(["x".repeat(1_200_000)], "photo.jpg");

  expect(describeFiles([photo])).toBe("photo.jpg · 1.2 MB");
  expect(describeFiles([new File(["x"], "a.txt")])).toBe("a.txt · 1 kB");
  expect(describeFiles([photo, photo])).toBe("2 files");
  expect(describeFiles([])).toBe("");
});

test("a dropzone shows that a file is above it", async () => {
  const zone = await mount(
    "dropzone",
    dropzone,
    '<div x-data="dropzone"><span x-ref="chosen" hidden></span><input type="file" x-ref="field" x-on:change="show" /></div>',
  );

  zone.dispatchEvent(new Event("dragover", { cancelable: true }));
  expect(zone.hasAttribute("data-over")).toBe(true);
  zone.dispatchEvent(new Event("dragleave"));

  expect(zone.hasAttribute("data-over")).toBe(false);
});
