import type { Json, MediaValue } from "../contract";
import { t } from "../messages";
import { isMediaValue } from "../values";
import { AudioOutput } from "./AudioOutput";
import type { OutputTools } from "./context";
import { ImageOutput } from "./ImageOutput";
import { JsonOutput } from "./JsonOutput";
import { ListOutput } from "./ListOutput";
import { ModelOutput } from "./ModelOutput";
import { TextOutput } from "./TextOutput";
import { VideoOutput } from "./VideoOutput";

export interface OutputProps {
  name: string;
  title: string;
  value: Json;
  tools: OutputTools;
}

export interface MediaOutputProps extends Omit<OutputProps, "value"> {
  value: MediaValue;
}

/** An output in the way that suits what it is. */
export function OutputValue(props: OutputProps) {
  const { value } = props;
  if (value === null || value === undefined) {
    return <p className="muted">{t.nothing}</p>;
  }
  if (Array.isArray(value)) {
    return <ListOutput {...props} value={value} />;
  }
  if (isMediaValue(value)) {
    const media = { ...props, value };
    switch (value.kind) {
      case "video":
        return <VideoOutput {...media} />;
      case "audio":
        return <AudioOutput {...media} />;
      case "model3d":
        return <ModelOutput {...media} />;
      default:
        return <ImageOutput {...media} />;
    }
  }
  return typeof value === "object" ? (
    <JsonOutput title={props.title} value={value} />
  ) : (
    <TextOutput title={props.title} text={String(value)} />
  );
}
