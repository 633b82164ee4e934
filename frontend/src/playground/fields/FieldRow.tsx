import { CircleAlert } from "lucide-react";
import type { Json } from "../contract";
import type { Field } from "../fields";
import { t } from "../messages";
import { FieldControl } from "./FieldControl";

interface FieldRowProps {
  field: Field;
  value: Json | undefined;
  error: string | null;
  takesPaste: boolean;
  onChange: (name: string, value: Json | undefined) => void;
}

const GROUPS = new Set(["segmented", "list", "media"]);

export function fieldId(name: string): string {
  return `in-${name.replace(/[^\w-]/g, "_")}`;
}

/** A field: label, control, help, and what is wrong with it. */
export function FieldRow({ field, value, error, takesPaste, onChange }: FieldRowProps) {
  const id = fieldId(field.name);
  const described = [field.help ? `${id}-help` : "", error ? `${id}-error` : ""]
    .filter(Boolean)
    .join(" ");
  const isGroup = GROUPS.has(field.widget);
  const label = (
    <>
      {field.title}
      {field.isRequired ? null : <span className="label-note">{t.optional}</span>}
    </>
  );
  const body = (
    <>
      <FieldControl
        field={field}
        id={id}
        value={value}
        onChange={(next) => onChange(field.name, next)}
        describedBy={described || undefined}
        isInvalid={error !== null}
        blockKey={field.name}
        takesPaste={takesPaste}
      />
      {field.help ? (
        <p className="hint" id={`${id}-help`}>
          {field.help}
        </p>
      ) : null}
      {error ? (
        <p className="error" id={`${id}-error`}>
          <CircleAlert className="icon icon-sm" aria-hidden />
          {error}
        </p>
      ) : null}
    </>
  );
  if (isGroup) {
    return (
      <fieldset className="field" id={`${id}-field`} tabIndex={-1}>
        <legend className="label" id={`${id}-label`}>
          {label}
        </legend>
        {body}
      </fieldset>
    );
  }
  if (field.widget === "switch") {
    return (
      <div className="field" id={`${id}-field`}>
        {body}
      </div>
    );
  }
  return (
    <div className="field" id={`${id}-field`}>
      <label className="label" htmlFor={id} id={`${id}-label`}>
        {label}
      </label>
      {body}
    </div>
  );
}
