import { useState } from "react";
import { Button } from "../../ui/Button";
import type { Json } from "../contract";
import { t } from "../messages";
import { isMediaValue } from "../values";
import { JsonOutput } from "./JsonOutput";
import type { OutputProps } from "./OutputValue";
import { OutputValue } from "./OutputValue";

const SHOWN = 12;

/** Several values: files side by side, texts one under the other, the rest as JSON. */
export function ListOutput({
  name,
  title,
  value,
  tools,
}: Omit<OutputProps, "value"> & { value: Json[] }) {
  const [isWhole, setWhole] = useState(false);
  const isMedia = value.some(isMediaValue);
  if (!isMedia && value.some((item) => typeof item !== "string")) {
    return <JsonOutput title={title} value={value} />;
  }
  if (value.length === 0) {
    return <p className="muted">{t.nothing}</p>;
  }
  const shown = isWhole ? value : value.slice(0, SHOWN);
  return (
    <div>
      <ol className={isMedia ? "pg-grid" : "stack"}>
        {shown.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: elements of a result have no other name
          <li key={index}>
            <OutputValue
              name={`${name}-${index + 1}`}
              title={`${title} ${index + 1}`}
              value={item}
              tools={{ ...tools, before: null }}
            />
          </li>
        ))}
      </ol>
      {shown.length < value.length ? (
        <Button size="sm" variant="ghost" onClick={() => setWhole(true)}>
          {t.expand} ({value.length})
        </Button>
      ) : null}
    </div>
  );
}
