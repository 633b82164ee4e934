import { Check } from "lucide-react";
import { Dialog } from "../../ui/Dialog";
import { t } from "../messages";

interface SignUpDialogProps {
  signUpUrl: string;
  signInUrl: string;
  /** Called right before the page is left, so that the inputs are kept. */
  onLeave: () => void;
  onClose: () => void;
}

/** A visitor wanted to run. */
export function SignUpDialog({ signUpUrl, signInUrl, onLeave, onClose }: SignUpDialogProps) {
  return (
    <Dialog
      title={t.signUpTitle}
      closeLabel={t.close}
      onClose={onClose}
      foot={
        <>
          <a className="btn btn-ghost" href={signInUrl} onClick={onLeave}>
            {t.signIn}
          </a>
          <a data-first className="btn btn-primary" href={signUpUrl} onClick={onLeave}>
            {t.signUp}
          </a>
        </>
      }
    >
      <p>{t.signUpText}</p>
      <ul className="pg-points">
        {t.signUpPoints.map((point) => (
          <li key={point}>
            <Check className="icon icon-sm" aria-hidden />
            {point}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
