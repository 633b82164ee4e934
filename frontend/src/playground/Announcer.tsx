import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { createPortal } from "react-dom";
import { Button } from "../ui/Button";
import { IconButton } from "../ui/IconButton";
import { t } from "./messages";
import { useFeedback } from "./state/feedback";

const ICONS = { ok: CircleCheck, err: CircleAlert, info: Info };

/** The live regions, and toasts where the page has its own. */
export function Announcer() {
  const { polite, urgent, toasts, dismiss } = useFeedback();
  const place = document.getElementById("toasts");
  const shown = toasts.map((toast) => {
    const Icon = ICONS[toast.tone];
    return (
      <div key={toast.id} className={`toast toast-${toast.tone}`}>
        <Icon className="icon" aria-hidden />
        <div>{toast.text}</div>
        {toast.action ? (
          <Button
            size="sm"
            variant="ghost"
            onClick={() => {
              toast.action?.run();
              dismiss(toast.id);
            }}
          >
            {toast.action.label}
          </Button>
        ) : null}
        <IconButton
          label={t.close}
          className="btn-sm"
          tipAt="top"
          onClick={() => dismiss(toast.id)}
        >
          <X className="icon icon-sm" aria-hidden />
        </IconButton>
      </div>
    );
  });
  return (
    <>
      <div className="sr-only" role="status" aria-live="polite">
        {polite}
      </div>
      <div className="sr-only" role="alert" aria-live="assertive">
        {urgent}
      </div>
      {createPortal(place ? shown : <div className="toasts">{shown}</div>, place ?? document.body)}
    </>
  );
}
