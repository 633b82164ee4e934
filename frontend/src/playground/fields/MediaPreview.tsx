import { FileAudio, FileBox, FileVideo, Image, Link2 } from "lucide-react";
import type { Json, MediaValue } from "../contract";
import { bytes, seconds } from "../format";
import { isShowable, useFormTools } from "../state/formTools";
import { isObject, mediaKey } from "../values";

interface MediaPreviewProps {
  kind: string;
  value: Json;
  title: string;
}

const ICONS = { image: Image, mask: Image, video: FileVideo, audio: FileAudio, model3d: FileBox };

/** What was chosen: the file itself where it can be shown, else its name. */
export function MediaPreview({ kind, value, title }: MediaPreviewProps) {
  const { previews } = useFormTools();
  const preview = previews[mediaKey(value) ?? ""];
  const url = preview?.url;
  if (isShowable(url)) {
    if (kind === "video") {
      return (
        <video className="pg-media-view" src={url} controls muted playsInline aria-label={title} />
      );
    }
    if (kind === "audio") {
      // biome-ignore lint/a11y/useMediaCaption: it is what somebody just chose
      return <audio className="pg-media-sound" src={url} controls aria-label={title} />;
    }
    if (kind !== "model3d") {
      return <img className="pg-media-view" src={url} alt={title} />;
    }
  }
  const isLink = isObject(value) && typeof value.url === "string" && !value.fileId;
  const Icon = isLink ? Link2 : (ICONS[kind as keyof typeof ICONS] ?? FileBox);
  return (
    <div className="pg-media-name">
      <Icon className="icon" aria-hidden />
      <span>{nameOf(value, preview)}</span>
    </div>
  );
}

function nameOf(value: Json, preview: MediaValue | undefined): string {
  const facts = [
    preview?.width && preview.height ? `${preview.width} × ${preview.height}` : "",
    preview?.durationS ? seconds(preview.durationS) : "",
    preview?.bytes ? bytes(preview.bytes) : "",
  ].filter(Boolean);
  const name = isObject(value) ? (value.asset ?? value.url ?? value.fileId ?? "") : "";
  return [String(name).split("/").pop(), ...facts].filter(Boolean).join(" · ");
}
