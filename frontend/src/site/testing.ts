import Alpine from "@alpinejs/csp";

let isStarted = false;

/** Puts a component's markup on the page, alive; for tests. */
export async function mount(name: string, part: () => object, html: string): Promise<HTMLElement> {
  Alpine.data(name, part);
  document.body.innerHTML = html;
  if (!isStarted) Alpine.start();
  isStarted = true;
  await new Promise((resolve) => setTimeout(resolve, 0));
  return document.body.firstElementChild as HTMLElement;
}
