import { csrfToken } from "../csrf";
import { boundTo, type Part } from "./part";

export type Choice = "system" | "light" | "dark";

const KEY = "pf-theme";
const CHANGED = "pf:theme";
const COLOURS = { light: "#f9fafc", dark: "#11141a" };

function isForced(value: string | undefined): value is "light" | "dark" {
  return value === "light" || value === "dark";
}

/** The choice in force: `<html data-theme>`, or the system where that is absent. */
export function currentTheme(): Choice {
  const { theme } = document.documentElement.dataset;
  return isForced(theme) ? theme : "system";
}

/** Shows a theme at once and keeps it: in this browser, and for the account if signed in. */
export function applyTheme(choice: Choice): void {
  const root = document.documentElement;
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // A browser that keeps nothing still shows the theme on this page.
  }
  colourBrowser();
  if ("signedIn" in root.dataset) keepForAccount(choice);
  window.dispatchEvent(new CustomEvent(CHANGED));
}

/** Colours the browser's own frame like the page. */
export function colourBrowser(): void {
  const choice = currentTheme();
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.media.includes("dark") ? "dark" : "light";
    meta.content = COLOURS[choice === "system" ? own : choice];
  }
}

function keepForAccount(theme: Choice): void {
  void fetch("/settings/appearance", {
    method: "POST",
    body: new URLSearchParams({ theme }),
    headers: { "X-CSRFToken": csrfToken() },
    redirect: "manual",
    keepalive: true,
  }).catch(() => undefined); // kept in this browser all the same
}

/** The three buttons System, Light, Dark. */
export function theme() {
  return {
    init(this: Part) {
      const buttons = this.$el.querySelectorAll<HTMLElement>("[data-theme-choice]");
      const mark = () => {
        for (const button of buttons) {
          const isOn = button.dataset.themeChoice === currentTheme();
          button.setAttribute("aria-pressed", String(isOn));
        }
      };
      window.addEventListener(CHANGED, mark);
      mark();
    },
    choose(event: Event) {
      applyTheme(boundTo(event).dataset.themeChoice as Choice);
    },
  };
}
