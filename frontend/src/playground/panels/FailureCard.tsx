import { RotateCcw } from "lucide-react";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { t } from "../messages";
import { nodeTitle } from "../run/runView";
import type { SessionRun } from "../state/runStore";

interface FailureCardProps {
  run: SessionRun;
  onRetry: () => void;
}

/** Why a run failed, what became of its credits, and how to go on. */
export function FailureCard({ run, onRetry }: FailureCardProps) {
  const { error, credits } = run.view;
  if (run.view.status === "CANCELLED") {
    return (
      <Alert tone="info" title={t.cancelledTitle}>
        <p>{t.cancelledText}</p>
      </Alert>
    );
  }
  if (error === null) {
    return null;
  }
  const step = nodeTitle(run.view, error.nodeId);
  const cause = t.failures[error.code];
  const given = Math.max(credits.estimated - credits.charged, 0);
  return (
    <Alert tone="err" title={step ? t.failedTitle(step) : t.runFailedTitle}>
      {cause ? <p>{cause}</p> : null}
      <p className={cause ? "muted" : undefined}>{error.message}</p>
      <p className="hint">
        {credits.charged > 0
          ? t.refunded(t.credits(credits.charged), t.credits(given))
          : t.nothingCharged}
      </p>
      {error.retryable || error.code !== "content_policy" ? (
        <Button size="sm" onClick={onRetry} title={t.retryHint}>
          <RotateCcw className="icon icon-sm" aria-hidden />
          {t.retryFromStep}
        </Button>
      ) : null}
    </Alert>
  );
}
