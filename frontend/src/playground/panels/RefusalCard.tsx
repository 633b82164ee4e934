import { useEffect, useRef } from "react";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { t } from "../messages";
import type { Refusal } from "../run/refusals";
import { CreditsTable } from "./CreditsTable";
import { RateCard } from "./RateCard";

interface RefusalCardProps {
  refusal: Exclude<Refusal, { kind: "inputs" }>;
  billingUrl: string | null;
  signInUrl: string;
  onRetry: () => void;
  onTestMode: () => void;
}

/** Why a run was not started, and the next step. */
export function RefusalCard(props: RefusalCardProps) {
  const { refusal, billingUrl, signInUrl, onRetry, onTestMode } = props;
  const ref = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another refusal takes the focus anew
  useEffect(() => ref.current?.focus(), [refusal]);
  return (
    <div ref={ref} tabIndex={-1} className="pg-refusal">
      {content()}
    </div>
  );

  function content() {
    switch (refusal.kind) {
      case "credits":
        return (
          <Alert tone="warn" title={refusal.title} role="alert">
            <p>
              {refusal.balance === null
                ? refusal.detail
                : t.notEnoughText(t.credits(refusal.required), t.credits(refusal.balance))}
            </p>
            <CreditsTable
              nodes={refusal.nodes}
              required={refusal.required}
              balance={refusal.balance}
            />
            <div className="cluster">
              {billingUrl ? (
                <a className="btn btn-primary btn-sm" href={billingUrl}>
                  {t.topUp}
                </a>
              ) : null}
              <Button size="sm" onClick={onTestMode}>
                {t.runInTest}
              </Button>
            </div>
          </Alert>
        );
      case "rate":
        return <RateCard refusal={refusal} onRetry={onRetry} />;
      case "signedOut":
        return (
          <Alert tone="warn" title={t.signedOutTitle} role="alert">
            <p>{t.signedOutText}</p>
            <a className="btn btn-primary btn-sm" href={signInUrl}>
              {t.signIn}
            </a>
          </Alert>
        );
      case "unavailable":
        return (
          <Alert tone="warn" title={t.refusedTitle} role="alert">
            <ul>
              {refusal.items.map((item) => (
                <li key={item.path ?? item.message}>{item.message}</li>
              ))}
            </ul>
            <Button size="sm" onClick={onTestMode}>
              {t.runInTest}
            </Button>
          </Alert>
        );
      case "other":
        return (
          <Alert tone="err" title={refusal.title} role="alert">
            <p>{refusal.detail}</p>
            {refusal.canRetry ? (
              <Button size="sm" onClick={onRetry}>
                {t.tryAgain}
              </Button>
            ) : null}
          </Alert>
        );
    }
  }
}
