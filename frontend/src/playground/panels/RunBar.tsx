import { ChevronDown, Copy, FlaskConical, Play, Receipt, Square } from "lucide-react";
import { type Ref, useId } from "react";
import { Button } from "../../ui/Button";
import { Credits } from "../../ui/Credits";
import { Menu, type MenuEntry } from "../../ui/Menu";
import type { Estimate, Mode } from "../contract";
import { clock } from "../format";
import { t } from "../messages";
import type { SessionRun } from "../state/runStore";

interface RunBarProps {
  estimate: Estimate;
  balance: number | null;
  mode: Mode;
  onMode: (mode: Mode) => void;
  /** A model is not to be had here: test mode is the way on. */
  isUnavailable: boolean;
  onRunInTest: () => void;
  /** What stands in the way; pressing Run says so at the fields. */
  reasons: readonly string[];
  active: SessionRun | null;
  hasRun: boolean;
  isStarting: boolean;
  canVary: boolean;
  now: number;
  onRun: () => void;
  onRunMany: () => void;
  onDryRun: () => void;
  onStop: (run: SessionRun) => void;
  ref: Ref<HTMLButtonElement>;
}

export const MANY = 4;

/** What it costs and the button that does it; it stays in sight. */
export function RunBar(props: RunBarProps) {
  const { mode, active, reasons } = props;
  const reasonsId = useId();
  return (
    <section className="pg-bar" aria-label={t.runRegion}>
      {reasons.length > 0 ? (
        <div className="hint pg-reasons" id={reasonsId}>
          <p>{t.whyNot}:</p>
          <ul>
            {reasons.slice(0, 4).map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
          {props.isUnavailable ? (
            <Button size="sm" onClick={props.onRunInTest}>
              <FlaskConical className="icon icon-sm" aria-hidden />
              {t.runInTest}
            </Button>
          ) : null}
        </div>
      ) : null}
      <div className="pg-bar-line">
        <Cost {...props} />
        <label className="switch pg-test" title={t.testModeHint}>
          <input
            type="checkbox"
            role="switch"
            aria-checked={mode === "test"}
            checked={mode === "test"}
            aria-describedby={`${reasonsId}-test`}
            onChange={(event) => props.onMode(event.target.checked ? "test" : "live")}
          />
          <span>{t.testMode}</span>
          <span className="sr-only" id={`${reasonsId}-test`}>
            {t.testModeHint}
          </span>
        </label>
      </div>
      <div className="pg-bar-line pg-bar-buttons">
        {active ? <StopButton run={active} now={props.now} onStop={props.onStop} /> : null}
        <Button
          ref={props.ref}
          variant={active ? "secondary" : "primary"}
          size="lg"
          className="pg-run"
          isBusy={props.isStarting}
          aria-disabled={reasons.length > 0 || undefined}
          aria-describedby={reasons.length > 0 ? reasonsId : undefined}
          aria-keyshortcuts="Control+Enter"
          title={t.shortcut}
          onClick={props.onRun}
        >
          {active ? null : <Play className="icon icon-sm" aria-hidden />}
          {runLabel(props)}
        </Button>
        <Menu
          label={t.moreRun}
          button={<ChevronDown className="icon" aria-hidden />}
          buttonClass="btn btn-lg pg-more"
          opensUp
          entries={entriesOf(props)}
        />
      </div>
      {mode === "test" ? <p className="hint">{t.testModeNow}</p> : null}
    </section>
  );
}

function Cost({ estimate, balance, mode }: RunBarProps) {
  if (mode === "test" || estimate.maxCredits === 0) {
    return <span className="hint">{t.noCost}</span>;
  }
  return (
    <span className="pg-cost tabular">
      <Credits>{costWords(estimate)}</Credits>
      {balance === null ? null : <span className="hint">{t.balance(t.credits(balance))}</span>}
    </span>
  );
}

function costWords(estimate: Estimate): string {
  const { credits, maxCredits } = estimate;
  if (maxCredits <= credits) {
    return t.credits(credits);
  }
  return credits === 0 ? t.upTo(t.credits(maxCredits)) : t.creditsFrom(credits, maxCredits);
}

function runLabel({ active, hasRun, estimate, mode }: RunBarProps): string {
  const verb = active ? t.runAnother : hasRun ? t.runAgain : t.run;
  const isFree = mode === "test" || estimate.maxCredits === 0;
  return isFree ? verb : `${verb} · ${costWords(estimate)}`;
}

function StopButton(props: { run: SessionRun; now: number; onStop: (run: SessionRun) => void }) {
  const { run, now, onStop } = props;
  const isQueued = run.view.status === "QUEUED";
  const begun = Date.parse(run.view.startedAt ?? "") || run.at;
  return (
    <Button
      size="lg"
      variant="danger"
      className="tabular"
      isBusy={run.isStopping}
      onClick={() => onStop(run)}
    >
      <Square className="icon icon-sm" aria-hidden />
      {t.stop}
      <span aria-hidden>{isQueued ? t.queued : clock((now - begun) / 1000)}</span>
    </Button>
  );
}

function entriesOf(props: RunBarProps): MenuEntry[] {
  const many: MenuEntry = {
    key: "many",
    label: t.runTimes(MANY),
    icon: <Copy className="icon icon-sm" aria-hidden />,
    onChoose: props.onRunMany,
  };
  return [
    ...(props.canVary ? [many] : []),
    {
      key: "dry",
      label: t.dryRun,
      icon: <Receipt className="icon icon-sm" aria-hidden />,
      onChoose: props.onDryRun,
    },
    {
      key: "test",
      label: props.mode === "test" ? `${t.testMode}: off` : `${t.testMode}: on`,
      icon: <FlaskConical className="icon icon-sm" aria-hidden />,
      onChoose: () => props.onMode(props.mode === "test" ? "live" : "test"),
    },
  ];
}
