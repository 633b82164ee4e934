import { Dialog } from "../../ui/Dialog";
import type { Estimate } from "../contract";
import { t } from "../messages";
import { CreditsTable } from "../panels/CreditsTable";

interface CostDialogProps {
  estimate: Estimate;
  balance: number | null;
  onClose: () => void;
}

/** What a run would cost, step by step; nothing was run. */
export function CostDialog({ estimate, balance, onClose }: CostDialogProps) {
  const nodes = (estimate.nodes ?? []).filter((node) => node.credits > 0 || node.cached);
  return (
    <Dialog title={t.dryRunTitle} closeLabel={t.close} onClose={onClose}>
      <div className="stack">
        <p>{t.dryRunValid}</p>
        {(estimate.unavailable ?? []).map((item) => (
          <p key={item.path ?? item.message} className="error">
            {item.message}
          </p>
        ))}
        <CreditsTable nodes={nodes} required={estimate.maxCredits} balance={balance} />
      </div>
    </Dialog>
  );
}
