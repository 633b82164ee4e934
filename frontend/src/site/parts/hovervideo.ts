import type { Part } from "./part";

function wantsStillness(): boolean {
  const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
  return saving === true || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A silent video that plays while its card is pointed at or focused, and never by itself. */
export function hovervideo() {
  return {
    init(this: Part) {
      const video = this.$refs.video;
      if (!(video instanceof HTMLVideoElement) || wantsStillness()) return;
      const area = this.$el.closest<HTMLElement>(".card") ?? this.$el;
      const play = () => void video.play().catch(() => undefined); // left again before it began
      const stop = () => {
        video.pause();
        video.currentTime = 0;
      };
      area.addEventListener("mouseenter", play);
      area.addEventListener("focusin", play);
      area.addEventListener("mouseleave", stop);
      area.addEventListener("focusout", stop);
    },
  };
}
