import type { Part } from "./part";

function itemsOf(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>(".menu-item, .menu-panel :is(a, button)")];
}

function step(menu: HTMLElement, by: number): void {
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
}

/** A `<details>` that behaves like a menu: Escape, arrows, a click elsewhere, leaving by Tab. */
export function menu() {
  return {
    init(this: Part) {
      const root = this.$el as HTMLDetailsElement;
      const close = (): void => {
        root.open = false;
      };
      document.addEventListener("click", (event) => {
        if (!root.contains(event.target as Node)) close();
      });
      root.addEventListener("focusout", (event) => {
        const next = event.relatedTarget as Node | null;
        if (next && !root.contains(next)) close();
      });
      root.addEventListener("keydown", (event) => {
        if (!root.open) return;
        if (event.key === "Escape") {
          close();
          root.querySelector<HTMLElement>("summary")?.focus();
        } else if (event.key === "ArrowDown") step(root, 1);
        else if (event.key === "ArrowUp") step(root, -1);
        else return;
        event.preventDefault();
      });
    },
  };
}
