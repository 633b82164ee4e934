import { useEffect, useRef, useState } from "react";
import type { Json } from "../contract";
import { t } from "../messages";
import { useFormTools } from "../state/formTools";
import { isSame } from "../values";
import type { ControlProps } from "./control";

/** Any JSON, checked while it is typed; what is not valid yet is not run. */
export function JsonField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid, blockKey } = props;
  const { block } = useFormTools();
  const [draft, setDraft] = useState(shown(value));
  const [problem, setProblem] = useState<string | null>(null);
  const given = useRef(value);
  useEffect(() => {
    if (!isSame(given.current, value)) {
      given.current = value;
      setDraft(shown(value));
      setProblem(null);
      block(blockKey, null);
    }
  }, [value, block, blockKey]);
  const change = (text: string) => {
    setDraft(text);
    const read = readJson(text);
    const message = "problem" in read ? t.jsonInvalid(read.problem) : null;
    setProblem(message);
    block(blockKey, message);
    if ("value" in read) {
      given.current = read.value;
      onChange(read.value);
    }
  };
  return (
    <>
      <textarea
        id={id}
        className="input font-mono pg-code"
        rows={4}
        spellCheck={false}
        value={draft}
        aria-required={field.isRequired}
        aria-invalid={isInvalid || problem !== null}
        aria-describedby={[describedBy, `${id}-json`].filter(Boolean).join(" ")}
        onChange={(event) => change(event.target.value)}
        onBlur={() => problem === null && setDraft(shown(value))}
      />
      <span className="hint" id={`${id}-json`} role="status">
        {problem ?? ""}
      </span>
    </>
  );
}

function shown(value: Json | undefined): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

export function readJson(text: string): { value: Json | undefined } | { problem: string } {
  if (text.trim() === "") {
    return { value: undefined };
  }
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "" };
  }
}
