import { FileAudio, FileBox, FileVideo, ImageUp, Link2 } from "lucide-react";
import { type ClipboardEvent, type DragEvent, useEffect, useRef, useState } from "react";
import { Button } from "../../ui/Button";
import type { Json } from "../contract";
import { t } from "../messages";
import { useFormTools } from "../state/formTools";
import { ACCEPT, type Arrival } from "../state/uploads";
import { mediaKey } from "../values";
import type { ControlProps } from "./control";
import { ExampleChoices } from "./ExampleChoices";
import { MediaPreview } from "./MediaPreview";
import { UrlEntry } from "./UrlEntry";

const ICONS = {
  image: ImageUp,
  mask: ImageUp,
  video: FileVideo,
  audio: FileAudio,
  model3d: FileBox,
};
const PROMPTS: Record<string, string> = {
  image: t.dropImage,
  mask: t.dropMask,
  video: t.dropVideo,
  audio: t.dropAudio,
  model3d: t.dropFile,
};

/** A file: dropped, pasted, chosen, from a link, or one of the examples'. */
export function MediaField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid, takesPaste } = props;
  const tools = useFormTools();
  const { take, arriving, problem, abort, setProblem } = useArrival(props);
  const [isOver, setOver] = useState(false);
  const [wantsUrl, setWantsUrl] = useState(false);
  const Icon = ICONS[field.kind as keyof typeof ICONS] ?? FileBox;

  useEffect(() => {
    if (!takesPaste) {
      return;
    }
    const paste = (event: Event) => {
      const target = event.target as HTMLElement | null;
      if (!target?.closest?.("input:not([type=file]), textarea, dialog")) {
        takeFirst((event as unknown as ClipboardEvent).clipboardData, take, event);
      }
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [takesPaste, take]);

  const drop = (event: DragEvent) => {
    setOver(false);
    takeFirst(event.dataTransfer, take, event);
  };
  const choose = (next: Json | undefined) => {
    setWantsUrl(false);
    setProblem(null);
    onChange(next);
  };
  const dragging = {
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: drop,
  };
  const chooser = (
    <input
      id={id}
      type="file"
      accept={ACCEPT[field.kind]}
      aria-labelledby={`${id}-label ${id}-prompt`}
      aria-describedby={describedBy}
      aria-invalid={isInvalid}
      onChange={(event) => {
        const file = event.target.files?.[0];
        event.target.value = "";
        if (file) {
          take(file);
        }
      }}
    />
  );

  if (arriving) {
    return (
      <div className="dropzone" role="status">
        <span>{t.uploading(arriving.name, Math.round(arriving.part * 100))}</span>
        <progress className="progress" max={1} value={arriving.part} aria-label={field.title} />
        <Button size="sm" onClick={abort}>
          {t.cancel}
        </Button>
      </div>
    );
  }
  if (mediaKey(value) !== null) {
    return (
      <div className="pg-media" data-over={isOver || undefined} {...dragging}>
        <MediaPreview kind={field.kind} value={value as Json} title={field.title} />
        <div className="pg-media-actions">
          <span className="btn btn-sm pg-file-button">
            <span id={`${id}-prompt`}>{t.replace}</span>
            {chooser}
          </span>
          <Button size="sm" variant="ghost" onClick={() => choose(undefined)}>
            {t.remove}
          </Button>
        </div>
        <Problem message={problem} />
      </div>
    );
  }
  return (
    <>
      <div className="dropzone" data-over={isOver || undefined} {...dragging}>
        <Icon className="icon icon-lg" aria-hidden />
        <span id={`${id}-prompt`}>{PROMPTS[field.kind] ?? t.dropFile}</span>
        {chooser}
      </div>
      {wantsUrl ? (
        <UrlEntry id={id} onCancel={() => setWantsUrl(false)} onChoose={(url) => choose({ url })} />
      ) : (
        <div className="cluster">
          <Button size="sm" variant="ghost" onClick={() => setWantsUrl(true)}>
            <Link2 className="icon icon-sm" aria-hidden />
            {t.useUrl}
          </Button>
          <ExampleChoices refs={tools.examplesOf(field.name)} onChoose={choose} />
        </div>
      )}
      <Problem message={problem} />
    </>
  );
}

function Problem({ message }: { message: string | null }) {
  return message ? (
    <p className="error" role="alert">
      {message}
    </p>
  ) : null;
}

/** One file on its way: how far it is, what went wrong, how to stop it. */
function useArrival({ field, onChange, blockKey }: ControlProps) {
  const { receive, addPreview, block } = useFormTools();
  const [arriving, setArriving] = useState<{ name: string; part: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const current = useRef<Arrival | null>(null);
  useEffect(() => () => current.current?.abort(), []);

  const take = (file: File) => {
    current.current?.abort();
    setProblem(null);
    setArriving({ name: file.name, part: 0 });
    block(blockKey, t.isUploading(field.title));
    const arrival = receive(file, field.kind, (part) => setArriving({ name: file.name, part }));
    current.current = arrival;
    const end = () => {
      if (current.current === arrival) {
        current.current = null;
        setArriving(null);
        block(blockKey, null);
      }
    };
    arrival.done.then(
      ({ value, preview }) => {
        if (current.current === arrival) {
          addPreview(value, preview);
          onChange(value);
        }
        end();
      },
      (error: unknown) => {
        if (!(error instanceof DOMException)) {
          setProblem(error instanceof Error ? error.message : t.networkFailed);
        }
        end();
      },
    );
  };
  return { take, arriving, problem, setProblem, abort: () => current.current?.abort() };
}

function takeFirst(
  data: DataTransfer | null,
  take: (file: File) => void,
  event: { preventDefault(): void },
): void {
  const file = data?.files?.[0];
  if (file) {
    event.preventDefault();
    take(file);
  }
}
