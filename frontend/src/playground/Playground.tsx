import { useEffect, useMemo, useRef, useState } from "react";
import { Segmented } from "../ui/Segmented";
import { Announcer } from "./Announcer";
import type { Boot } from "./contract";
import { CostDialog } from "./dialogs/CostDialog";
import { ShareDialog } from "./dialogs/ShareDialog";
import { SignUpDialog } from "./dialogs/SignUpDialog";
import { fieldId } from "./fields/FieldRow";
import { t } from "./messages";
import type { OutputTools } from "./outputs/context";
import { ApiDrawer } from "./panels/ApiDrawer";
import { ErrorSummary } from "./panels/ErrorSummary";
import { HistoryStrip } from "./panels/HistoryStrip";
import { InputFields } from "./panels/InputFields";
import { InputsJson } from "./panels/InputsJson";
import { OutputPanel } from "./panels/OutputPanel";
import { RefusalCard } from "./panels/RefusalCard";
import { RunBar } from "./panels/RunBar";
import { Toolbar } from "./panels/Toolbar";
import { isFinal } from "./run/runView";
import { copyLink, inWorkspace, nextAddress, withNext } from "./state/addresses";
import { StudioApi } from "./state/api";
import { FeedbackContext, useNewFeedback } from "./state/feedback";
import { FormToolsContext } from "./state/formTools";
import { forget, keep, recall } from "./state/keeping";
import { assetUrl, beforeOf, exampleIndex, formToolsOf, typicalSeconds, walk } from "./state/shown";
import { receiver } from "./state/uploads";
import { useNow } from "./state/useNow";
import { type Playground as State, subjectOf, usePlayground } from "./state/usePlayground";
import { useShortcuts } from "./state/useShortcuts";
import { addressWith } from "./urlCodec";

const ADDRESS_PAUSE_MS = 400;

/** The playground of a template or workflow. */
export function Playground({ boot, api: given }: { boot: Boot; api?: StudioApi }) {
  const api = useMemo(() => given ?? new StudioApi(boot), [boot, given]);
  const feedback = useNewFeedback();
  const state = usePlayground(boot, api, feedback);
  const { form, fields, runs, current, actions } = state;
  const [view, setView] = useState<"form" | "json">("form");
  const [isApiOpen, setApiOpen] = useState(false);
  const runButton = useRef<HTMLButtonElement>(null);
  const summary = useRef<HTMLDivElement>(null);
  const now = useNow(runs.some((run) => !isFinal(run.view.status)));

  useKeptInputs(boot, state);
  useEffect(() => {
    if (state.focusIssues > 0) {
      summary.current?.focus();
    }
  }, [state.focusIssues]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when somebody comes back
  useEffect(() => {
    if (state.wantsToRun) {
      keep(window.sessionStorage, subjectOf(boot), { values: form.values, wantsToRun: false });
      feedback.toast(t.restored, { tone: "info" });
      runButton.current?.focus();
    }
  }, []);
  useShortcuts({
    run: () => void actions.run(),
    walk: (by) => walk(state, boot, by),
  });

  const example = current ? null : (boot.examples[exampleIndex(state.selected)] ?? null);
  const shownInputs = current?.inputs ?? example?.inputs ?? {};
  const { previews, addPreview, block } = form;
  const tools = useMemo(
    () => formToolsOf(boot, { previews, addPreview, block }, receiver(boot, api)),
    [boot, api, previews, addPreview, block],
  );
  const outputTools: OutputTools = {
    fileName: subjectOf(boot) || "pixelflow",
    before: beforeOf(state, shownInputs),
    takers: (kind) =>
      fields.filter((field) => field.kind === kind || (kind === "mask" && field.kind === "image")),
    takeAsInput: current
      ? (name, value) => {
          form.addPreview({ fileId: (value as { fileId: string }).fileId }, value as never);
          form.set(name, { fileId: (value as { fileId: string }).fileId });
          state.setSide("input");
          const title = fields.find((field) => field.name === name)?.title ?? name;
          feedback.toast(t.usedAsInput(title));
        }
      : null,
  };
  const next = nextAddress(state);
  const leave = () =>
    keep(window.sessionStorage, subjectOf(boot), { values: form.values, wantsToRun: true });
  const go = (name: string) => {
    setView("form");
    window.setTimeout(() => focusField(name), 0);
  };

  return (
    <FeedbackContext value={feedback}>
      <FormToolsContext value={tools}>
        <div className="pg" data-side={state.side}>
          <Toolbar
            boot={boot}
            view={view}
            isApiOpen={isApiOpen}
            isChanged={form.isChanged}
            onView={setView}
            onReset={form.reset}
            onCopyLink={() => void copyLink(state, feedback.toast)}
            onApi={() => setApiOpen(!isApiOpen)}
            onWorkspace={(id) => window.location.assign(inWorkspace(state, id))}
          />
          <div className="pg-sides">
            <Segmented
              label={`${t.input}, ${t.output}`}
              value={state.side}
              onChange={(next) => state.setSide(next as "input" | "output")}
              options={[
                { value: "input", label: t.input },
                { value: "output", label: t.output },
              ]}
            />
          </div>
          <div className="pg-frame">
            <section className="pg-inputs panel" aria-labelledby="pg-input-title">
              <h2 id="pg-input-title" className="pg-title">
                {t.input}
              </h2>
              <ErrorSummary ref={summary} issues={form.shownIssues} onGo={go} />
              {view === "form" ? (
                <InputFields
                  fields={fields}
                  values={form.values}
                  issues={form.shownIssues}
                  onChange={form.set}
                />
              ) : (
                <InputsJson values={form.values} onChange={form.replace} block={form.block} />
              )}
              <RunBar
                ref={runButton}
                estimate={state.costs.estimate}
                balance={state.costs.balance}
                mode={state.mode}
                onMode={state.setMode}
                isUnavailable={state.isUnavailable}
                onRunInTest={() => void actions.runInTest()}
                reasons={state.reasons}
                active={state.active}
                hasRun={current !== null}
                isStarting={state.isStarting}
                canVary={state.canVary}
                now={now}
                onRun={() => void actions.run()}
                onRunMany={() => void actions.runMany()}
                onDryRun={() => void actions.dryRun()}
                onStop={(run) => void actions.stop(run)}
              />
            </section>
            <section className="pg-outputs panel" aria-labelledby="pg-output-title">
              <h2 id="pg-output-title" className="pg-title sr-only">
                {t.output}
              </h2>
              {state.refusal ? (
                <RefusalCard
                  refusal={state.refusal}
                  billingUrl={boot.urls.billing ?? null}
                  signInUrl={withNext(boot.urls.signIn, next)}
                  onRetry={() => void actions.run()}
                  onTestMode={() => void actions.runInTest()}
                />
              ) : null}
              <OutputPanel
                boot={boot}
                run={current}
                example={example}
                tools={outputTools}
                now={now}
                typical={typicalSeconds(boot, state)}
                onRetry={(run) => void actions.retry(run)}
                onShare={(run) => void actions.share(run)}
                onTweak={(run) => {
                  actions.load(run.inputs);
                  state.setSide("input");
                  const first = fields[0];
                  if (first) {
                    go(first.name);
                  }
                }}
                onRate={(run, isGood) => void actions.rate(run, isGood)}
              />
              <HistoryStrip
                runs={runs}
                examples={boot.examples}
                selected={state.selected}
                onRun={(run) => {
                  actions.show(run);
                  actions.load(run.inputs);
                }}
                onExample={(index) => {
                  state.setSelected(`example-${index}`);
                  actions.load(boot.examples[index]?.inputs ?? {});
                }}
              />
            </section>
          </div>
          {isApiOpen ? (
            <ApiDrawer
              boot={boot}
              values={form.values}
              assetUrl={(path) => assetUrl(state, path)}
            />
          ) : null}
          {state.dialog === "signUp" ? (
            <SignUpDialog
              signUpUrl={withNext(boot.urls.signUp, next)}
              signInUrl={withNext(boot.urls.signIn, next)}
              onLeave={leave}
              onClose={() => state.setDialog(null)}
            />
          ) : null}
          {state.dialog === "cost" && state.dryRun ? (
            <CostDialog
              estimate={state.dryRun}
              balance={state.costs.balance}
              onClose={() => state.setDialog(null)}
            />
          ) : null}
          {state.sharing ? (
            <ShareDialog
              url={state.sharing.shareUrl}
              onStop={() => state.sharing && void actions.unshare(state.sharing)}
              onClose={state.closeSharing}
            />
          ) : null}
          <Announcer />
        </div>
      </FormToolsContext>
    </FeedbackContext>
  );
}

/** The form's values in the address and in the session, a moment after they changed. */
function useKeptInputs(boot: Boot, state: State): void {
  const { values, isChanged } = state.form;
  useEffect(() => {
    const timer = window.setTimeout(() => {
      const address = addressWith(window.location.href, isChanged ? values : null);
      if (address !== window.location.href && (isChanged || !boot.run)) {
        window.history.replaceState(window.history.state, "", address);
      }
      // Who is on the way to sign up wants to run, however quickly they went.
      const wantsToRun = recall(window.sessionStorage, subjectOf(boot))?.wantsToRun === true;
      if (isChanged || wantsToRun) {
        keep(window.sessionStorage, subjectOf(boot), { values, wantsToRun });
      } else {
        forget(window.sessionStorage, subjectOf(boot));
      }
    }, ADDRESS_PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [boot, values, isChanged]);
}

function focusField(name: string): void {
  const id = fieldId(name);
  const control = document.getElementById(id) ?? document.getElementById(`${id}-field`);
  control?.closest("details")?.setAttribute("open", "");
  control?.focus();
}
