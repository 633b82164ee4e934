import type { Json, OutputsSchema } from "../contract";
import { t } from "../messages";
import type { OutputTools } from "../outputs/context";
import { OutputValue } from "../outputs/OutputValue";

interface OutputsProps {
  schema: OutputsSchema;
  outputs: Record<string, Json>;
  tools: OutputTools;
}

/** All outputs, in the order of the schema, each under its title where there are several. */
export function Outputs({ schema, outputs, tools }: OutputsProps) {
  const declared = Object.keys(schema.properties ?? {});
  const names = [
    ...declared.filter((name) => name in outputs),
    ...Object.keys(outputs).filter((name) => !declared.includes(name)),
  ];
  if (names.length === 0) {
    return <p className="muted">{t.noOutputs}</p>;
  }
  return (
    <div className="pg-outs">
      {names.map((name) => {
        const title = schema.properties?.[name]?.title || name;
        return (
          <section key={name} aria-label={title}>
            {names.length > 1 ? <h3 className="pg-out-title">{title}</h3> : null}
            <OutputValue name={name} title={title} value={outputs[name] ?? null} tools={tools} />
          </section>
        );
      })}
    </div>
  );
}
