import type { Part } from "./part";

let made = 0;

function show(tabs: HTMLElement[], panels: HTMLElement[], chosen: number): void {
  tabs.forEach((tab, at) => {
    tab.setAttribute("aria-selected", String(at === chosen));
    tab.tabIndex = at === chosen ? 0 : -1;
  });
  panels.forEach((panel, at) => {
    panel.hidden = at !== chosen;
  });
}

const STEPS: Record<string, (at: number, count: number) => number> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at - 1 + count) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

function makeTab(panel: HTMLElement): HTMLElement {
  made += 1;
  panel.id ||= `tab-panel-${made}`;
  const tab = document.createElement("button");
  tab.type = "button";
  tab.className = "tab";
  tab.id = `tab-${made}`;
  tab.textContent = panel.dataset.tab ?? "";
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  return tab;
}

/** Turns sections with `data-tab="Title"` into tabs; one with an id can be linked to by `#id`. */
export function tabs() {
  return {
    init(this: Part) {
      const list = this.$refs.list;
      const holder = this.$refs.panels;
      if (!list || !holder) return;
      const panels = [...holder.querySelectorAll<HTMLElement>(":scope > [data-tab]")];
      const linked = panels.findIndex((panel) => panel.id && location.hash === `#${panel.id}`);
      const own = new Set(panels.filter((panel) => panel.id));
      const made = panels.map(makeTab);
      const choose = (at: number): void => {
        show(made, panels, at);
        const panel = panels[at];
        if (panel && own.has(panel)) history.replaceState(history.state, "", `#${panel.id}`);
      };
      made.forEach((tab, at) => {
        tab.addEventListener("click", () => choose(at));
        tab.addEventListener("keydown", (event) => {
          const next = STEPS[event.key]?.(at, made.length);
          if (next === undefined) return;
          event.preventDefault();
          choose(next);
          made[next]?.focus();
        });
      });
      list.append(...made);
      show(made, panels, Math.max(0, linked));
      holder.dataset.ready = "";
    },
  };
}
