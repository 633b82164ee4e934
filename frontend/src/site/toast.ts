import { iconNode } from "./icons";

export type Tone = "accent" | "ok" | "warn" | "err" | "info";

export interface Toast {
  text: string;
  tone?: Tone;
  /** A next step, shown as a link. */
  action?: { label: string; href: string };
}

const MOST = 3;
const SHOWN_MS = 6000;
const ICONS: Record<Tone, string> = {
  accent: "info",
  ok: "circle-check",
  warn: "triangle-alert",
  err: "circle-x",
  info: "info",
};

/**
 * Shows a toast at the bottom right and returns it. Errors stay until they are closed, others go
 * after six seconds of not being pointed at; never more than three are shown.
 */
export function toast({ text, tone = "accent", action }: Toast): HTMLElement | null {
  const shelf = document.getElementById("toasts");
  if (!shelf) return null;
  const shown = build(text, tone, action);
  shelf.append(shown);
  while (shelf.children.length > MOST) (oldestOf(shelf) ?? shelf.firstElementChild)?.remove();
  if (tone !== "err") leaveInTime(shown);
  return shown;
}

/** Errors wait to be read: others make room first. */
function oldestOf(shelf: HTMLElement): Element | null {
  return shelf.querySelector('.toast:not([role="alert"])');
}

function build(text: string, tone: Tone, action: Toast["action"]): HTMLElement {
  const shown = document.createElement("div");
  shown.className = `toast toast-${tone}`;
  shown.setAttribute("role", tone === "err" ? "alert" : "status");
  const words = document.createElement("div");
  words.append(text);
  if (action) {
    const link = document.createElement("a");
    link.className = "link block";
    link.href = action.href;
    link.textContent = action.label;
    words.append(link);
  }
  shown.append(iconNode(ICONS[tone]), words, closer(shown));
  return shown;
}

function closer(shown: HTMLElement): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-btn";
  button.setAttribute("aria-label", "Close");
  button.append(iconNode("x"));
  button.addEventListener("click", () => shown.remove());
  return button;
}

function leaveInTime(shown: HTMLElement): void {
  let timer = setTimeout(() => shown.remove(), SHOWN_MS);
  const wait = () => clearTimeout(timer);
  const goOn = () => {
    clearTimeout(timer);
    timer = setTimeout(() => shown.remove(), SHOWN_MS);
  };
  shown.addEventListener("mouseenter", wait);
  shown.addEventListener("focusin", wait);
  shown.addEventListener("mouseleave", goOn);
  shown.addEventListener("focusout", goOn);
}

const TONES: Record<string, Tone> = { error: "err", warning: "warn", success: "ok" };

/** Shows the server's messages of this page as toasts; without JavaScript they stay on the page. */
export function showNotices(): void {
  for (const notice of document.querySelectorAll<HTMLElement>("#notices > li")) {
    const tone = TONES[notice.dataset.level ?? ""] ?? "accent";
    toast({ text: notice.textContent?.trim() ?? "", tone });
  }
  document.getElementById("notices")?.remove();
}

/** Shows toasts that the server asks for by `HX-Trigger: {"toast": {"text": …, "tone": …}}`. */
export function listenForToasts(): void {
  document.addEventListener("toast", (event) => {
    const { detail } = event as CustomEvent<Toast & { value?: string }>;
    toast({ ...detail, text: detail.text ?? detail.value ?? "" });
  });
}
