import { announce } from "../announce";
import { toast } from "../toast";
import { boundTo, type Part } from "./part";

const SAID_MS = 2000;

interface CopyPart extends Part {
  word: string;
}

/** The text that a copy button means: its own `data-copy`, else what is seen of the source. */
export function textToCopy(button: HTMLElement, source: HTMLElement | undefined): string {
  if (button.dataset.copy !== undefined) return button.dataset.copy;
  if (source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement)
    return source.value;
  const panel = source?.querySelector('[role="tabpanel"]:not([hidden])');
  return (panel ?? source)?.textContent ?? "";
}

/** Copies and says so, to eyes and to screen readers. */
export function copy() {
  return {
    word: "Copy",
    async copy(this: CopyPart, event: Event) {
      const text = textToCopy(boundTo(event), this.$refs.source);
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        toast({ text: "The browser does not let this page copy. Select the text.", tone: "warn" });
        return;
      }
      this.word = "Copied";
      announce("Copied");
      setTimeout(() => {
        this.word = "Copy";
      }, SAID_MS);
    },
  };
}
