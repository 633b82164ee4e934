/** Tells screen readers something that is otherwise only seen. */
export function announce(text: string): void {
  const region = document.getElementById("announcer");
  if (!region) return;
  region.textContent = "";
  // A region that says the same thing twice is heard once: it has to be empty in between.
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}
