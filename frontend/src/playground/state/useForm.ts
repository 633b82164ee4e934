/** The values of the form, what is wrong with them, and what is known of their files. */

import { useCallback, useMemo, useState } from "react";
import { checkInputs, type FieldIssue } from "../checks";
import type { Boot, Inputs, Json, MediaValue } from "../contract";
import { drawSeed, type Field, initialValues, isSeed } from "../fields";
import { inputsToSend, isSame, mediaKey, previewsIn, previewsOfExamples } from "../values";

export interface Form {
  values: Inputs;
  previews: Readonly<Record<string, MediaValue>>;
  /** Found before sending; shown from the first try to run on. */
  issues: readonly FieldIssue[];
  shownIssues: readonly FieldIssue[];
  blocks: readonly string[];
  isChanged: boolean;
  set: (name: string, value: Json | undefined) => void;
  replace: (values: Inputs) => void;
  reset: () => void;
  showIssues: (fromServer?: readonly FieldIssue[]) => void;
  block: (key: string, message: string | null) => void;
  addPreview: (value: Json, preview: MediaValue) => void;
}

export function useForm(boot: Boot, fields: readonly Field[], start: Inputs | null): Form {
  const first = useMemo(() => firstValues(boot, fields), [boot, fields]);
  const [values, setValues] = useState<Inputs>(() =>
    start === null ? first : tidy(fields, start),
  );
  const [previews, setPreviews] = useState(() => knownPreviews(boot, start));
  const [isShowing, setShowing] = useState(false);
  const [fromServer, setFromServer] = useState<readonly FieldIssue[]>([]);
  const [blocked, setBlocked] = useState<Record<string, string>>({});

  const issues = useMemo(() => checkInputs(fields, values), [fields, values]);
  const set = useCallback((name: string, value: Json | undefined) => {
    setValues((old) => withValue(old, name, value));
    setFromServer((old) => old.filter((issue) => issue.name !== name));
  }, []);
  const replace = useCallback(
    (next: Inputs) => {
      setPreviews((old) => ({ ...old, ...previewsIn(next) }));
      setValues(tidy(fields, next));
      setFromServer([]);
      setBlocked({});
    },
    [fields],
  );
  const reset = useCallback(() => {
    setValues(first);
    setShowing(false);
    setFromServer([]);
    setBlocked({});
  }, [first]);
  const showIssues = useCallback((found: readonly FieldIssue[] = []) => {
    setShowing(true);
    setFromServer(found);
  }, []);
  const block = useCallback((key: string, message: string | null) => {
    setBlocked((old) => {
      const { [key]: _, ...rest } = old;
      return message === null ? rest : { ...rest, [key]: message };
    });
  }, []);
  const addPreview = useCallback((value: Json, preview: MediaValue) => {
    const key = mediaKey(value);
    if (key !== null) {
      setPreviews((old) => ({ ...old, [key]: preview }));
    }
  }, []);
  const own = isShowing ? issues : [];
  const shown = [
    ...own,
    ...fromServer.filter((one) => !own.some((other) => other.name === one.name)),
  ];
  return {
    values,
    previews,
    issues,
    shownIssues: shown,
    blocks: [...new Set(Object.values(blocked))],
    isChanged: !isSame(inputsToSend(values), inputsToSend(first)),
    set,
    replace,
    reset,
    showIssues,
    block,
    addPreview,
  };
}

/** The first example's inputs over the defaults: the page is never empty. */
function firstValues(boot: Boot, fields: readonly Field[]): Inputs {
  return tidy(fields, boot.examples[0]?.inputs ?? {});
}

function tidy(fields: readonly Field[], given: Inputs): Inputs {
  const values = inputsToSend({ ...initialValues(fields, given), ...given });
  for (const field of fields) {
    const isBare = values[field.name] === undefined;
    if (isBare && field.isRequired && isSeed(field)) {
      values[field.name] = drawSeed(field);
    } else if (isBare && field.isRequired && field.kind === "boolean") {
      values[field.name] = false; // a switch that nobody touched is off
    } else if (isBare && field.isRequired && field.choices[0] !== undefined) {
      values[field.name] = field.choices[0];
    } else if (isBare && field.isRequired && field.widget === "slider") {
      values[field.name] = field.minimum ?? 0;
    }
  }
  return values;
}

function withValue(values: Inputs, name: string, value: Json | undefined): Inputs {
  if (value === undefined) {
    const { [name]: _, ...rest } = values;
    return rest;
  }
  return { ...values, [name]: value };
}

function knownPreviews(boot: Boot, start: Inputs | null): Record<string, MediaValue> {
  return {
    ...previewsOfExamples(boot.examples),
    ...previewsIn(boot.prefill?.inputs ?? {}),
    ...previewsIn(start ?? {}),
  };
}
