import { AudioLines, FileText, Film } from "lucide-react";
import type { Example, Json, MediaValue } from "../contract";
import { timeOfDay } from "../format";
import { t } from "../messages";
import { isShowable } from "../state/formTools";
import type { SessionRun } from "../state/runStore";
import { isMediaValue } from "../values";
import { StatusMark } from "./StatusMark";

interface HistoryStripProps {
  runs: readonly SessionRun[];
  examples: readonly Example[];
  selected: string;
  onRun: (run: SessionRun) => void;
  onExample: (index: number) => void;
}

/** Runs and examples as a contact sheet: choosing one shows it, with its inputs in the form. */
export function HistoryStrip({ runs, examples, selected, onRun, onExample }: HistoryStripProps) {
  if (runs.length + examples.length < 2) {
    return null;
  }
  return (
    <nav className="pg-history" aria-label={t.history}>
      <p className="hint">{t.historyHint}</p>
      <ul className="contact-sheet">
        {runs.map((run, index) => (
          <li key={run.id}>
            <button
              type="button"
              className="pg-frame-button"
              aria-current={selected === run.id}
              onClick={() => onRun(run)}
            >
              <span className="sr-only">
                {t.historyEntry(
                  runs.length - index,
                  t.states[run.view.status] ?? "",
                  timeOfDay(run.at),
                )}
              </span>
              <Thumb outputs={run.view.outputs} />
              <span aria-hidden className="pg-thumb-state">
                <StatusMark state={run.view.status} isIconOnly />
              </span>
            </button>
          </li>
        ))}
        {examples.map((example, index) => (
          <li key={example.title}>
            <button
              type="button"
              className="pg-frame-button"
              aria-current={selected === `example-${index}`}
              onClick={() => onExample(index)}
            >
              <span className="sr-only">{t.exampleEntry(example.title)}</span>
              <Thumb outputs={example.outputs} />
              <span className="badge" aria-hidden>
                {t.example}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Thumb({ outputs }: { outputs: Record<string, Json> }) {
  const values = Object.values(outputs).flat() as Json[];
  const media = values.find((value) => isMediaValue(value) && isPicture(value));
  if (isMediaValue(media) && isShowable(media.url)) {
    return <img src={media.url} alt="" loading="lazy" />;
  }
  const other = values.find(isMediaValue);
  const Icon = other?.kind === "video" ? Film : other?.kind === "audio" ? AudioLines : FileText;
  const text = values.find((value) => typeof value === "string");
  return typeof text === "string" ? (
    <span className="pg-thumb-text" aria-hidden>
      {text.slice(0, 80)}
    </span>
  ) : (
    <Icon className="icon muted" aria-hidden />
  );
}

function isPicture(value: MediaValue): boolean {
  return value.kind === "image" || value.kind === "mask";
}
