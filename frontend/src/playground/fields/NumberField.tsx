import { useEffect, useState } from "react";
import type { Json } from "../contract";
import { type Field, stepOf } from "../fields";
import type { ControlProps } from "./control";

/** A number as text, so that what is half typed stays as typed. */
export function NumberField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid } = props;
  const [draft, setDraft] = useState(shown(value));
  useEffect(() => {
    setDraft((old) => (parse(old) === value ? old : shown(value)));
  }, [value]);
  const step = (by: number) => {
    if (typeof value === "number" || value === undefined) {
      onChange(stepped(field, value, by));
    }
  };
  return (
    <input
      id={id}
      className="input tabular"
      type="text"
      inputMode={field.kind === "integer" ? "numeric" : "decimal"}
      autoComplete="off"
      value={draft}
      aria-required={field.isRequired}
      aria-invalid={isInvalid}
      aria-describedby={describedBy}
      onChange={(event) => {
        setDraft(event.target.value);
        onChange(parse(event.target.value));
      }}
      onKeyDown={(event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (by !== undefined) {
          event.preventDefault();
          step(by);
        }
      }}
    />
  );
}

function shown(value: Json | undefined): string {
  return value === undefined || value === null ? "" : String(value);
}

/** What was typed as a number; as it is where it is none, for the check to say so. */
function parse(text: string): Json | undefined {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") {
    return undefined;
  }
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : text;
}

function stepped(field: Field, value: number | undefined, by: number): number {
  const step = stepOf(field);
  const next = (value ?? field.minimum ?? 0) + by * step;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const low = Math.max(next, field.minimum ?? next);
  return Number(Math.min(low, field.maximum ?? low).toFixed(digits));
}
