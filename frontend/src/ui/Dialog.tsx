import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./IconButton";

interface DialogProps {
  title: string;
  closeLabel: string;
  onClose: () => void;
  isWide?: boolean;
  children: ReactNode;
  foot?: ReactNode;
}

/** A modal dialog: the native one keeps focus, closes on Escape and gives focus back. */
export function Dialog({ title, closeLabel, onClose, isWide, children, foot }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal?.();
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => dialog?.close?.();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; a click beside it may as well
    <dialog
      ref={ref}
      className={`dialog ${isWide ? "dialog-wide" : ""}`}
      aria-labelledby={titleId}
      onCancel={onClose}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <IconButton label={closeLabel} tipAt="end" onClick={onClose}>
          <X className="icon" aria-hidden />
        </IconButton>
      </div>
      <div className="dialog-body">{children}</div>
      {foot ? <div className="dialog-foot">{foot}</div> : null}
    </dialog>
  );
}
