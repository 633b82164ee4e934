/** What the next run would cost, asked again a moment after the inputs changed. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Boot, Estimate, Inputs, Mode } from "../contract";
import { canonical, inputsToSend } from "../values";
import type { StudioApi } from "./api";

const PAUSE_MS = 600;

export interface Costs {
  estimate: Estimate;
  balance: number | null;
  /** Ask now; gives what was answered, or throws an `ApiError`. */
  ask: (mode?: Mode) => Promise<Estimate>;
  setBalance: (balance: number) => void;
}

export function useEstimate(
  boot: Boot,
  api: StudioApi,
  values: Inputs,
  mode: Mode,
  isValid: boolean,
): Costs {
  const [estimate, setEstimate] = useState(boot.estimate);
  const [balance, setBalance] = useState(boot.balance);
  const asked = useRef(canonical(inputsToSend(values)));
  const newest = useRef(0);

  const ask = useCallback(
    async (asMode: Mode = mode) => {
      const turn = ++newest.current;
      const found = await api.estimate(inputsToSend(values), asMode);
      if (turn === newest.current) {
        setEstimate(found);
        if (typeof found.balance === "number") {
          setBalance(found.balance);
        }
      }
      return found;
    },
    [api, values, mode],
  );

  const isPaid = boot.estimate.maxCredits > 0 || boot.estimate.credits > 0;
  const canAsk = boot.user !== null && boot.workspace !== null && isPaid && isValid;
  useEffect(() => {
    const now = `${mode}${canonical(inputsToSend(values))}`;
    if (!canAsk || asked.current === now) {
      return;
    }
    const timer = window.setTimeout(() => {
      asked.current = now;
      ask().catch(() => {
        // The last figure stays; a run that costs too much is refused with the right one.
      });
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [values, mode, canAsk, ask]);
  return { estimate, balance, ask, setBalance };
}
