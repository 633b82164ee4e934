import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { CopyButton } from "../CopyButton";
import { t } from "../messages";

interface ShareDialogProps {
  url: string | null;
  onStop: () => void;
  onClose: () => void;
}

/** The link to a result, and the way to end it. */
export function ShareDialog({ url, onStop, onClose }: ShareDialogProps) {
  return (
    <Dialog
      title={t.shareTitle}
      closeLabel={t.close}
      onClose={onClose}
      foot={
        url ? (
          <Button variant="ghost" onClick={onStop}>
            {t.stopSharing}
          </Button>
        ) : null
      }
    >
      <p className="pg-lead">{t.shareText}</p>
      {url ? (
        <div className="pg-joined">
          <input
            className="input font-mono"
            readOnly
            value={url}
            aria-label={t.shareTitle}
            onFocus={(event) => event.target.select()}
          />
          <CopyButton text={url} said={t.linkCopied} />
        </div>
      ) : (
        <p className="muted" role="status">
          {t.shareBusy}
        </p>
      )}
    </Dialog>
  );
}
