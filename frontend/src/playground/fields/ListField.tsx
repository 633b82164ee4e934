import { Plus, X } from "lucide-react";
import { type ChangeEvent, useRef, useState } from "react";
import { Button } from "../../ui/Button";
import { IconButton } from "../../ui/IconButton";
import type { Json } from "../contract";
import { isMediaKind } from "../fields";
import { t } from "../messages";
import { useFormTools } from "../state/formTools";
import { ACCEPT } from "../state/uploads";
import type { ControlProps } from "./control";
import { FieldControl } from "./FieldControl";

/** Values of one kind, one under the other. */
export function ListField(props: ControlProps) {
  const { field, id, onChange, blockKey } = props;
  const value = Array.isArray(props.value) ? props.value : [];
  const keys = useRef<number[]>([]);
  const item = field.item;
  if (!item) {
    return null;
  }
  while (keys.current.length < value.length) {
    keys.current.push((keys.current.at(-1) ?? 0) + 1);
  }
  keys.current.length = value.length;
  const set = (index: number, next: Json | undefined) =>
    onChange(value.map((old, at) => (at === index ? (next ?? null) : old)));
  const drop = (index: number) => {
    keys.current.splice(index, 1);
    onChange(value.filter((_, at) => at !== index));
  };
  const isFull = field.maxItems !== undefined && value.length >= field.maxItems;
  return (
    <div className={`pg-list ${isMediaKind(item.kind) ? "pg-list-media" : ""}`}>
      {value.map((each, index) => (
        <div className="pg-list-item" key={keys.current[index]}>
          <div className="field">
            <label className="sr-only" htmlFor={`${id}-${index}`} id={`${id}-${index}-label`}>
              {t.item(index)}
            </label>
            <FieldControl
              field={{ ...item, title: t.item(index) }}
              id={`${id}-${index}`}
              value={each ?? undefined}
              onChange={(next) => set(index, next)}
              describedBy={undefined}
              isInvalid={false}
              blockKey={`${blockKey}/${keys.current[index]}`}
            />
          </div>
          <IconButton label={t.removeItem(index)} tipAt="end" onClick={() => drop(index)}>
            <X className="icon" aria-hidden />
          </IconButton>
        </div>
      ))}
      {isMediaKind(item.kind) ? (
        <AddFiles {...props} isFull={isFull} add={(added) => onChange([...value, ...added])} />
      ) : (
        <Button
          size="sm"
          id={value.length === 0 ? id : undefined}
          disabled={isFull}
          onClick={() => onChange([...value, blank(item.kind)])}
        >
          <Plus className="icon icon-sm" aria-hidden />
          {t.addItem}
        </Button>
      )}
    </div>
  );
}

interface AddFilesProps extends ControlProps {
  isFull: boolean;
  add: (values: Json[]) => void;
}

/** Several files at once, each of which becomes an element. */
function AddFiles({ field, id, isFull, add, blockKey }: AddFilesProps) {
  const { receive, addPreview, block } = useFormTools();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const kind = field.item?.kind ?? "image";
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.target.files ?? [])];
    event.target.value = "";
    setBusy(true);
    setProblem(null);
    block(blockKey, t.isUploading(field.title));
    const arrivals = await Promise.allSettled(
      files.map((file) => receive(file, kind, () => {}).done),
    );
    const values: Json[] = [];
    for (const arrival of arrivals) {
      if (arrival.status === "fulfilled") {
        addPreview(arrival.value.value, arrival.value.preview);
        values.push(arrival.value.value);
      } else {
        setProblem(arrival.reason instanceof Error ? arrival.reason.message : t.networkFailed);
      }
    }
    block(blockKey, null);
    setBusy(false);
    add(values);
  };
  return (
    <>
      <label className="dropzone pg-drop-small" htmlFor={id}>
        <Plus className="icon icon-sm" aria-hidden />
        <span>{isBusy ? t.isUploading(field.title) : t.chooseFiles}</span>
        <input
          id={id}
          type="file"
          multiple
          accept={ACCEPT[kind]}
          disabled={isFull}
          onChange={take}
        />
      </label>
      {problem ? (
        <p className="error" role="alert">
          {problem}
        </p>
      ) : null}
    </>
  );
}

function blank(kind: string): Json {
  const blanks: Record<string, Json> = { text: "", number: 0, integer: 0, boolean: false };
  return kind in blanks ? (blanks[kind] ?? null) : null;
}
