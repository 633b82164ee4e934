import { boundTo, type Part } from "./part";
import { applyTheme, type Choice, currentTheme } from "./theme";

/** The form of the appearance page: a choice shows at once; the button is for those without scripts. */
export function appearance() {
  return {
    /** What the account says stands above what this browser kept from before. */
    init(this: Part) {
      const kept = this.$el.querySelector<HTMLInputElement>("input[name=theme]:checked");
      if (kept && kept.value !== currentTheme()) applyTheme(kept.value as Choice);
    },
    choose(event: Event) {
      applyTheme((boundTo(event) as HTMLInputElement).value as Choice);
    },
  };
}
