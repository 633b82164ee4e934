import { ChevronRight } from "lucide-react";
import type { FieldIssue } from "../checks";
import type { Inputs, Json } from "../contract";
import { type Field, groupFields } from "../fields";
import { FieldRow } from "../fields/FieldRow";
import { t } from "../messages";

interface InputFieldsProps {
  fields: readonly Field[];
  values: Inputs;
  issues: readonly FieldIssue[];
  onChange: (name: string, value: Json | undefined) => void;
}

/** The fields of the form; those that may stay as they are wait behind "Advanced". */
export function InputFields({ fields, values, issues, onChange }: InputFieldsProps) {
  if (fields.length === 0) {
    return <p className="muted">{t.noInputs}</p>;
  }
  const { main, advanced } = groupFields(fields);
  const paste = fields.find((field) => field.kind === "image");
  const row = (field: Field) => (
    <FieldRow
      key={field.name}
      field={field}
      value={values[field.name]}
      error={issues.find((issue) => issue.name === field.name)?.message ?? null}
      takesPaste={field === paste}
      onChange={onChange}
    />
  );
  const hasProblem = advanced.some((field) => issues.some((issue) => issue.name === field.name));
  return (
    <div className="pg-fields">
      {main.map(row)}
      {advanced.length > 0 ? (
        <details className="pg-advanced" open={hasProblem || undefined}>
          <summary>
            <ChevronRight className="icon icon-sm" aria-hidden />
            {t.advanced(advanced.length)}
          </summary>
          <div className="pg-fields">{advanced.map(row)}</div>
        </details>
      ) : null}
    </div>
  );
}
