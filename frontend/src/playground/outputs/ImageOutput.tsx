import { Maximize2 } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../../ui/IconButton";
import { Segmented } from "../../ui/Segmented";
import type { MediaValue } from "../contract";
import { t } from "../messages";
import { CompareSlider } from "./CompareSlider";
import { Lightbox } from "./Lightbox";
import { MediaActions } from "./MediaActions";
import type { MediaOutputProps } from "./OutputValue";

/** Pictures whose sides differ by more than this do not lie on each other. */
const SAME_SHAPE = 0.02;

/** A picture: as it is, beside what went in, or as large as the window. */
export function ImageOutput({ name, title, value, tools }: MediaOutputProps) {
  const [isLarge, setLarge] = useState(false);
  const [view, setView] = useState<"compare" | "result">("compare");
  const [shapes, setShapes] = useState<{ before?: number; after?: number }>({});
  const before = tools.before;
  const after = value.width && value.height ? value.width / value.height : shapes.after;
  const fits = isSameShape(shapes.before ?? ratio(before), after);
  const canCompare = before !== null && before.url !== value.url && fits;
  const see = (which: "before" | "after") => (shape: number) =>
    setShapes((old) => (old[which] === shape ? old : { ...old, [which]: shape }));
  return (
    <figure className="pg-output">
      {canCompare && view === "compare" ? (
        <CompareSlider
          before={before.url}
          after={value.url}
          title={title}
          ratio={after ?? 1}
          onShape={see("before")}
        />
      ) : (
        <div className="media-frame media-auto media-contain pg-checker">
          <img
            src={value.url}
            alt={title}
            width={value.width ?? undefined}
            height={value.height ?? undefined}
            onLoad={(event) => see("after")(shapeOf(event.currentTarget))}
          />
        </div>
      )}
      <div className="pg-over">
        <IconButton label={t.enlarge(title)} tipAt="end" onClick={() => setLarge(true)}>
          <Maximize2 className="icon icon-sm" aria-hidden />
        </IconButton>
      </div>
      {canCompare ? (
        <Segmented
          label={`${t.compare}: ${title}`}
          options={[
            { value: "compare", label: t.compare },
            { value: "result", label: t.result },
          ]}
          value={view}
          onChange={(next) => setView(next as "compare" | "result")}
        />
      ) : null}
      <MediaActions name={name} value={value} tools={tools} />
      {isLarge ? <Lightbox url={value.url} title={title} onClose={() => setLarge(false)} /> : null}
    </figure>
  );
}

export function shapeOf(image: HTMLImageElement): number {
  return image.naturalHeight > 0 ? image.naturalWidth / image.naturalHeight : 1;
}

function ratio(media: MediaValue | null): number | undefined {
  return media?.width && media.height ? media.width / media.height : undefined;
}

/** Unknown sides are taken to fit; once the picture is there, they are known. */
function isSameShape(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined || Math.abs(one / other - 1) <= SAME_SHAPE;
}
