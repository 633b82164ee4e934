/// <reference types="vitest/config" />
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressed } from "./compressed.ts";
import { iconSprite } from "./icons.ts";

// Django serves what is built here from /static/dist/; `django-vite` reads the manifest.
export default defineConfig({
  base: "/static/dist/",
  plugins: [react(), tailwindcss(), iconSprite(), compressed()],
  build: {
    outDir: "dist",
    emptyOutDir: false, // a server that still runs goes on giving out the build that it started with
    manifest: "manifest.json",
    target: "es2022",
    assetsInlineLimit: 0, // a strict policy takes no data: URLs in styles and fonts
    rollupOptions: {
      input: {
        site: "src/site/main.ts",
        playground: "src/playground/main.tsx",
      },
    },
  },
  server: { origin: "http://127.0.0.1:5173", strictPort: true },
  test: { environment: "jsdom", include: ["*.test.ts", "src/**/*.test.{ts,tsx}"] },
});
