import { useEffect, useRef, useState } from "react";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { t } from "../messages";
import type { Refusal } from "../run/refusals";
import { useNow } from "../state/useNow";

interface RateCardProps {
  refusal: Extract<Refusal, { kind: "rate" }>;
  onRetry: () => void;
}

/** Longer than this nobody waits with the page open: a day's limit has no automatic retry. */
const LONGEST_WAIT_S = 600;

/** Counts down until there is room again, and runs by itself when asked to. */
export function RateCard({ refusal, onRetry }: RateCardProps) {
  const [opensAt] = useState(() => Date.now() + refusal.retryAfter * 1000);
  const [isPlanned, setPlanned] = useState(false);
  const now = useNow(true);
  const left = Math.max(Math.ceil((opensAt - now) / 1000), 0);
  const retry = useRef(onRetry);
  retry.current = onRetry;
  useEffect(() => {
    if (isPlanned && left === 0) {
      retry.current();
    }
  }, [isPlanned, left]);
  return (
    <Alert tone="warn" title={refusal.title} role="alert">
      <p>{refusal.detail}</p>
      <p className="tabular" aria-hidden={left > 0}>
        {left > 0 ? t.limitText(left) : t.limitOpen}
      </p>
      {left === 0 ? (
        <Button size="sm" variant="primary" onClick={onRetry}>
          {t.tryAgain}
        </Button>
      ) : refusal.retryAfter <= LONGEST_WAIT_S ? (
        <Button size="sm" aria-pressed={isPlanned} onClick={() => setPlanned(!isPlanned)}>
          {isPlanned ? t.retryIsPlanned : t.retryWhenOpen}
        </Button>
      ) : null}
    </Alert>
  );
}
