/** What can be done with a run that is there: stop, retry, look, share, rate. */

import type { Inputs } from "../contract";
import { t } from "../messages";
import { problemFrom, type StudioApi } from "./api";
import type { Feedback } from "./feedback";
import type { RunStore, SessionRun } from "./runStore";

interface Hooks {
  refuse: (error: unknown) => void;
  setRefusal: (refusal: null) => void;
  setSelected: (id: string) => void;
  setSharing: (id: string | null) => void;
  /** Runs that wait for their turn; stopping one drops them. */
  pending: { current: Inputs[] };
}

export function resultActions(api: StudioApi, store: RunStore, feedback: Feedback, hooks: Hooks) {
  const { refuse, setRefusal, setSelected, setSharing, pending } = hooks;
  const complain = (error: unknown) => feedback.toast(problemFrom(error).detail, { tone: "err" });
  return {
    stop: async (run: SessionRun) => {
      store.patch(run.id, { isStopping: true });
      pending.current = [];
      try {
        await api.cancel(run.id);
      } catch (error) {
        store.patch(run.id, { isStopping: false });
        complain(error);
      }
    },
    retry: async (run: SessionRun) => {
      setRefusal(null);
      try {
        const accepted = await api.retry(run.id);
        const estimated = accepted.estimatedCredits ?? 0;
        store.begin(accepted.executionId, run.inputs, run.mode, Date.now(), estimated);
        setSelected(accepted.executionId);
      } catch (error) {
        refuse(error);
      }
    },
    show: (run: SessionRun) => {
      setRefusal(null);
      setSelected(run.id);
      void store.complete(run.id);
    },
    share: async (run: SessionRun) => {
      setSharing(run.id);
      if (run.shareUrl !== null) {
        return;
      }
      try {
        store.patch(run.id, { shareUrl: (await api.share(run.id)).url });
      } catch (error) {
        setSharing(null);
        complain(error);
      }
    },
    unshare: async (run: SessionRun) => {
      setSharing(null);
      try {
        await api.unshare(run.id);
        store.patch(run.id, { shareUrl: null });
        feedback.toast(t.sharingStopped, { tone: "info" });
      } catch (error) {
        complain(error);
      }
    },
    rate: async (run: SessionRun, isGood: boolean | null) => {
      store.patch(run.id, { rating: isGood });
      try {
        await api.rate(run.id, isGood);
        feedback.announce(t.rated);
      } catch (error) {
        store.patch(run.id, { rating: run.rating });
        complain(error);
      }
    },
  };
}
