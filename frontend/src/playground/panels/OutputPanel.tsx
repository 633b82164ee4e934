import { ImagePlay } from "lucide-react";
import { useState } from "react";
import { Tabs } from "../../ui/Tabs";
import { CodeView } from "../CodeView";
import type { Boot, Example } from "../contract";
import { t } from "../messages";
import type { OutputTools } from "../outputs/context";
import { isFinal, newRun } from "../run/runView";
import type { SessionRun } from "../state/runStore";
import { ConnectionBar } from "./ConnectionBar";
import { FailureCard } from "./FailureCard";
import { LogList } from "./LogList";
import { Outputs } from "./Outputs";
import { RunActions } from "./RunActions";
import { RunFacts } from "./RunFacts";
import { RunProgress } from "./RunProgress";
import { StepList } from "./StepList";

interface OutputPanelProps {
  boot: Boot;
  run: SessionRun | null;
  example: Example | null;
  tools: OutputTools;
  now: number;
  typical: number | null;
  onRetry: (run: SessionRun) => void;
  onShare: (run: SessionRun) => void;
  onTweak: (run: SessionRun) => void;
  onRate: (run: SessionRun, isGood: boolean | null) => void;
}

type Tab = "result" | "steps" | "json" | "logs";

/** What came out: the result, its steps, the answer as JSON, and what happened. */
export function OutputPanel(props: OutputPanelProps) {
  const [tab, setTab] = useState<Tab>("result");
  const { run, example } = props;
  return (
    <>
      {run ? (
        <ConnectionBar connection={isFinal(run.view.status) ? "live" : run.view.connection} />
      ) : null}
      <Tabs<Tab>
        label={t.outputTabs}
        value={tab}
        onChange={setTab}
        tabs={(["result", "steps", "json", "logs"] as const).map((key) => ({
          key,
          label: t.tabs[key],
        }))}
      >
        {tab === "result" ? <Result {...props} /> : null}
        {tab === "steps" ? (
          <StepList nodes={run ? run.view.nodes : newRun("", props.boot.nodes, 0).nodes} />
        ) : null}
        {tab === "json" ? <Answer run={run} example={example} /> : null}
        {tab === "logs" ? (
          run ? (
            <LogList view={run.view} />
          ) : (
            <p className="muted">{t.logsNone}</p>
          )
        ) : null}
      </Tabs>
    </>
  );
}

function Answer({ run, example }: Pick<OutputPanelProps, "run" | "example">) {
  const payload = run ? (run.view.payload ?? run.view.outputs) : example?.outputs;
  return payload ? (
    <CodeView label={t.jsonOfRun} code={JSON.stringify(payload, null, 2)} />
  ) : (
    <p className="muted">{t.jsonNone}</p>
  );
}

function Result(props: OutputPanelProps) {
  const { boot, run, example, tools } = props;
  if (run) {
    return <RunResult {...props} run={run} />;
  }
  if (example) {
    return (
      <div className="stack">
        <div className="pg-facts">
          <span className="cluster">
            <span className="badge badge-accent">{t.example}</span>
            {example.simulated ? (
              <span className="badge badge-warn" title={t.simulatedNote}>
                {t.simulated}
              </span>
            ) : null}
            <span>{example.title}</span>
          </span>
          <span className="hint">{t.exampleNote}</span>
        </div>
        <Outputs schema={boot.outputs} outputs={example.outputs} tools={tools} />
      </div>
    );
  }
  return (
    <div className="empty">
      <ImagePlay className="icon icon-lg" aria-hidden />
      <h3>{t.emptyTitle}</h3>
      <p>{t.emptyText}</p>
    </div>
  );
}

function RunResult(props: OutputPanelProps & { run: SessionRun }) {
  const { boot, run, tools, now, typical } = props;
  const isOver = isFinal(run.view.status);
  const hasOutputs = Object.keys(run.view.outputs).length > 0;
  return (
    <div className="stack">
      {isOver ? (
        <RunFacts run={run} />
      ) : (
        <RunProgress view={run.view} now={now} typical={typical} />
      )}
      {isOver && run.view.status !== "COMPLETED" ? (
        <FailureCard run={run} onRetry={() => props.onRetry(run)} />
      ) : null}
      {hasOutputs || run.view.status === "COMPLETED" ? (
        <Outputs schema={boot.outputs} outputs={run.view.outputs} tools={tools} />
      ) : null}
      {run.view.status === "COMPLETED" ? (
        <RunActions
          run={run}
          onShare={() => props.onShare(run)}
          onTweak={() => props.onTweak(run)}
          onRate={(isGood) => props.onRate(run, isGood)}
        />
      ) : null}
    </div>
  );
}
