import { timeOfDay } from "../format";
import { t } from "../messages";
import { type LogLine, nodeTitle, type RunView } from "../run/runView";
import { StatusMark } from "./StatusMark";

/** What happened, line by line, save that inputs were there. */
export function LogList({ view }: { view: RunView }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <ol className="pg-log" tabIndex={0} aria-label={t.tabs.logs}>
      {linesOf(view).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
        <li key={index}>
          <time className="muted tabular">{line.at > 0 ? timeOfDay(line.at) : ""}</time>
          <StatusMark state={line.what} />
          <span>
            {line.nodeId === null ? <strong>{t.run}</strong> : nodeTitle(view, line.nodeId)}
            {line.detail ? `: ${line.detail}` : ""}
          </span>
        </li>
      ))}
    </ol>
  );
}

function linesOf(view: RunView): readonly LogLine[] {
  const inputs = new Set(
    view.nodes.filter((node) => node.type.startsWith("input.")).map((node) => node.nodeId),
  );
  return view.log.filter((line) => line.nodeId === null || !inputs.has(line.nodeId));
}
