import { Credits } from "../../ui/Credits";
import { between, seconds } from "../format";
import { t } from "../messages";
import type { NodeView } from "../run/runView";
import { type MarkState, StatusMark } from "./StatusMark";

/** The steps that somebody wants to see: not what goes in and what comes out. */
export function visibleSteps(nodes: readonly NodeView[]): NodeView[] {
  const inner = nodes.filter((node) => !node.type.startsWith("input.") && node.type !== "output");
  return inner.length > 0 ? inner : [...nodes];
}

/** Every step of a run: its state, how far it is, how long it took, what it cost. */
export function StepList({ nodes }: { nodes: readonly NodeView[] }) {
  return (
    <ol className="pg-steps">
      {visibleSteps(nodes).map((node) => (
        <Step key={node.nodeId} node={node} />
      ))}
    </ol>
  );
}

function Step({ node }: { node: NodeView }) {
  const isRunning = node.status === "RUNNING";
  const isCached = node.status === "COMPLETED" && node.cached;
  const state: MarkState = isCached ? "CACHED" : node.status;
  const time = between(node.startedAt, node.finishedAt);
  return (
    <li className="pg-step">
      <div className="pg-step-head">
        <span className="pg-step-name">
          {node.label || node.type || node.nodeId}
          {node.label && node.label !== node.type ? (
            <code className="muted">{node.type}</code>
          ) : null}
        </span>
        <span className="cluster">
          {node.simulated ? <span className="badge badge-warn">{t.simulated}</span> : null}
          {node.credits > 0 ? <Credits>{t.credits(node.credits)}</Credits> : null}
          {time !== null && !isCached ? (
            <span className="hint tabular">{seconds(time)}</span>
          ) : null}
          <StatusMark
            state={state}
            detail={isRunning && node.progress > 0 ? t.percent(node.progress) : undefined}
          />
        </span>
      </div>
      {isRunning ? (
        <progress
          className="progress"
          max={1}
          value={node.progress > 0 ? node.progress : undefined}
          aria-label={`${t.progress}: ${node.label || node.type}`}
        />
      ) : null}
      {isRunning && node.preview ? (
        <img className="pg-step-preview" src={node.preview} alt="" />
      ) : null}
      {node.status === "SKIPPED" ? <p className="hint">{t.skippedWhy}</p> : null}
      {node.error ? <p className="error">{node.error.message}</p> : null}
    </li>
  );
}
