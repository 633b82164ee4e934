const SEARCHES = 'main input[type="search"][name="q"], #header-q';

function isSeen(element: HTMLElement): boolean {
  return element.offsetParent !== null;
}

/** Where the keyboard goes for a search: the page's own field, the header's, or none. */
export function searchField(): HTMLInputElement | null {
  return [...document.querySelectorAll<HTMLInputElement>(SEARCHES)].find(isSeen) ?? null;
}

/** Ctrl+K (⌘K) leads to the search for templates from anywhere. */
export function setUpShortcuts(go = (path: string) => location.assign(path)): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.key.toLowerCase() !== "k") return;
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const field = searchField();
    if (!field) return go("/templates");
    field.focus();
    field.select();
  });
}
