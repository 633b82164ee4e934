import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { t } from "../messages";

interface LightboxProps {
  url: string;
  title: string;
  onClose: () => void;
}

/** One picture, as large as the window. */
export function Lightbox({ url, title, onClose }: LightboxProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal?.();
    return () => dialog?.close?.();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape and the button close it
    <dialog
      ref={ref}
      className="lightbox"
      aria-label={title}
      onCancel={onClose}
      onClose={onClose}
      onClick={onClose}
    >
      <img src={url} alt={title} />
      <button type="button" className="icon-btn" aria-label={t.close} onClick={onClose}>
        <X className="icon" aria-hidden />
      </button>
    </dialog>
  );
}
