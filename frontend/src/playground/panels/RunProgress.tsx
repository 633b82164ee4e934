import { seconds } from "../format";
import { t } from "../messages";
import { hasEnded, type RunView, secondsLeft } from "../run/runView";
import { StatusMark } from "./StatusMark";
import { visibleSteps } from "./StepList";

interface RunProgressProps {
  view: RunView;
  now: number;
  typical: number | null;
}

/** A run under way: how far, what is being done, how long yet, what it cost so far. */
export function RunProgress({ view, now, typical }: RunProgressProps) {
  const steps = visibleSteps(view.nodes);
  const done = steps.filter((node) => hasEnded(node.status)).length;
  const left = secondsLeft(view, now, typical);
  const preview = steps.filter((node) => node.status === "RUNNING" && node.preview !== null).at(-1);
  const facts = [
    steps.length > 0 ? t.steps(done, steps.length) : "",
    left === null ? "" : t.eta(seconds(left)),
    view.credits.estimated > 0
      ? t.spent(t.number(view.credits.charged), t.credits(view.credits.estimated))
      : "",
  ].filter(Boolean);
  const isWaiting = view.status === "QUEUED";
  return (
    <div className="pg-progress">
      <div className="media-frame pg-working">
        {preview ? (
          <img src={preview.preview ?? ""} alt="" />
        ) : (
          <ol className="pg-working-steps">
            {steps.slice(0, 8).map((node) => (
              <li key={node.nodeId} data-state={node.status}>
                <StatusMark state={node.status} isIconOnly />
                <span>{node.label || node.type}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
      <progress
        className="progress"
        max={1}
        value={isWaiting ? undefined : view.progress}
        aria-label={t.progress}
      />
      <div className="pg-facts tabular">
        <StatusMark
          state={view.status}
          detail={isWaiting ? t.waiting : view.progress > 0 ? t.percent(view.progress) : undefined}
        />
        <span className="hint">{facts.join(" · ")}</span>
      </div>
    </div>
  );
}
