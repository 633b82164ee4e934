import "vite/modulepreload-polyfill";
import "./playground.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import type { Boot } from "./contract";
import { Playground } from "./Playground";

const root = document.getElementById("playground-root");
const boot = document.getElementById("boot")?.textContent;
if (root && boot) {
  createRoot(root).render(
    <StrictMode>
      <Playground boot={JSON.parse(boot) as Boot} />
    </StrictMode>,
  );
}
