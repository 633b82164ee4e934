import { beforeEach, expect, test } from "vitest";
import { mount } from "../testing";
import { appearance } from "./appearance";

const root = document.documentElement;
const FORM = `<form x-data="appearance">
  <input type="radio" name="theme" value="system" checked x-on:change="choose">
  <input type="radio" name="theme" value="dark" x-on:change="choose">
</form>`;

beforeEach(() => {
  localStorage.clear();
  delete root.dataset.theme;
  delete root.dataset.signedIn;
});

test("the account's choice replaces the one that the browser kept", async () => {
  root.dataset.theme = "dark";
  localStorage.setItem("pf-theme", "dark");

  await mount("appearance", appearance, FORM);

  expect(root.dataset.theme).toBeUndefined();
  expect(localStorage.getItem("pf-theme")).toBe("system");
});

test("another choice shows at once", async () => {
  const form = await mount("appearance", appearance, FORM);

  form.querySelector<HTMLInputElement>("[value=dark]")?.click();

  expect(root.dataset.theme).toBe("dark");
});
