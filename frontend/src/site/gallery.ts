const TYPING_PAUSE_MS = 300;

function isStaged(control: Element): boolean {
  const drawer = control.closest("[popover]");
  return drawer?.matches(":popover-open") === true;
}

/**
 * Lets the gallery's form follow its controls: at once, save in the open drawer of small windows,
 * where choices wait for "Apply filters". Without scripts the form has buttons for the same.
 */
export function setUpGallery(root: Document): void {
  const form = root.querySelector<HTMLFormElement>("#gallery-form");
  if (!form) return;
  const current = () => root.querySelector<HTMLFormElement>("#gallery-form");
  let pause: ReturnType<typeof setTimeout> | undefined;
  root.addEventListener("change", (event) => {
    const control = event.target;
    if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement)) return;
    if (control.form?.id !== "gallery-form" || "search" in control.dataset) return;
    if (!isStaged(control)) current()?.requestSubmit();
  });
  root.addEventListener("input", (event) => {
    const control = event.target;
    if (!(control instanceof HTMLInputElement) || !("search" in control.dataset)) return;
    clearTimeout(pause);
    pause = setTimeout(() => current()?.requestSubmit(), TYPING_PAUSE_MS);
  });
  root.addEventListener("submit", (event) => {
    clearTimeout(pause);
    if ((event.target as Element).id !== "gallery-form") return;
    const drawer = root.querySelector<HTMLElement>("#filters");
    if (drawer?.matches(":popover-open")) drawer.hidePopover();
  });
}
