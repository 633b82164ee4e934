import { announce } from "../announce";
import type { Part } from "./part";

/** What is said of the chosen files: `photo.jpg · 1.2 MB`, or how many. */
export function describeFiles(files: ArrayLike<File>): string {
  const [first] = Array.from(files);
  if (!first) return "";
  if (files.length > 1) return `${files.length} files`;
  const size =
    first.size >= 1_000_000
      ? `${(first.size / 1_000_000).toFixed(1)} MB`
      : `${Math.max(1, Math.round(first.size / 1000))} kB`;
  return `${first.name} · ${size}`;
}

interface Dropzone extends Part {
  show(): void;
}

/** A file field that files can be dropped or pasted onto. */
export function dropzone() {
  return {
    init(this: Dropzone) {
      const zone = this.$el;
      const field = this.$refs.field as HTMLInputElement;
      const take = (files: FileList | undefined): void => {
        if (!files?.length) return;
        field.files = files;
        field.dispatchEvent(new Event("change", { bubbles: true }));
      };
      const over = (isOver: boolean) => zone.toggleAttribute("data-over", isOver);
      zone.addEventListener("dragover", (event) => {
        event.preventDefault();
        over(true);
      });
      zone.addEventListener("dragleave", () => over(false));
      zone.addEventListener("drop", (event) => {
        event.preventDefault();
        over(false);
        take(event.dataTransfer?.files);
      });
      zone.addEventListener("paste", (event) => take(event.clipboardData?.files));
    },
    show(this: Dropzone) {
      const chosen = this.$refs.chosen;
      const { files } = this.$refs.field as HTMLInputElement;
      if (!chosen || !files) return;
      chosen.textContent = describeFiles(files);
      chosen.hidden = files.length === 0;
      if (files.length) announce(`Chosen: ${chosen.textContent}`);
    },
  };
}
