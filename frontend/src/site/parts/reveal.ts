import { changeIcon } from "../icons";
import { boundTo } from "./part";

/** Shows and hides what is typed into a password field. */
export function reveal() {
  return {
    toggle(event: Event) {
      const button = boundTo(event);
      const field = button.parentElement?.querySelector("input");
      if (!field) return;
      const isShown = field.type === "text";
      field.type = isShown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!isShown));
      changeIcon(button, isShown ? "eye" : "eye-off");
      field.focus();
    },
  };
}
