const SVG = "http://www.w3.org/2000/svg";

/** The address of the sprite, as the page's own icons have it. */
function spriteAddress(): string {
  const href = document.querySelector(".icon use")?.getAttribute("href") ?? "";
  return href.split("#")[0] ?? "";
}

/** An icon of the sprite, hidden from screen readers; what it means must be said beside it. */
export function iconNode(name: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${spriteAddress()}#${name}`);
  svg.append(use);
  return svg;
}

/** Shows another icon in an icon's place. */
export function changeIcon(within: Element, name: string): void {
  within.querySelector("use")?.setAttribute("href", `${spriteAddress()}#${name}`);
}
