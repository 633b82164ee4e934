// The link in a mail with a sign-in code: it opens the page that asks for the code, with the code
// behind `#`. There it is filled in and sent; in a browser that asked for none there is no such page.

const CODE = /^#([A-Za-z0-9-]{4,20})$/;

/** Fill in and send the code that the address brings, and take it out of the address. */
export function followCodeLink(page: Document, address: Location, history: History): void {
  const field = page.querySelector<HTMLInputElement>("[data-code-of-link]");
  const code = CODE.exec(address.hash)?.[1];
  if (!field || !code) {
    return;
  }
  history.replaceState(history.state, "", address.pathname + address.search);
  field.value = code;
  field.form?.requestSubmit();
}
