import { CircleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Inputs } from "../contract";
import { readJson } from "../fields/JsonField";
import { t } from "../messages";
import { inputsToSend, isObject, isSame } from "../values";

interface InputsJsonProps {
  values: Inputs;
  onChange: (values: Inputs) => void;
  block: (key: string, message: string | null) => void;
}

const KEY = "json";

/** All inputs as one JSON object: the form's other face. */
export function InputsJson({ values, onChange, block }: InputsJsonProps) {
  const [draft, setDraft] = useState(() => JSON.stringify(inputsToSend(values), null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  const given = useRef(values);
  useEffect(() => {
    if (!isSame(inputsToSend(given.current), inputsToSend(values))) {
      given.current = values;
      setDraft(JSON.stringify(inputsToSend(values), null, 2));
      setProblem(null);
    }
  }, [values]);
  useEffect(() => () => block(KEY, null), [block]);
  const change = (text: string) => {
    setDraft(text);
    const read = readJson(text);
    const message =
      "problem" in read
        ? t.jsonInvalid(read.problem)
        : isObject(read.value)
          ? null
          : t.jsonNotObject;
    setProblem(message);
    block(KEY, message);
    if (message === null && "value" in read) {
      given.current = read.value as Inputs;
      onChange(read.value as Inputs);
    }
  };
  return (
    <div className="field">
      <label className="label" htmlFor="pg-json">
        {t.inputsAsJson}
      </label>
      <textarea
        id="pg-json"
        className="input font-mono pg-code pg-code-tall"
        spellCheck={false}
        value={draft}
        aria-invalid={problem !== null}
        aria-describedby="pg-json-help pg-json-problem"
        onChange={(event) => change(event.target.value)}
      />
      <p className="hint" id="pg-json-help">
        {t.jsonHelp}
      </p>
      <div id="pg-json-problem" role="status">
        {problem ? (
          <p className="error">
            <CircleAlert className="icon icon-sm" aria-hidden />
            {problem}
          </p>
        ) : null}
      </div>
    </div>
  );
}
