import { boundTo, type Part } from "./part";

function place(frame: HTMLElement, percent: number): void {
  frame.style.setProperty("--at", `${Math.min(100, Math.max(0, percent))}%`);
}

/** Before and after: by a slider, or in a card (which is a link) by the pointer over it. */
export function compare() {
  return {
    init(this: Part) {
      const frame = this.$el;
      const card = frame.closest<HTMLElement>(".card");
      if (frame.querySelector('input[type="range"]') || !card) return;
      card.addEventListener("pointermove", (event) => {
        const { left, width } = frame.getBoundingClientRect();
        if (width > 0) place(frame, (100 * (event.clientX - left)) / width);
      });
      card.addEventListener("pointerleave", () => place(frame, 50));
    },
    move(this: Part, event: Event) {
      const input = boundTo(event) as HTMLInputElement;
      const frame = input.closest<HTMLElement>(".compare");
      if (frame) place(frame, input.valueAsNumber);
    },
  };
}
