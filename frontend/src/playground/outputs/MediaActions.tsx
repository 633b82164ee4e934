import { CornerUpLeft, Download } from "lucide-react";
import { Menu } from "../../ui/Menu";
import type { MediaValue } from "../contract";
import { bytes, extensionOf, seconds } from "../format";
import { t } from "../messages";
import { isShowable } from "../state/formTools";
import type { OutputTools } from "./context";

interface MediaActionsProps {
  name: string;
  value: MediaValue;
  tools: OutputTools;
}

/** Under a file: what it is, and what can be done with it. */
export function MediaActions({ name, value, tools }: MediaActionsProps) {
  const type = value.contentType ?? value.mimeType;
  const facts = [
    value.width && value.height ? `${value.width} × ${value.height}` : "",
    value.durationS ? seconds(value.durationS) : "",
    value.bytes ? bytes(value.bytes) : "",
    extensionOf(type, value.url).toUpperCase(),
  ].filter(Boolean);
  const fields = tools.takeAsInput && value.fileId ? tools.takers(value.kind) : [];
  const take = (field: string) => tools.takeAsInput?.(field, { ...value } as never);
  const [only] = fields;
  return (
    <div className="pg-media-foot">
      <span className="hint tabular">{facts.join(" · ")}</span>
      <span className="cluster">
        {fields.length === 1 && only ? (
          <button type="button" className="btn btn-ghost btn-sm" onClick={() => take(only.name)}>
            <CornerUpLeft className="icon icon-sm" aria-hidden />
            {t.takeAsInput}
          </button>
        ) : null}
        {fields.length > 1 ? (
          <Menu
            label={t.takeAsInput}
            button={t.takeAsInput}
            buttonClass="btn btn-ghost btn-sm"
            entries={fields.map((field) => ({
              key: field.name,
              label: t.asInput(field.title),
              onChoose: () => take(field.name),
            }))}
          />
        ) : null}
        <a
          className="btn btn-sm"
          href={value.url}
          download={`${tools.fileName}-${name}.${extensionOf(type, value.url)}`}
          target={isShowable(value.url) ? undefined : "_blank"}
          rel="noreferrer"
          aria-label={t.downloadName(name)}
        >
          <Download className="icon icon-sm" aria-hidden />
          {t.download}
        </a>
      </span>
    </div>
  );
}
