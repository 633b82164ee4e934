import type { Part } from "./part";

const KEY = "pf-sidebar";

function setOpen(panel: HTMLElement | undefined, isOpen: boolean): void {
  if (!panel) return;
  panel.toggleAttribute("data-open", isOpen);
  const main = document.getElementById("main");
  if (main) main.inert = isOpen;
}

/** The sidebar: a drawer on small screens, and on wide ones it folds to its icons. */
export function drawer() {
  return {
    open(this: Part, event: Event) {
      event.preventDefault();
      setOpen(this.$refs.panel, true);
      this.$refs.panel?.querySelector<HTMLElement>('[aria-label="Close the menu"]')?.focus();
    },
    close(this: Part, event: Event) {
      if (!this.$refs.panel?.hasAttribute("data-open")) return;
      event.preventDefault();
      setOpen(this.$refs.panel, false);
      document.querySelector<HTMLElement>('[aria-label="Open the menu"]')?.focus();
    },
    fold() {
      const { dataset } = document.documentElement;
      const isFolded = dataset.sidebar !== "collapsed";
      if (isFolded) dataset.sidebar = "collapsed";
      else delete dataset.sidebar;
      try {
        localStorage.setItem(KEY, isFolded ? "collapsed" : "open");
      } catch {
        // Then the next page has it open again.
      }
    },
  };
}
