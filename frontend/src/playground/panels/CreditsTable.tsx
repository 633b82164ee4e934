import type { NodeCost } from "../contract";
import { t } from "../messages";

interface CreditsTableProps {
  nodes: readonly NodeCost[];
  required: number;
  balance: number | null;
}

/** What each step costs, and how that compares with what is there. */
export function CreditsTable({ nodes, required, balance }: CreditsTableProps) {
  const missing = balance === null ? 0 : Math.max(required - balance, 0);
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.nodeColumn}</th>
            <th scope="col" className="num">
              {t.creditsColumn}
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <tr key={node.nodeId}>
              <th scope="row">
                {node.label || node.type}
                {(node.quantity ?? 1) > 1 ? (
                  <span className="muted"> × {node.quantity}</span>
                ) : null}
                {node.cached ? <span className="muted"> · {t.reused}</span> : null}
              </th>
              <td className="num">{t.number(node.credits)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t.total}</th>
            <td className="num">{t.number(required)}</td>
          </tr>
          {balance === null ? null : (
            <tr>
              <th scope="row">{t.balanceRow}</th>
              <td className="num">{t.number(balance)}</td>
            </tr>
          )}
          {missing > 0 ? (
            <tr>
              <th scope="row">{t.short}</th>
              <td className="num pg-missing">{t.number(missing)}</td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}
