// Fails when a page's scripts, styles or fonts grow beyond what they may weigh (kB, gzip).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = join(import.meta.dirname, "dist");
const manifest = JSON.parse(readFileSync(join(DIST, "manifest.json"), "utf8"));

/** A chunk with all that it imports at once; what it imports later is not on the page at first. */
function chunksOf(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key);
    for (const other of manifest[key].imports ?? []) chunksOf(other, seen);
  }
  return seen;
}

function scriptsOf(entry) {
  return [...chunksOf(entry)].map((key) => manifest[key].file);
}

function stylesOf(entry) {
  return [...chunksOf(entry)].flatMap((key) => manifest[key].css ?? []);
}

// Western text takes these two; the other ranges are fetched only where a page has such letters.
const FONTS = Object.values(manifest)
  .map((item) => item.file)
  .filter((file) => /-latin-wght-.*\.woff2$/.test(file));

const gzipped = (file) => gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length;
const asTheyAre = (file) => readFileSync(join(DIST, file)).length;

const site = "src/site/main.ts";
const playground = "src/playground/main.tsx";
const budgets = [
  ["public pages' scripts", 48, scriptsOf(site), gzipped],
  ["public pages' styles", 30, stylesOf(site), gzipped],
  ["fonts", 60, FONTS, asTheyAre],
  ["icons", 10, [manifest["src/site/icons.svg"].file], gzipped],
  ["playground, at first", 150, scriptsOf(playground), gzipped],
];

let isOver = false;
for (const [name, limit, files, weigh] of budgets) {
  const weight = files.reduce((sum, file) => sum + weigh(file), 0) / 1000;
  const verdict = weight <= limit ? "ok" : "OVER";
  isOver ||= weight > limit;
  console.log(`${name.padEnd(24)} ${weight.toFixed(1).padStart(6)} of ${limit} kB  ${verdict}`);
}
process.exit(isOver ? 1 : 0);
