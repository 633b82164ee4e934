import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

// One sprite of the icons in use: those that a template names in so many words, and those of
// `src/site/icons.json`, which code names at run time. Pages point into it with `<use href>`.

const ROOT = resolve(import.meta.dirname, "..");
const NAMED = /<c-[a-z-]+\b[^>]*?>/gs;
const ATTRIBUTE = /\s(?:icon|icon_end)="([a-z0-9-]+)"/g;
const ICON_NAME = /<c-icon\b[^>]*?\sname="([a-z0-9-]+)"/gs;
const SKIPPED = new Set(["node_modules", "frontend", "var", "docs"]);

function* templatesIn(folder: string, inside = false): Generator<string> {
  for (const entry of readdirSync(folder)) {
    if (entry.startsWith(".") || SKIPPED.has(entry)) continue;
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) yield* templatesIn(path, inside || entry === "templates");
    else if (inside && entry.endsWith(".html")) yield path;
  }
}

/** The icons that a template's text names. */
export function iconsNamedIn(text: string): string[] {
  const tags = text.match(NAMED) ?? [];
  const attributes = tags.flatMap((tag) => [...tag.matchAll(ATTRIBUTE)]);
  return [...attributes, ...text.matchAll(ICON_NAME)].map((match) => match[1] ?? "");
}

/** One sprite with a `<symbol>` for each icon; fails where there is no such icon. */
export function spriteOf(names: Iterable<string>, read: (name: string) => string): string {
  const symbols = [...new Set(names)].sort().map((name) => {
    const drawn = read(name).match(/<svg[^>]*>(.*)<\/svg>/s)?.[1] ?? "";
    return `<symbol id="${name}" viewBox="0 0 24 24">${drawn.replace(/\s+/g, " ").trim()}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

/** Emits the sprite as `src/site/icons.svg` of the manifest. */
export function iconSprite(): Plugin {
  const named = join(import.meta.dirname, "src/site/icons.json");
  const read = (name: string) =>
    readFileSync(join(import.meta.dirname, `node_modules/lucide-static/icons/${name}.svg`), "utf8");
  return {
    name: "icon-sprite",
    generateBundle() {
      const extra = JSON.parse(readFileSync(named, "utf8")) as string[];
      const found = [...templatesIn(ROOT)].flatMap((path) =>
        iconsNamedIn(readFileSync(path, "utf8")),
      );
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        originalFileName: "src/site/icons.svg",
        source: spriteOf([...extra, ...found], read),
      });
    },
  };
}
