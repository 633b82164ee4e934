import { iconNode } from "../icons";
import type { Part } from "./part";

function open(address: string, alt: string): void {
  const dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  dialog.setAttribute("aria-label", alt || "Picture");
  const image = document.createElement("img");
  image.src = address;
  image.alt = alt;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-btn";
  close.setAttribute("aria-label", "Close");
  close.append(iconNode("x"));
  dialog.append(close, image);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Links with `data-lightbox` inside open their picture large, on this page. */
export function lightbox() {
  return {
    init(this: Part) {
      this.$el.addEventListener("click", (event) => {
        const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-lightbox]");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(link.href, link.querySelector("img")?.alt ?? "");
      });
    },
  };
}
