import { CodeView } from "../CodeView";
import type { Json } from "../contract";

/** Any JSON. */
export function JsonOutput({ title, value }: { title: string; value: Json }) {
  return <CodeView label={title} code={JSON.stringify(value, null, 2)} />;
}
