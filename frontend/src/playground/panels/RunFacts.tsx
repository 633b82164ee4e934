import { between, seconds, timeOfDay } from "../format";
import { t } from "../messages";
import { isSimulated } from "../run/runView";
import type { SessionRun } from "../state/runStore";
import { StatusMark } from "./StatusMark";

/** How a finished run went: state, time, and what it cost beside what was expected. */
export function RunFacts({ run }: { run: SessionRun }) {
  const { view } = run;
  const time = between(view.startedAt, view.finishedAt);
  const isSame = view.credits.charged === view.credits.estimated;
  const facts = [
    timeOfDay(run.at),
    time === null ? "" : t.took(seconds(time)),
    view.credits.charged > 0 ? t.charged(t.credits(view.credits.charged)) : t.notCharged,
    view.credits.estimated > 0 && !isSame ? t.estimated(t.credits(view.credits.estimated)) : "",
  ].filter(Boolean);
  return (
    <div className="pg-facts tabular">
      <span className="cluster">
        <StatusMark state={view.status} />
        {run.mode === "test" || isSimulated(view) ? (
          <span className="badge badge-warn" title={t.simulatedNote}>
            {run.mode === "test" && !isSimulated(view) && view.nodes.length > 0
              ? t.testMode
              : t.simulated}
          </span>
        ) : null}
      </span>
      <span className="hint">{facts.join(" · ")}</span>
    </div>
  );
}
