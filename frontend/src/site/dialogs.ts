/** Browsers without invoker commands open and close dialogs by this. */
export function setUpDialogs(): void {
  if ("commandForElement" in HTMLButtonElement.prototype) return;
  document.addEventListener("click", (event) => {
    const from = (event.target as Element).closest<HTMLElement>("button[commandfor]");
    const dialog = document.getElementById(from?.getAttribute("commandfor") ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (from?.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}
